"""dbt-athena: its own check of the connection, and a project with a view, a table with partitions, and data tests.

dbt needs an environment of its own, which `make test-clients` makes (150 MB, docs/clients.md).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from local_aws_harness.athena_client import Athena
from tools.paths import ROOT

DBT = ROOT / ".cache" / "clients" / "bin" / "dbt"
PROJECT = Path(__file__).parent / "dbt_project"

pytestmark = [
    pytest.mark.environment,
    pytest.mark.skipif(not DBT.exists(), reason="dbt is not installed: `make test-clients` does it"),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROJECT, tmp_path / "project"))


def dbt(athena: Athena, project: Path, *command: str) -> str:
    variables = {"BUCKET": athena.bucket, "RAW": athena.database, "SCHEMA": f"{athena.database}_dbt", "NO_COLOR": "1"}
    done = subprocess.run(
        [DBT, "--no-use-colors", *command, "--project-dir", project, "--profiles-dir", project],
        env=os.environ | variables,
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_project_is_built_twice(athena: Athena, project: Path) -> None:
    assert "Connection test: [OK connection ok]" in dbt(athena, project, "debug")
    schema = f"{athena.database}_dbt"
    for _ in range(2):  # the second time the table is there, and is replaced
        assert "Done. PASS=4 WARN=0 ERROR=0 SKIP=0" in dbt(athena, project, "build")
        rows = athena.query(f"SELECT subject, samples, largest FROM {schema}.by_subject ORDER BY subject")
        assert rows == [["1", "2", "-2.25"], ["3", "2", "9.75"]]
    table = athena.glue.get_table(DatabaseName=schema, Name="by_subject")["Table"]
    assert table["Description"] == "One row a person"
    comments = {column["Name"]: column.get("Comment", "") for column in table["StorageDescriptor"]["Columns"]}
    assert comments == {"samples": "", "largest": "m/s^2"}
    assert athena.glue.get_table(DatabaseName=schema, Name="recent")["Table"]["TableType"] == "VIRTUAL_VIEW"
