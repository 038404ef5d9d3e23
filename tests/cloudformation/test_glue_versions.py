"""The Glue versions that the template allows are the ones that are tested, and what is tested is what they are."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement

from local_aws.glue.versions import GLUE_VERSIONS, GlueVersion

from .conftest import ROOT, of_type

MAKEFILE = (ROOT / "Makefile").read_text()

SET_UP = {"5.1": (".venv", "setup", "test"), "6.0": ("$(CACHE)/glue-6.0", "setup-glue6", "test-glue6")}
"""The folder of each version's Python packages, and the targets of make that make and test it."""

each_version = pytest.mark.parametrize("version", GLUE_VERSIONS.values(), ids=GLUE_VERSIONS)


def test_the_template_allows_what_is_tested_and_nothing_else(template: dict[str, Any]) -> None:
    parameter = template["Parameters"]["GlueVersion"]
    assert parameter["AllowedValues"] == list(GLUE_VERSIONS) == ["5.1", "6.0"]
    assert parameter["Default"] == "5.1"
    versions = [job["GlueVersion"] for job in of_type(template, "AWS::Glue::Job").values()]
    assert versions == [{"Ref": "GlueVersion"}] * 2


@each_version
def test_the_makefile_sets_it_up_and_tests_it(version: GlueVersion) -> None:
    folder, *targets = SET_UP[version.name]
    assert folder == ".venv" or f":= {folder}\n" in MAKEFILE
    for target in targets:
        assert re.search(rf"^{target}: .*## ", MAKEFILE, re.MULTILINE), f"no target {target}"


@each_version
def test_the_packages_of_its_python_are_its_spark(version: GlueVersion) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(text) for text in project["dependencies"]]
    applying = [
        need for need in wanted if need.marker is None or need.marker.evaluate({"python_version": version.python})
    ]
    assert [str(need.specifier) for need in applying if need.name == "pyspark"] == [f"=={version.spark}"]
    assert len(applying) == len({need.name for need in applying}), "two pins of one package apply"
