"""What can be known of docker/ without a Docker engine; `make check` has hadolint and Compose look at its files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from mhealth_ops.kaggle.synthetic import write_dataset
from mhealth_ops.local.stack import local_stack
from tools.checks import upkeep
from tools.paths import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CLIENT = tomllib.loads((ROOT / "packages/mhealth-ops/pyproject.toml").read_text())
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()


def pins(file: str) -> dict[str, str]:
    lines = (ROOT / "docker" / file).read_text().splitlines()
    found = [line.split("==") for line in lines if not line.startswith("#")]
    assert len({name for name, _ in found}) == len(found), f"pip refuses {file}: it has a package twice"
    return dict(found)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(upkeep.compose())


@pytest.mark.parametrize("target", re.findall(r"^(docker-[a-z-]+):", MAKEFILE, re.MULTILINE))
def test_without_an_engine_a_target_says_so_in_one_sentence(target: str) -> None:
    done = subprocess.run(
        ["make", target, "DOCKER=no-such-docker"],
        cwd=ROOT,
        env={**os.environ, "LC_ALL": "C"},  # the shell warns of a locale that the machine lacks
        capture_output=True,
        text=True,
        check=False,
    )
    sentence, verdict = done.stderr.splitlines()
    assert sentence == f"make {target} needs a running Docker engine with Compose. None was found; nothing was done."
    assert verdict.endswith("Error 1")
    assert done.stdout == ""


def test_both_targets_are_there() -> None:
    assert set(re.findall(r"^(docker-[a-z-]+):", MAKEFILE, re.MULTILINE)) == {"docker-test", "docker-notebook"}


def test_make_names_the_services_that_there_are(services: dict[str, Any]) -> None:
    recipes = re.findall(r"\$\(COMPOSE\) (?:run|up) [^;\n]*?([a-z-]+)(?:;|$)", MAKEFILE, re.MULTILINE)
    assert recipes == ["test", "notebook"]
    assert set(recipes) <= set(services)


def test_the_image_is_the_one_of_glue_5() -> None:
    (image,) = re.findall(r"^ARG GLUE_IMAGE=(.+)$", DOCKERFILE, re.MULTILINE)
    assert image.startswith("public.ecr.aws/glue/aws-glue-libs:5")


def test_stages_are_those_of_the_services_and_what_they_copy_exists(services: dict[str, Any]) -> None:
    stages = set(re.findall(r"^FROM .* AS ([a-z-]+)$", DOCKERFILE, re.MULTILINE))
    assert {service["build"]["target"] for service in services.values()} == stages
    allowed = (ROOT / "docker" / "Dockerfile.dockerignore").read_text().splitlines()
    copied = [
        name
        for line in re.findall(r"^COPY (?:--chown=\S+ )?(.+)$", DOCKERFILE, re.MULTILINE)
        for name in line.split()[:-1]
    ]
    assert len(copied) > 8
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in allowed or "!docker/requirements*.txt" in allowed, name


def test_commands_exist(services: dict[str, Any]) -> None:
    assert services["local-aws"]["command"][0] in CLIENT["project"]["scripts"]
    (_, shell) = services["test"]["command"]
    assert shell.startswith("python3 -m pytest tests/glue ")
    (flag, shell) = services["notebook"]["command"]
    assert flag == "-c"
    assert "jupyter lab" in shell
    assert {"jupyterlab", "awswrangler", "pyathena", "matplotlib", "scipy", "rich"} <= set(
        pins("requirements-notebook.txt")
    )


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-notebook.txt"])
def test_what_is_added_replaces_nothing_that_the_jobs_use(file: str) -> None:
    assert not set(pins(file)) & set(pins("image.txt"))


def test_what_the_tests_get_is_what_the_lock_file_has() -> None:
    added = pins("requirements.txt")
    assert {"pytest", "chispa", "moto", "hypothesis"} <= set(added)
    assert {name: version(name) for name in added} == added


def test_the_stand_in_for_the_image_has_the_libraries_of_glue_5_0() -> None:
    # base-requirements.txt of awslabs/aws-glue-libs, branch glue-5.0, read 2026-11; Spark: the image's own word.
    assert pins("image.txt") == {
        "boto3": "1.34.131",
        "numpy": "1.26.4",
        "pandas": "2.2.2",
        "pyarrow": "17.0.0",
        "pyspark": "3.5.4",
    }


@pytest.mark.local_aws
def test_the_local_aws_is_healthy_once_its_stack_is_there(services: dict[str, Any], tmp_path: Path) -> None:
    local_aws = services["local-aws"]
    reported, python, *arguments = local_aws["healthcheck"]["test"]
    assert (reported, python) == ("CMD", "python")
    write_dataset(tmp_path / "dataset", rows=(10,))
    with local_stack(str(tmp_path / "dataset"), folder=tmp_path / "world") as aws:
        variables = {**local_aws["environment"], "AWS_ENDPOINT_URL": aws.endpoint}
        healthy = subprocess.run([sys.executable, *arguments], env=variables, capture_output=True, check=False)
        lacking = [each.replace("'mhealth'", "'another'") for each in arguments]
        ill = subprocess.run([sys.executable, *lacking], env=variables, capture_output=True, check=False)
    assert (healthy.returncode, ill.returncode) == (0, 1), healthy.stderr
