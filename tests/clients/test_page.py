"""docs/clients.md names the clients that are tested here, in the versions that they are tested in."""

from __future__ import annotations

import re
import tomllib

import pytest

from tools.paths import ROOT

PAGE = ROOT / "docs" / "clients.md"
ROWS = dict(re.findall(r"^\| ([\w, -]+?) \| ([\w. ]*?) ?\|", PAGE.read_text(), re.MULTILINE))
"""Client to version."""


@pytest.mark.parametrize(
    ("client", "package"),
    [
        ("awswrangler", "awswrangler"),
        ("PyAthena", "pyathena"),
        ("SQLAlchemy with PyAthena", "sqlalchemy"),
        ("dbt-athena", "dbt-athena"),
    ],
)
def test_the_version_is_that_of_the_lock_file(client: str, package: str) -> None:
    locked = [one for one in tomllib.loads((ROOT / "uv.lock").read_text())["package"] if one["name"] == package]
    # dbt's environment has a PyAthena of its own, and is the last of two where there are two.
    assert ROWS[client] in {".".join(one["version"].split(".")[: len(ROWS[client].split("."))]) for one in locked}


def test_the_way_around_of_the_page_is_the_tests() -> None:
    tests = (ROOT / "tests" / "clients" / "test_pyathena.py").read_text()
    assert "_AthenaArrowResultSet__s3_file_system" in tests
    assert "AthenaArrowResultSet._AthenaArrowResultSet__s3_file_system = local" in PAGE.read_text()
