"""Jobs find pyspark in folders, with Python's bytecode, and do without where these are not."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from pathlib import Path

import pytest

from local_aws.glue import spark_runtime
from local_aws.glue.cds_archive import java_options
from local_aws.glue.quick_python import make_quick, quick
from local_aws.glue.spark_connector import connector_jars
from local_aws.glue.spark_runtime import NOWHERE, SparkRuntime, environment, own_runtime, spark_submit_command

pytestmark = pytest.mark.spark_process

JOB = """
import py4j, pyspark

def places(_):
    import py4j, pyspark
    return pyspark.__file__, pyspark.__cached__, py4j.__file__, py4j.__cached__

print(*places(0), sep="\\n")
"""
AND_WORKERS = """
for each in pyspark.SparkContext().parallelize([0], 1).map(places).collect():
    print(*each, sep="\\n")
"""


def places(runtime: SparkRuntime, folder: Path, job: str = JOB) -> list[Path]:
    """Where the driver, and then a worker, has pyspark, its bytecode, py4j, its bytecode."""
    script = folder / "job.py"
    script.write_text(job)
    command = spark_submit_command(runtime, connector_jars(runtime), NOWHERE, "us-east-1", java_options(runtime))
    variables = {**os.environ, **environment(runtime)}
    done = subprocess.run([*command, str(script)], env=variables, capture_output=True, text=True, check=True)
    return [Path(line) for line in done.stdout.splitlines()]


def test_driver_and_workers_find_the_bytecode_of_spark(tmp_path: Path) -> None:
    made = make_quick(own_runtime())
    found = places(made, tmp_path, JOB + AND_WORKERS)
    assert len(found) == 8
    for path in found:
        assert path.is_file(), "in an archive"
        assert path.is_relative_to(made.home / "python" / "lib")
        assert path.resolve().is_relative_to(own_runtime().home.parent)


def test_the_installed_spark_has_none(tmp_path: Path) -> None:
    assert [path.is_file() for path in places(own_runtime(), tmp_path)] == [False] * 4


def test_all_else_is_the_installed_spark() -> None:
    made = make_quick(own_runtime())
    assert (made.glue, made.python, made.reads_s3) == (own_runtime().glue, own_runtime().python, False)
    for name in ("bin/spark-submit", "jars", "python/pyspark/shell.py"):
        assert (made.home / name).samefile(own_runtime().home / name)


def test_it_is_made_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(spark_runtime, "CACHE", tmp_path)
    assert quick(own_runtime()) == own_runtime()
    made = make_quick(own_runtime())
    assert made.home.is_relative_to(tmp_path)
    before = made.home.stat().st_ctime_ns
    assert make_quick(own_runtime()) == quick(own_runtime()) == made
    assert made.home.stat().st_ctime_ns == before
    assert len(list((tmp_path / "spark").iterdir())) == 1


def test_a_distribution_of_spark_stays_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(spark_runtime, "CACHE", tmp_path)
    glues = dataclasses.replace(own_runtime(), home=tmp_path / "spark-3.5")
    assert make_quick(glues) == glues
    assert list(tmp_path.iterdir()) == []
