"""The import contracts of pyproject.toml hold; where each is broken, import-linter tells it with the import."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tools.paths import ROOT

LINTER = str(Path(sys.executable).with_name("lint-imports"))
HOUSES = ("lambda_ingest", "lambda_report", "glue", "packages/local-aws/src", "packages/mhealth-ops/src")
NAMES = {
    each["id"]: each["name"]
    for each in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}
BROKEN = [
    ("emulator", "packages/local-aws/src", "local_aws.core.world", "mhealth_ops.project"),
    ("emulator", "packages/local-aws/src", "local_aws.core.world", "mhealth.errors"),
    ("pipeline", ".", "lambda_ingest.ingest.versions", "local_aws"),
    ("pipeline", "glue", "mhealth.session", "tests"),
    ("pipeline", ".", "lambda_report.write_report", "mhealth_ops"),
    ("client", "packages/mhealth-ops/src", "mhealth_ops.project", "local_aws.core.clock"),
    ("client", "packages/mhealth-ops/src", "mhealth_ops.project", "local_aws.athena.types"),
    ("client", "packages/mhealth-ops/src", "mhealth_ops.project", "mhealth.errors"),
    ("emulator-rooms", "packages/local-aws/src", "local_aws.core.clock", "local_aws.iam.roles"),
    ("emulator-rooms", "packages/local-aws/src", "local_aws.glue.jobs", "local_aws.athena.types"),
    ("emulator-rooms", "packages/local-aws/src", "local_aws.iam.keys", "local_aws.s3.buckets"),
    ("zones", "glue", "mhealth.paths", "mhealth.stage.metadata"),
    ("zones-io", "glue", "mhealth.io.storage", "mhealth.io.s3"),
    ("zones-boto3", "glue", "mhealth.job_log", "boto3"),
    ("zones-spark", "glue", "mhealth.stage.convert", "pyspark"),
    ("zones-arrow", "glue", "mhealth.processed.arrow_rows", "pyspark"),
    ("ingest-sources", "lambda_ingest", "ingest.versions", "ingest.sources.kaggle"),
    ("ingest-boto3", "lambda_ingest", "ingest.layouts", "requests"),
    ("zones-jobs", ".", "glue.convert_parquet", "glue.glue_transform"),
    ("ingest-sources", "lambda_ingest", "ingest.run", "ingest.sources.kaggle"),
    ("ingest-sources", "lambda_ingest", "ingest.sources.s3", "ingest.sources.kaggle"),
    ("ingest-sources", "lambda_ingest", "ingest.sources.base", "ingest.sources.registry"),
    ("ingest-boto3", "lambda_ingest", "ingest.layouts", "boto3"),
]
"""Contract, the folder that a module is found in, the module, and what it must not import."""


def reported(folder: Path) -> str:
    """What import-linter says of a copy of the code."""
    paths = os.pathsep.join(str(folder / name) for name in HOUSES)
    done = subprocess.run(
        [LINTER, "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths, "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Broken" in done.stdout or "0 broken" in done.stdout, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("houses")
    for name in HOUSES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.fixture(scope="module")
def before(houses: Path) -> str:
    return reported(houses)


@pytest.fixture(scope="module")
def sections(houses: Path, before: str) -> dict[str, str]:
    """What is told of each broken contract, all of them broken at once."""
    for _, root, module, forbidden in BROKEN:
        path = houses / root / Path(*module.split(".")).with_suffix(".py")
        path.write_text(f"{path.read_text()}\nimport {forbidden}\n")
    details = reported(houses).partition("\nBroken contracts\n")[2]
    parts = re.split(r"^(.+)\n-+$", details, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_contract_holds(before: str) -> None:
    assert f"{len(NAMES)} kept, 0 broken" in before


@pytest.mark.parametrize(("contract", "root", "module", "forbidden"), BROKEN)
def test_a_forbidden_import_is_told(
    sections: dict[str, str], contract: str, root: str, module: str, forbidden: str
) -> None:
    assert re.search(rf"{re.escape(module)} -> {re.escape(forbidden)}\b", sections[NAMES[contract]]), sections


def test_every_contract_is_broken_here() -> None:
    assert {contract for contract, *_ in BROKEN} == set(NAMES)


def test_the_emulator_names_nothing_of_this_project() -> None:
    package = ROOT / "packages" / "local-aws"
    files = [path for path in package.rglob("*") if path.suffix in {".py", ".md", ".toml"}]
    assert len(files) > 100
    assert [path for path in files if re.search("mhealth|kaggle", path.read_text(), re.IGNORECASE)] == []
