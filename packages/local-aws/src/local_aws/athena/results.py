"""Results in Athena's format: CSV with every value quoted, in Trino's notation."""

from __future__ import annotations

import mmap
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from local_aws.athena.duckdb_process import QueryConnection
from local_aws.athena.errors import from_duckdb
from local_aws.athena.kinds import Kind
from local_aws.athena.types import trino_name

_PRECISIONS = {
    "varchar": 2147483647,
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "float": 17,
    "double": 17,
    "timestamp": 3,
    "timestamp with time zone": 3,
}
_FIELD = re.compile(rb'(?:"((?:[^"]|"")*)")?([,\n])')


@dataclass(frozen=True)
class Column:
    """A column of a result: its label and its Trino type."""

    label: str
    type: str

    def info(self) -> dict[str, Any]:
        """The ColumnInfo of the API. Athena's types have no parameters, and `real` is `float`."""
        base = self.type.split("(")[0]
        if self.type.startswith("timestamp") and self.type.endswith("zone"):
            base = "timestamp with time zone"
        base = {"real": "float", "unknown": "varchar"}.get(base, base)
        precision, scale = _PRECISIONS.get(base, 0), 0
        if base == "decimal":
            precision, scale = (int(part) for part in re.findall(r"\d+", self.type))
        return {
            "CatalogName": "hive",
            "SchemaName": "",
            "TableName": "",
            "Name": self.label,
            "Label": self.label,
            "Type": base,
            "Precision": precision,
            "Scale": scale,
            "Nullable": "UNKNOWN",
            "CaseSensitive": base in ("varchar", "char"),
        }


def _text(value: str, kind: Kind, depth: int = 0) -> str:
    """SQL that prints `value` as Athena does."""
    if kind.id == "double":
        return f"athena_double_text({value})"
    if kind.id == "float":
        return f"athena_double_text(CAST(CAST({value} AS VARCHAR) AS DOUBLE))"
    if kind.id == "timestamp with time zone":
        return f"athena_timestamp_text(timezone('UTC', {value})) || ' UTC'"
    if kind.id.startswith("timestamp"):
        return f"athena_timestamp_text({value})"
    if kind.id == "time":
        return f"left(CAST({value} AS VARCHAR) || CASE WHEN contains(CAST({value} AS VARCHAR), '.') THEN '000' \
ELSE '.000' END, 12)"
    if kind.id == "interval":
        return f"athena_interval_text({value})"
    if kind.id == "blob":
        return f"trim(regexp_replace(lower(hex({value})), '(..)', '\\1 ', 'g'))"
    inner = f"v{depth}"
    children: list[Any] = list(kind.children) if kind.id in ("list", "array", "map", "struct") else []
    if kind.id in ("list", "array"):
        item = _text(inner, children[0][1], depth + 1)
        items = f"list_transform({value}, lambda {inner}: coalesce({item}, 'null'))"
        return f"'[' || array_to_string({items}, ', ') || ']'"
    if kind.id == "map":
        name = _text(f"{inner}.key", children[0][1], depth + 1)
        entry = _text(f"{inner}.value", children[1][1], depth + 1)
        items = f"list_transform(map_entries({value}), lambda {inner}: {name} || '=' || coalesce({entry}, 'null'))"
        return f"'{{' || array_to_string({items}, ', ') || '}}'"
    if kind.id == "struct":
        parts = []
        for place, (name, child) in enumerate(children, 1):
            label = f"field{place - 1}" if re.fullmatch(r"_?\d*", name) else name
            part = _text(f"struct_extract({value}, {place})" if not name else f'{value}."{name}"', child, depth + 1)
            parts.append(f"'{label}=' || coalesce({part}, 'null')")
        fields = " || ', ' || ".join(parts)
        return f"CASE WHEN {value} IS NOT NULL THEN '{{' || {fields} || '}}' END"
    return f"CAST({value} AS VARCHAR)"


def write_csv(connection: QueryConnection, sql: str, labels: Sequence[str], target: Path) -> list[Column]:
    """Run a query and write its rows, in its order, under a header of `labels`. Raises QueryFailedError."""
    names = [f"c{place}" for place in range(len(labels))]
    body = target.with_suffix(".rows")
    try:
        # By a table, which keeps the query's order; an outer query need not.
        connection.execute(f"CREATE TEMP TABLE athena_result({', '.join(names)}) AS {sql}")
        types = connection.types("FROM athena_result")
        texts = ", ".join(_text(name, kind) for name, kind in zip(names, types, strict=True))
        options = "FORMAT csv, HEADER false, FORCE_QUOTE *, NULLSTR ''"
        connection.execute(f"COPY (SELECT {texts} FROM athena_result) TO '{body}' ({options})")  # noqa: S608
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise from_duckdb(error) from error
    header = ",".join('"' + label.replace('"', '""') + '"' for label in labels)
    with target.open("wb") as out:
        out.write(header.encode() + b"\n")
        with body.open("rb") as rows:
            shutil.copyfileobj(rows, out)
    body.unlink()
    return [Column(label, trino_name(kind)) for label, kind in zip(labels, types, strict=True)]


def read_page(csv_file: Path, offset: int, limit: int) -> tuple[list[list[str | None]], int | None]:
    """Up to `limit` rows from a byte offset (the header is a row), and the offset of the next page or None."""
    rows: list[list[str | None]] = []
    with csv_file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        row: list[str | None] = []
        while len(rows) < limit and offset < len(content):
            match = _FIELD.match(content, offset)
            assert match is not None, f"{csv_file} is no result of ours at byte {offset}"
            value = match.group(1)
            row.append(None if value is None else value.replace(b'""', b'"').decode())
            offset = match.end()
            if match.group(2) == b"\n":
                rows.append(row)
                row = []
        return rows, offset if offset < len(content) else None
