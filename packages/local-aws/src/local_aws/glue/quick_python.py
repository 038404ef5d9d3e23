"""A Spark whose Python processes start sooner: they find pyspark in a folder, not in an archive.

Spark lets the driver and its workers import pyspark and py4j from archives in python/lib. Python keeps no bytecode of
what it imports from an archive: each process compiles it anew. So jobs get a home of Spark that is the installed one by
links, but for python/lib, where folders bear the archives' names. To Python it is all the same what it finds under a
name on its path, and Spark only passes the names on.
"""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
from pathlib import Path

from local_aws.glue import spark_runtime
from local_aws.glue.spark_runtime import SparkRuntime, own_runtime

ARCHIVES = Path("python", "lib")
"""Where Spark's home has its Python code."""


def quick(runtime: SparkRuntime) -> SparkRuntime:
    """Take this Spark at that home, where it was made."""
    home = _home(runtime)
    return dataclasses.replace(runtime, home=home) if home.is_dir() else runtime


def make_quick(runtime: SparkRuntime) -> SparkRuntime:
    """Make that home, where it is not there yet.

    A Spark that is no package of PyPI, as AWS's image of Glue has one, is given back as it is: whether its archives
    hold what is installed beside it, nobody knows.
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
        # At once, for others may start a job now.
        made.rename(home.parent)
    return quick(runtime)


def _home(runtime: SparkRuntime) -> Path:
    """Where the home for this Spark is kept."""
    made_for = hashlib.sha256(f"{runtime.home} {runtime.glue.spark}".encode()).hexdigest()[:16]
    return spark_runtime.CACHE / "spark" / made_for / runtime.home.name


def _link(source: Path, target: Path, but: Path) -> None:
    """A folder whose entries are links to those of `source`, without the one of the relative path `but`."""
    target.mkdir(parents=True)
    first, *rest = but.parts
    for entry in source.iterdir():
        if entry.name != first:
            (target / entry.name).symlink_to(entry)
        elif rest:
            _link(entry, target / entry.name, Path(*rest))


def main() -> None:
    """Make the home for this interpreter's Spark: `make setup` and `make setup-glue6` call this."""
    make_quick(own_runtime())


if __name__ == "__main__":
    main()
