"""Jobs find Spark's classes ready, and do without where they are not."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from local_aws.glue import cds_archive, spark_runtime
from local_aws.glue.cds_archive import java_options, make_archive
from local_aws.glue.quick_python import make_quick
from local_aws.glue.spark_connector import connector_jars
from local_aws.glue.spark_runtime import NOWHERE, environment, own_runtime, spark_submit_command

pytestmark = pytest.mark.spark_process

RUNTIME = make_quick(own_runtime())
"""The Spark of the local AWS's jobs."""

JOB = """
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
print("rows:", spark.range(7).where("id > 2").count())
"""


def output(folder: Path, options: str) -> str:
    """What a small job says, and its Java."""
    script = folder / "job.py"
    script.write_text(JOB)
    command = spark_submit_command(RUNTIME, connector_jars(RUNTIME), NOWHERE, "us-east-1", options)
    variables = {**os.environ, **environment(RUNTIME)}
    done = subprocess.run([*command, str(script)], env=variables, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_job_takes_sparks_classes_from_the_archive(tmp_path: Path) -> None:
    make_archive(RUNTIME)
    said = output(tmp_path, f"{java_options(RUNTIME)} -Xlog:class+load:file={tmp_path / 'loaded'}")
    assert said == "rows: 4\n"
    lines = (tmp_path / "loaded").read_text().splitlines()
    of_spark = [line for line in lines if " org.apache.spark." in line and "$$Lambda" not in line]
    ready = [line for line in of_spark if "source: shared objects file (top)" in line]
    assert len(of_spark) > 2000
    assert len(ready) > 0.9 * len(of_spark)


def test_the_archive_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    make_archive(RUNTIME)
    monkeypatch.setattr(cds_archive, "_run", lambda *_: pytest.fail("made again"))
    folder = make_archive(RUNTIME)
    assert {file.name for file in folder.iterdir()} == {"java.jsa", "spark.jsa"}


def test_without_an_archive_java_only_compiles_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(spark_runtime, "CACHE", tmp_path)
    assert java_options(RUNTIME) == "-XX:TieredStopAtLevel=1"


def test_a_java_does_without_an_archive_of_another(tmp_path: Path) -> None:
    """As each job's Java does, before Spark has begun: an archive that it cannot use is no error."""
    made = java_options(RUNTIME)
    options = made.replace(str(spark_runtime.CACHE), str(tmp_path))
    assert options != made
    java = Path(environment(RUNTIME)["JAVA_HOME"]) / "bin" / "java"
    shown = subprocess.run([java, *shlex.split(options), "-version"], capture_output=True, text=True, check=True)
    assert "Runtime Environment" in shown.stderr


def test_a_folder_with_a_space_in_its_name_is_one_option(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = tmp_path / "my checkout"
    monkeypatch.setattr(spark_runtime, "CACHE", place)
    cds_archive._folder(RUNTIME).mkdir(parents=True)
    archive = shlex.split(java_options(RUNTIME))[1]
    assert archive.startswith(f"-XX:SharedArchiveFile={place}/classes/")


def test_a_rehearsal_that_fails_leaves_nothing_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit('no rehearsal today')")
    monkeypatch.setattr(cds_archive, "WARMUP_JOB", broken)
    # Python fails by itself as it does below spark-submit, whose exit code test_jobs.py has as that of a failed run.
    monkeypatch.setattr(spark_runtime, "spark_submit_command", lambda *_: [str(RUNTIME.python)])
    monkeypatch.setattr(cds_archive, "_folder", lambda _: tmp_path / "classes" / "new")
    cds_archive.main()
    assert re.search(r"(?s)run without it, but start slower.*no rehearsal today", capsys.readouterr().err)
    assert list((tmp_path / "classes").iterdir()) == []
