"""docs/reading.md: its settings and its Python blocks as one program, and its files of dbt."""

from __future__ import annotations

import re
from pathlib import Path

from local_aws.glue.spark_connector import connector_jars
from local_aws.glue.spark_runtime import environment as spark_environment
from local_aws.glue.spark_runtime import own_runtime
from tests.docs.shell import run_in_bash
from tools.paths import ROOT

PAGE = (ROOT / "docs" / "reading.md").read_text()
DBT = ROOT / ".cache" / "clients" / "bin" / "dbt"
ENDPOINT = "http://127.0.0.1:4566"
"""As the page has it."""

GLOB = """
import os, pyarrow.dataset
from pyarrow.fs import S3FileSystem
s3 = S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"], region="us-east-1")
bucket = os.environ["FOLDER"].removeprefix("s3://").partition("/")[0]
print("everything", pyarrow.dataset.dataset(f"{bucket}/processed/", filesystem=s3, partitioning="hive").count_rows())
"""
"""What the page warns of."""


def settings(endpoint: str) -> str:
    """The settings of the local AWS, as commands for a shell."""
    (block,) = re.findall(r"On the local AWS \(`make up`\):\n\n```console\n(.+?)```", PAGE, re.DOTALL)
    assert ENDPOINT in block
    return re.sub(r"^\$ ", "", block, flags=re.MULTILINE).replace(ENDPOINT, endpoint)


def blocks() -> list[str]:
    """The page's Python, but for what it says is in no test."""
    found = re.findall(r"(<!-- not in the tests -->\n)?```python\n(.+?)```", PAGE, re.DOTALL)
    return [block for untested, block in found if not untested]


def files_of_dbt() -> dict[str, str]:
    """The files of the page that begin with their path, as dbt wants them."""
    found = re.findall(r"```(?:yaml|sql)\n(?:#|--) (\S+)\n(.+?)```", PAGE, re.DOTALL)
    return dict(found)


def _run(script: str, endpoint: str, folder: Path, **more: str) -> str:
    runtime = own_runtime()
    own = {"LOCAL_AWS_ENDPOINT": endpoint, "JARS": f"{connector_jars(runtime)}/*"}
    return run_in_bash(f"{settings(endpoint)}\n{script}", folder, **spark_environment(runtime), **own, **more)


def run_python(endpoint: str, folder: Path) -> str:
    """Run all blocks in one process; returns what they print."""
    (folder / "page.py").write_text("\n".join([*blocks(), GLOB]))
    return _run("python page.py", endpoint, folder)


def run_dbt(endpoint: str, folder: Path, results: str) -> str:
    """Build the page's project; returns what dbt prints."""
    (folder / "models").mkdir()
    for path, text in files_of_dbt().items():
        (folder / path).write_text(text)
    (folder / "dbt_project.yml").write_text(
        "name: reading\nversion: 1.0.0\nconfig-version: 2\nprofile: mhealth\n"
        "flags: { send_anonymous_usage_stats: false }\n"
    )
    command = f"{DBT} --no-use-colors"
    options = "--project-dir . --profiles-dir ."
    query = "select n, minutes from {{ ref('walked') }}"
    script = f'{command} build {options}\n{command} show --output json --inline "{query}" {options}'
    return _run(script, endpoint, folder, RESULTS=results)
