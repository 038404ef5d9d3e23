"""Jobs begin and end as Glue's own do where its library is, and do without it elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from mhealth.entry import run_job
from mhealth.errors import TooManyBadRows

ARGUMENTS = ["--JOB_NAME", "convert", "--n", "1"]

# The calls of awslabs/aws-glue-libs, recorded.
LIBRARY = {
    "__init__.py": "CALLS = []\n",
    "context.py": """
from awsglue import CALLS
class GlueContext:
    def __init__(self, spark_context):
        CALLS.append(("GlueContext", spark_context))
""",
    "job.py": """
from awsglue import CALLS
class Job:
    def __init__(self, context):
        CALLS.append(("Job", type(context).__name__))
    def init(self, name, options):
        CALLS.append(("init", name, options))
    def commit(self):
        CALLS.append(("commit",))
""",
    "utils.py": """
def getResolvedOptions(argv, names):
    given = dict(zip(argv[1::2], argv[2::2]))
    return {name: given[f"--{name}"] for name in names}
""",
}


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[object, ...]]]:
    folder = tmp_path / "awsglue"
    folder.mkdir()
    for name, text in LIBRARY.items():
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    import awsglue

    yield awsglue.CALLS
    for name in [name for name in sys.modules if name.partition(".")[0] == "awsglue"]:
        del sys.modules[name]


def test_a_job_that_succeeds_is_initialised_and_committed(spark: SparkSession, calls: list[tuple[object, ...]]) -> None:
    def main(argv: Sequence[str]) -> None:
        assert argv == ARGUMENTS
        calls.append(("main",))

    run_job(main, ARGUMENTS)
    assert calls == [
        ("GlueContext", spark.sparkContext),
        ("Job", "GlueContext"),
        ("init", "convert", {"JOB_NAME": "convert"}),
        ("main",),
        ("commit",),
    ]


def test_a_job_that_fails_is_not_committed(spark: SparkSession, calls: list[tuple[object, ...]]) -> None:
    def main(argv: Sequence[str]) -> None:
        raise TooManyBadRows("5 of 9")

    with pytest.raises(TooManyBadRows):
        run_job(main, ARGUMENTS)
    assert [call[0] for call in calls] == ["GlueContext", "Job", "init"]


def test_without_the_library_a_job_just_runs() -> None:
    reported: list[Sequence[str]] = []
    run_job(reported.append, ["--n", "1"])
    assert reported == [["--n", "1"]]
    assert "awsglue" not in sys.modules
