"""What the files below a place of S3 are: their format, their columns with Hive's types, and which folders are tables.

The types are those that DuckDB finds in the beginning of one file. A crawler of Glue looks at more files and has
classifiers of its own; what it makes of odd files is not told, so this one says what it could not read.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from local_aws.glue.crawler_partitions import CrawlError

SAMPLE = 1 << 20
"""Bytes of a text file that are looked at."""

_HIVE = {
    "BOOLEAN": "boolean",
    "TINYINT": "tinyint",
    "SMALLINT": "smallint",
    "INTEGER": "int",
    "BIGINT": "bigint",
    "FLOAT": "float",
    "DOUBLE": "double",
    "VARCHAR": "string",
    "BLOB": "binary",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
}
_OF_TEXT = {"BIGINT": "bigint", "DOUBLE": "double", "BOOLEAN": "boolean"}
"""What is found in text; anything else there is a string."""

Read = Callable[[str, int | None], bytes]
"""Takes an object's key and how many bytes to read from it (None: all)."""


@dataclass(frozen=True)
class Shape:
    """A file's format (`csv`, `json`, `parquet`), its columns with Hive's types, and for CSV delimiter and header."""

    format: str
    columns: tuple[tuple[str, str], ...]
    delimiter: str = ","
    has_header: bool = False


@dataclass(frozen=True)
class FoundTable:
    """A table: the folder that it lies in (from the bucket's root), what its files are, and its partitions.

    `partitions` has a folder below the table's for each tuple of values of `keys`; a table without keys has none.
    """

    folder: str
    shape: Shape
    keys: tuple[str, ...]
    partitions: Mapping[tuple[str, ...], str]


def tables_below(prefix: str, files: Sequence[str], read: Read) -> list[FoundTable]:
    """The tables that a crawler finds in `files`, keys below the folder `prefix`. Raises CrawlError.

    A folder with files of its own, or whose folders are `key=value` or all have files of one shape, is one table; else
    each of its folders is looked at by itself.
    """
    below = [name[len(prefix) :] for name in files]
    folders = sorted({path.split("/")[0] for path in below if "/" in path})
    if any("/" not in path for path in below) or all("=" in folder for folder in folders):
        return [_table(prefix, files, shape_of(files[0], read))]
    inside = {folder: [name for name in files if name.startswith(f"{prefix}{folder}/")] for folder in folders}
    shapes = [shape_of(names[0], read) for names in inside.values()]
    if len(shapes) > 1 and len(set(shapes)) == 1:
        return [_table(prefix, files, shapes[0])]
    return [table for folder, names in inside.items() for table in tables_below(f"{prefix}{folder}/", names, read)]


def _table(prefix: str, files: Sequence[str], shape: Shape) -> FoundTable:
    ways = [name[len(prefix) :].split("/")[:-1] for name in files]
    if len({len(way) for way in ways}) != 1:
        raise CrawlError(
            f"below {prefix or 'the bucket'} files lie at several depths ({files[0]}, {files[-1]}): the local AWS "
            "makes tables of files at one depth only; give each folder a target of its own"
        )
    keys = tuple(
        folder.partition("=")[0].lower() if "=" in folder else f"partition_{place}"
        for place, folder in enumerate(ways[0])
    )
    partitions = {
        tuple(folder.rpartition("=")[2] for folder in way): "".join(f"{folder}/" for folder in way)
        for way in ways
        if way
    }
    return FoundTable(prefix, shape, keys, partitions)


def shape_of(name: str, read: Read) -> Shape:
    """What a file is. Raises CrawlError where it is none of what the local AWS can read."""
    start = read(name, SAMPLE)
    if start[:4] == b"PAR1":
        return _described(name, read(name, None), "parquet", "read_parquet")
    if start.startswith((b"\x1f\x8b", b"BZh", b"Obj\x01", b"ORC")):
        raise CrawlError(
            f"{name}: the local AWS crawls plain CSV, JSON lines and Parquet, no compressed text, Avro or ORC"
        )
    whole_lines = start if len(start) < SAMPLE else start[: start.rfind(b"\n") + 1]
    if start.lstrip()[:1] == b"{":
        shape = _described(name, whole_lines, "json", "read_json_auto")
        if any(column != column.lower() for column, _ in shape.columns):
            raise CrawlError(f"{name} has names in capital letters: the local Athena finds only those in small letters")
        return shape
    return _csv(name, whole_lines)


def _described(name: str, content: bytes, kind: str, function: str) -> Shape:
    rows = _rows(name, content, f"DESCRIBE SELECT * FROM {function}(?)")  # noqa: S608 - one of ours
    lower = kind == "parquet"  # Athena reads Parquet by names in small letters, whatever the files have
    return Shape(
        kind,
        tuple((str(row[0]).lower() if lower else str(row[0]), _hive(name, str(row[0]), str(row[1]))) for row in rows),
    )


def _hive(name: str, column: str, kind: str) -> str:
    if kind.startswith("DECIMAL"):
        return kind.lower()
    if kind not in _HIVE:
        raise CrawlError(f"{name}: column {column} is {kind}: the local AWS crawls no nested columns")
    return _HIVE[kind]


def _csv(name: str, content: bytes) -> Shape:
    ((delimiter, has_header, columns),) = _rows(
        name, content, "SELECT Delimiter, HasHeader, Columns FROM sniff_csv(?, sample_size=-1)"
    )
    return Shape(
        "csv",
        tuple(
            (_column(column["name"], place, named=has_header), _OF_TEXT.get(column["type"], "string"))
            for place, column in enumerate(columns)
        ),
        delimiter,
        has_header,
    )


def _column(name: str, place: int, *, named: bool) -> str:
    return re.sub(r"\W", "_", name.strip().lower()) if named else f"col{place}"


def _rows(name: str, content: bytes, query: str) -> list[tuple]:  # type: ignore[type-arg]
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        sample = Path(folder) / "sample"
        sample.write_bytes(content)
        try:
            return list(connection.execute(query, [str(sample)]).fetchall())
        except duckdb.Error as unreadable:
            raise CrawlError(f"{name} could not be read: {str(unreadable).splitlines()[0]}") from unreadable
