"""Faster starts of Spark's Python processes: pyspark as a folder, not as a zip archive.

Spark's driver and workers import pyspark and py4j from archives in python/lib. Python caches no bytecode for archives,
so each process compiles them again. Jobs therefore get a Spark home of links to the installed one, in which python/lib
has folders with the archives' names. Python accepts both on its path, and Spark only passes the names on.

Workers are forked from a process that has imported what most jobs import, and that has no jar on its import path.
"""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
from pathlib import Path

from local_aws.glue import spark_runtime
from local_aws.glue.spark_runtime import SparkRuntime, own_runtime

ARCHIVES = Path("python", "lib")
"""The folder of Python code in Spark's home."""

PREPARED_WORKERS = {
    "spark.python.daemon.module": "prepared_workers",
    "spark.executorEnv.PYTHONPATH": str(Path(__file__).with_name("forking")),
}
"""Spark's settings for such workers."""


def quick(runtime: SparkRuntime) -> SparkRuntime:
    """Return this Spark with that home, if it exists."""
    home = _home(runtime)
    return dataclasses.replace(runtime, home=home) if home.is_dir() else runtime


def make_quick(runtime: SparkRuntime) -> SparkRuntime:
    """Create that home, if it does not exist.

    A Spark that is not the package of PyPI, as in AWS's Glue image, is returned unchanged: its archives may differ
    from the installed code.
    """
    home = _home(runtime)
    if home.is_dir() or runtime.is_distribution:
        return quick(runtime)
    home.parent.parent.mkdir(parents=True, exist_ok=True)
    packages = runtime.home.parent
    with tempfile.TemporaryDirectory(dir=home.parent.parent) as scratch:
        made = Path(scratch) / "made"
        _link(runtime.home, made / home.name, but=ARCHIVES)
        for archive in (runtime.home / ARCHIVES).iterdir():
            package = archive.name.removesuffix(".zip").split("-")[0]  # pyspark.zip, py4j-0.10.9.7-src.zip
            folder = made / home.name / ARCHIVES / archive.name
            folder.mkdir(parents=True)
            (folder / package).symlink_to(packages / package)
        # Atomically: other processes may start jobs.
        made.rename(home.parent)
    return quick(runtime)


def _home(runtime: SparkRuntime) -> Path:
    """The folder of the home for this Spark."""
    made_for = hashlib.sha256(f"{runtime.home} {runtime.glue.spark}".encode()).hexdigest()[:16]
    return spark_runtime.CACHE / "spark" / made_for / runtime.home.name


def _link(source: Path, target: Path, but: Path) -> None:
    """Create a folder with links to the entries of `source`, without the relative path `but`."""
    target.mkdir(parents=True)
    first, *rest = but.parts
    for entry in source.iterdir():
        if entry.name != first:
            (target / entry.name).symlink_to(entry)
        elif rest:
            _link(entry, target / entry.name, Path(*rest))


def main() -> None:
    """Create the home for this interpreter's Spark: `make setup` and `make setup-glue6` call this."""
    make_quick(own_runtime())


if __name__ == "__main__":
    main()
