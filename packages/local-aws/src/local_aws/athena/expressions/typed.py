"""A translated expression with its Trino type."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from local_aws.athena.errors import not_supported
from local_aws.athena.expressions.template import Template
from local_aws.athena.expressions.trino_types import (
    DATE,
    DOUBLE,
    REAL,
    UNKNOWN,
    WHOLE,
    Type,
    as_decimal,
    duckdb_of,
    sqlglot_of,
)
from local_aws.athena.position import Position


@dataclass
class Typed:
    """An expression of DuckDB, its Trino type, and the text of a literal.

    `partial` says that it may raise NOT_SUPPORTED while it runs, which TRY would hide.
    """

    sql: exp.Expr
    type: Type
    literal: str | None = None
    partial: bool = False

    def __post_init__(self) -> None:
        self.sql.type = sqlglot_of(self.type)
        if self.partial:
            self.sql.meta["partial"] = True


def made(sql: str, kind: Type, *parts: Typed, partial: bool = False) -> Typed:
    """A template of translated parts."""
    expression = Template(this=sql, expressions=[part.sql for part in parts])
    return Typed(expression, kind, partial=partial or any(part.partial for part in parts))


def coerced(given: Typed, wanted: Type, position: Position | None = None) -> Typed:
    """The same value as another type that it converts to without being asked."""
    kind = given.type
    if kind == wanted or (kind.name == wanted.name == "varchar"):
        return Typed(given.sql, wanted if kind != wanted else kind, given.literal, given.partial)
    if kind == UNKNOWN:
        return made(f"CAST({{0}} AS {duckdb_of(wanted)})", wanted, given)
    if wanted in (REAL, DOUBLE) and kind.name == "decimal":
        # The nearest double of the decimal's text, as in Java.
        return made(f"CAST(CAST({{0}} AS VARCHAR) AS {duckdb_of(wanted)})", wanted, given)
    if wanted == REAL and as_decimal(kind):
        return made("CAST({0} AS FLOAT)", wanted, given)
    if kind.name == wanted.name == "timestamp":
        return Typed(given.sql, wanted, None, given.partial)
    if kind.name == wanted.name == "timestamp with time zone":
        return Typed(given.sql, wanted, None, given.partial)
    if kind.name == "row" and wanted.name == "row":
        if [name for name, _ in kind.args] != [name for name, _ in wanted.args]:
            raise not_supported("rows of different field names", position)
        return made(f"CAST({{0}} AS {duckdb_of(wanted)})", wanted, given)
    if kind.name in ("array", "map") and any(_is_delicate(a, b) for a, b in zip(kind.args, wanted.args, strict=True)):
        raise not_supported(f"the conversion of {kind} to {wanted}", position)
    if kind == DATE and wanted.name == "timestamp with time zone":
        return made("CAST(CAST({0} AS TIMESTAMP) AS TIMESTAMPTZ)", wanted, given)
    if duckdb_of(kind) == duckdb_of(wanted):
        return Typed(given.sql, wanted, given.literal, given.partial)
    converted = made(f"CAST({{0}} AS {duckdb_of(wanted)})", wanted, given)
    if wanted in WHOLE:
        converted.literal = given.literal
    return converted


def _is_delicate(one: Type, other: Type) -> bool:
    return (
        one != other and one != UNKNOWN and (one.name in ("decimal", "row", "array", "map") and other.name != one.name)
    )
