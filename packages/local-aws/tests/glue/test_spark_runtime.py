"""Which Spark stands in for which Glue version."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from local_aws.glue import spark_runtime
from local_aws.glue.spark_runtime import SparkRuntimeError, environment, own_runtime, runtime_of
from local_aws.glue.versions import GLUE_VERSIONS


def test_the_version_of_this_python_runs_on_this_python() -> None:
    own = runtime_of(own_runtime().glue.name)
    assert own.python == Path(sys.executable)
    assert (own.home / "bin" / "spark-submit").is_file()


def test_a_distribution_is_found_around_its_python_package(tmp_path: Path) -> None:
    package = tmp_path / "spark" / "python" / "pyspark"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    reported = subprocess.run(
        [
            sys.executable,
            "-c",
            "from local_aws.glue.spark_runtime import *; own = own_runtime(); print(own.home, own.reads_s3)",
        ],
        env={"PYTHONPATH": f"{package.parent}:{Path(__file__).parents[2] / 'src'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert reported.stdout == f"{tmp_path / 'spark'} True\n"
    assert not own_runtime().reads_s3


@pytest.mark.skipif(own_runtime().glue.name == "6.0", reason="this Python is that of Glue 6.0, so it is no other one")
def test_another_version_runs_on_the_python_of_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_runtime, "CACHE", tmp_path / ".cache")
    home = tmp_path / ".cache/glue-6.0/lib/python3.13/site-packages/pyspark"
    with pytest.raises(SparkRuntimeError) as reported:
        runtime_of("6.0")
    assert str(reported.value) == (
        "Glue version 6.0 is Spark 4.1.1 with Python 3.13, which is not set up on this machine. Expected is an "
        f"environment with both at {tmp_path / '.cache/glue-6.0'} (in this emulator's own repository: make "
        "setup-glue6). Make it, then start the job again."
    )
    home.mkdir(parents=True)
    variables = environment(runtime_of("6.0"))
    assert variables["SPARK_HOME"] == str(home)
    assert variables["PYSPARK_PYTHON"] == str(tmp_path / ".cache/glue-6.0/bin/python")


def test_no_other_version_runs() -> None:
    with pytest.raises(SparkRuntimeError, match=r"Glue version 4\.0 does not run on this machine, only 5\.1, 6\.0 do"):
        runtime_of("4.0")


def test_every_version_has_a_connector_of_its_own_spark() -> None:
    # Hadoop's version is the one in the names of pyspark's jars.
    own = own_runtime()
    (hadoop,) = (own.home / "jars").glob("hadoop-client-api-*.jar")
    assert f"org.apache.hadoop:hadoop-aws:{hadoop.stem.rpartition('-')[2]}" in own.glue.connector
    assert len({version.connector for version in GLUE_VERSIONS.values()}) == len(GLUE_VERSIONS)


def test_spark_has_the_moved_clock_of_the_local_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_PRELOAD", "/clock.so")
    monkeypatch.delenv("FAKETIME", raising=False)
    assert "LD_PRELOAD" not in environment(own_runtime())
    monkeypatch.setenv("FAKETIME", "+90")
    moved = environment(own_runtime())
    assert (moved["LD_PRELOAD"], moved["FAKETIME"]) == ("/clock.so", "+90")
