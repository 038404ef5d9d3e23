"""Type names of Hive (catalog), DuckDB (queries) and Trino (results)."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from sqlglot import exp

from local_aws.athena.kinds import Kind

# DuckDB's name -> Trino's. DuckDB's unsigned and 128-bit numbers only arise where Trino has bigint.
_PLAIN = {
    "boolean": "boolean",
    "tinyint": "tinyint",
    "smallint": "smallint",
    "integer": "integer",
    "bigint": "bigint",
    "hugeint": "bigint",
    "uhugeint": "bigint",
    "ubigint": "bigint",
    "uinteger": "bigint",
    "usmallint": "integer",
    "utinyint": "smallint",
    "float": "real",
    "double": "double",
    "varchar": "varchar",
    "blob": "varbinary",
    "date": "date",
    "time": "time(3)",
    "timestamp": "timestamp(3)",
    "timestamp_ms": "timestamp(3)",
    "timestamp_ns": "timestamp(3)",
    "timestamp_s": "timestamp(3)",
    "timestamp with time zone": "timestamp(3) with time zone",
    "interval": "interval day to second",
    "null": "unknown",
    "sqlnull": "unknown",
    "uuid": "uuid",
}


@cache
def duckdb_of_hive(hive: str) -> str:
    """The DuckDB type of a catalog column: `array<int>` is `INTEGER[]`."""
    text = exp.DataType.build(hive, dialect="hive").sql("duckdb")
    for written, reported in (("TEXT", "VARCHAR"), ("INT", "INTEGER"), ("REAL", "FLOAT")):
        text = re.sub(rf"\b{written}\b", reported, text)
    return text.replace(", ", ",") if text.startswith("DECIMAL") else text


def trino_of_hive(hive: str) -> str:
    """The Trino type of a catalog column, as in information_schema."""
    text = exp.DataType.build(hive, dialect="hive").sql("trino").lower()
    return text.replace("timestamp", "timestamp(3)")


def trino_name(of: Kind) -> str:
    """The Trino name of a DuckDB type: `timestamp(3)`, `array(bigint)`, `decimal(4,1)`."""
    parts: list[Any] = list(of.children) if of.id in ("list", "map", "struct", "decimal", "array") else []
    if of.id == "decimal":
        return f"decimal({parts[0][1]},{parts[1][1]})"
    if of.id in ("list", "array"):
        return f"array({trino_name(parts[0][1])})"
    if of.id == "map":
        return f"map({trino_name(parts[0][1])}, {trino_name(parts[1][1])})"
    if of.id == "struct":
        return "row(" + ", ".join(f"{name} {trino_name(child)}" for name, child in parts) + ")"
    return _PLAIN.get(of.id, of.id)


_WIDER = ("tinyint", "smallint", "integer", "bigint", "decimal", "real", "double")


def can_coerce(given: str, wanted: str) -> bool:
    """Whether Trino coerces a value of type `given` to `wanted`."""
    given_base, wanted_base = given.split("(")[0], wanted.split("(")[0]
    if given == wanted or given == "unknown" or (given_base == wanted_base and given_base in ("varchar", "char")):
        return True
    if given_base in _WIDER and wanted_base in _WIDER:
        return _WIDER.index(given_base) <= _WIDER.index(wanted_base)
    if given_base == "timestamp" == wanted_base:
        return given.endswith("zone") == wanted.endswith("zone")
    return given == "date" and wanted_base == "timestamp"
