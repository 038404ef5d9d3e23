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
from local_aws.athena.expressions.casts import plain_text
from local_aws.athena.expressions.trino_types import DAYS, MONTHS, Type, field_name
from local_aws.athena.scans import literal

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


def _text(value: str, kind: Type, depth: int = 0) -> str:
    """SQL that prints a value as Athena does."""
    name, inner = kind.name, f"v{depth}"
    if name == "double":
        return f"athena_double_text({value})"
    if name == "real":
        return f"athena_double_text(CAST(CAST({value} AS VARCHAR) AS DOUBLE))"
    if name == "date":
        return f"athena_date_text({value})"
    if name.startswith("timestamp"):
        digits = max(3, kind.args[0])
        if name.endswith("zone"):
            return f"athena_time_text(timezone('UTC', {value}), {digits}) || ' UTC'"
        return f"athena_time_text({value}, {digits})"
    if kind == DAYS:
        return f"athena_interval_text({value})"
    if kind == MONTHS:
        return f"athena_months_text({value})"
    if name == "varbinary":
        return f"trim(regexp_replace(lower(hex({value})), '(..)', '\\1 ', 'g'))"
    if name == "array":
        item = _text(inner, kind.args[0], depth + 1)
        items = f"list_transform({value}, lambda {inner}: coalesce({item}, 'null'))"
        return f"'[' || array_to_string({items}, ', ') || ']'"
    if name == "map":
        key = _text(f"{inner}.key", kind.args[0], depth + 1)
        entry = _text(f"{inner}.value", kind.args[1], depth + 1)
        items = f"list_transform(map_entries({value}), lambda {inner}: {key} || '=' || coalesce({entry}, 'null'))"
        return f"'{{' || array_to_string({items}, ', ') || '}}'"
    if name == "row":
        parts = []
        for place, (field, child) in enumerate(kind.args):
            part = _text(f"struct_extract({value}, {literal(field_name(place, field))})", child, depth + 1)
            parts.append(f"{literal(field_name(place, field) + '=')} || coalesce({part}, 'null')")
        fields = " || ', ' || ".join(parts)
        return f"CASE WHEN {value} IS NOT NULL THEN '{{' || {fields} || '}}' END"
    return plain_text(value, kind)


def write_csv(
    connection: QueryConnection, sql: str, labels: Sequence[str], types: Sequence[Type], target: Path
) -> list[Column]:
    """Run a query and write its rows, in its order, under a header of `labels`. Raises QueryFailedError."""
    names = [f"c{place}" for place in range(len(labels))]
    body = target.with_suffix(".rows")
    try:
        # By a table, which keeps the query's order; an outer query need not.
        connection.execute(f"CREATE TEMP TABLE athena_result({', '.join(names)}) AS {sql}")
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
    return [Column(label, str(kind)) for label, kind in zip(labels, types, strict=True)]


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
