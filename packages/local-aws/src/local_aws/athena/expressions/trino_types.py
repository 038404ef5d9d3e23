"""Trino's types: their names, their common super types, and their counterparts in DuckDB."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from local_aws.athena.errors import not_supported
from local_aws.athena.kinds import Kind

MAX_PRECISION = 38


@dataclass(frozen=True)
class Type:
    """A type: `varchar` with its length or (), `decimal` with precision and scale, `array` with its element type.

    A row's `args` are its fields as (name or None, type). A `varchar` of length -1 has a length that is not known here.
    """

    name: str
    args: tuple[Any, ...] = ()

    def __str__(self) -> str:
        if self.name == "row":
            return f"row({', '.join(f'{name} {kind}' if name else str(kind) for name, kind in self.args)})"
        if self.name == "varchar" and self.args == (-1,):
            return "varchar"
        if self.name == "timestamp with time zone":
            return f"timestamp({self.args[0]}) with time zone"
        if self.name == "decimal":
            return f"decimal({self.args[0]},{self.args[1]})"
        return self.name + (f"({', '.join(map(str, self.args))})" if self.args else "")


BOOLEAN = Type("boolean")
TINYINT, SMALLINT, INTEGER, BIGINT = Type("tinyint"), Type("smallint"), Type("integer"), Type("bigint")
REAL, DOUBLE = Type("real"), Type("double")
VARCHAR, VARBINARY, JSON = Type("varchar"), Type("varbinary"), Type("json")
SOME_VARCHAR = Type("varchar", (-1,))
DATE = Type("date")
DAYS, MONTHS = Type("interval day to second"), Type("interval year to month")
UNKNOWN = Type("unknown")

WHOLE = (TINYINT, SMALLINT, INTEGER, BIGINT)
FLOATING = (REAL, DOUBLE)
_DIGITS = {TINYINT: 3, SMALLINT: 5, INTEGER: 10, BIGINT: 19}
_LADDER = ("tinyint", "smallint", "integer", "bigint", "decimal", "real", "double")


def decimal(precision: int, scale: int) -> Type:
    """The decimal of a precision and a scale."""
    return Type("decimal", (precision, scale))


def array(of: Type) -> Type:
    """The array of a type."""
    return Type("array", (of,))


def timestamp(precision: int) -> Type:
    """The timestamp of a precision."""
    return Type("timestamp", (precision,))


def with_zone(precision: int) -> Type:
    """The timestamp with a time zone, of a precision."""
    return Type("timestamp with time zone", (precision,))


def is_number(kind: Type) -> bool:
    """Whether it is a numeric type."""
    return kind.name in _LADDER


def as_decimal(kind: Type) -> Type | None:
    """The decimal that holds all values of an exact number's type."""
    if kind.name == "decimal":
        return kind
    return decimal(_DIGITS[kind], 0) if kind in _DIGITS else None


def common(one: Type, other: Type) -> Type | None:
    """The common super type, None where there is none."""
    if one == other or other == UNKNOWN:
        return one
    if one == UNKNOWN:
        return other
    if is_number(one) and is_number(other):
        return _common_number(one, other)
    names = {one.name, other.name}
    if names == {"varchar"}:
        if -1 in one.args + other.args:
            return SOME_VARCHAR
        return Type("varchar", (max(one.args[0], other.args[0]),)) if one.args and other.args else VARCHAR
    if names == {"timestamp"} or names == {"timestamp with time zone"}:
        return max(one, other, key=lambda kind: kind.args[0])
    if names == {"date", "timestamp"}:
        return one if one.name == "timestamp" else other
    if names == {"date", "timestamp with time zone"}:
        return one if one.name != "date" else other
    if names == {"timestamp", "timestamp with time zone"}:
        return with_zone(max(one.args[0], other.args[0]))
    if len(names) == 1 and one.name in ("array", "map"):
        parts = [common(mine, its) for mine, its in zip(one.args, other.args, strict=True)]
        return None if None in parts else Type(one.name, tuple(parts))
    if names == {"row"} and len(one.args) == len(other.args):
        fields = [
            (mine[0] if mine[0] == its[0] else None, common(mine[1], its[1]))
            for mine, its in zip(one.args, other.args, strict=True)
        ]
        return None if any(kind is None for _, kind in fields) else Type("row", tuple(fields))
    return None


def _common_number(one: Type, other: Type) -> Type:
    if "decimal" not in (one.name, other.name) or {one.name, other.name} & {"real", "double"}:
        return max(one, other, key=lambda kind: _LADDER.index(kind.name))
    (p1, s1), (p2, s2) = (kind.args for kind in (as_decimal(one), as_decimal(other)) if kind)
    scale = max(s1, s2)
    return decimal(min(MAX_PRECISION, max(p1 - s1, p2 - s2) + scale), scale)


def can_coerce(given: Type, wanted: Type) -> bool:
    """Whether Trino converts `given` to `wanted` without being asked."""
    return common(given, wanted) == wanted or (given.name == wanted.name == "varchar" and wanted.args in ((), (-1,)))


_DUCKDB = {
    "boolean": "BOOLEAN", "tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INTEGER", "bigint": "BIGINT",
    "real": "FLOAT", "double": "DOUBLE", "varchar": "VARCHAR", "varbinary": "BLOB", "json": "VARCHAR", "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMPTZ",
    # An interval is its milliseconds, or its months.
    "interval day to second": "BIGINT", "interval year to month": "INTEGER",
    "unknown": "INTEGER",
}  # fmt: skip
MAX_TIME_PRECISION = 6


def duckdb_of(kind: Type) -> str:
    """The DuckDB type that holds a type's values. Raises QueryFailedError (NOT_SUPPORTED)."""
    if kind.name == "decimal":
        return f"DECIMAL({kind.args[0]}, {kind.args[1]})"
    if kind.name == "array":
        return f"{duckdb_of(kind.args[0])}[]"
    if kind.name == "map":
        return f"MAP({duckdb_of(kind.args[0])}, {duckdb_of(kind.args[1])})"
    if kind.name == "row":
        fields = (f'"{field_name(place, name)}" {duckdb_of(of)}' for place, (name, of) in enumerate(kind.args))
        return f"STRUCT({', '.join(fields)})"
    if kind.name not in _DUCKDB or (kind.name.startswith("timestamp") and kind.args[0] > MAX_TIME_PRECISION):
        raise not_supported(f"values of type {kind}")
    return _DUCKDB[kind.name]


def field_name(place: int, name: str | None) -> str:
    """The name of a row's field in DuckDB and in a result."""
    return name or f"field{place}"


_KINDS = {"real": "float", "varbinary": "blob", "unknown": "null", DAYS.name: "interval", MONTHS.name: "interval"}


def kind_of_type(kind: Type) -> Kind:
    """A type as what the rest of the local Athena knows it by."""
    if kind.name == "decimal":
        return Kind("decimal", (("precision", kind.args[0]), ("scale", kind.args[1])))
    if kind.name == "array":
        return Kind("list", (("child", kind_of_type(kind.args[0])),))
    if kind.name == "map":
        return Kind("map", (("key", kind_of_type(kind.args[0])), ("value", kind_of_type(kind.args[1]))))
    if kind.name == "row":
        return Kind(
            "struct", tuple((field_name(place, name), kind_of_type(of)) for place, (name, of) in enumerate(kind.args))
        )
    return Kind(_KINDS.get(kind.name, kind.name))


_TOKENS = re.compile(r'"[^"]*"|[\w$]+|[(),<>:]')
_ALIASES = {"int": "integer", "float": "real", "string": "varchar", "binary": "varbinary", "struct": "row"}


def parse_type(text: str) -> Type:
    """The type of a text, in Trino's notation or Hive's: `array(bigint)`, `array<bigint>`, `struct<a:int>`.

    Raises QueryFailedError (NOT_SUPPORTED).
    """
    tokens = _TOKENS.findall(text)
    kind, rest = _parse(tokens)
    if rest:
        raise not_supported(f"the type {text}")
    return kind


def _parse(tokens: list[str]) -> tuple[Type, list[str]]:
    if not tokens:
        raise not_supported("this type")
    name, rest = _ALIASES.get(tokens[0].lower(), tokens[0].lower()), tokens[1:]
    if name == "double" and rest[:1] == ["precision"]:
        rest = rest[1:]
    if name == "interval":
        return (Type(" ".join([name, *(word.lower() for word in rest[:3])])), rest[3:])
    args: list[Any] = []
    if rest and rest[0] in "(<":
        rest = rest[1:]
        while rest and rest[0] not in ")>":
            if rest[0] == ",":
                rest = rest[1:]
            elif rest[0].isdigit():
                args.append(int(rest[0]))
                rest = rest[1:]
            elif name == "row":
                field, rest = _parse_field(rest)
                args.append(field)
            else:
                kind, rest = _parse(rest)
                args.append(kind)
        rest = rest[1:]
    if name in ("timestamp", "time"):
        zoned = [word.lower() for word in rest[:3]] == ["with", "time", "zone"]
        return Type(f"{name} with time zone" if zoned else name, tuple(args) or (3,)), rest[3:] if zoned else rest
    if name == "decimal" and len(args) < 2:
        args = [*(args or [MAX_PRECISION]), 0]
    return Type(name, tuple(args)), rest


def _parse_field(tokens: list[str]) -> tuple[tuple[str | None, Type], list[str]]:
    following = tokens[1] if len(tokens) > 1 else ")"
    if following == ":":
        kind, rest = _parse(tokens[2:])
        return (tokens[0].strip('"').lower(), kind), rest
    if following in ("(", ")", ",", ">") or (
        tokens[0].lower() in ("interval", "timestamp", "double", "time")
        and following.lower() in ("day", "year", "with", "precision")
    ):
        kind, rest = _parse(tokens)
        return (None, kind), rest
    kind, rest = _parse(tokens[1:])
    return (tokens[0].strip('"').lower(), kind), rest


_SQLGLOT = {
    "integer": "INT", "real": "FLOAT", "varbinary": "VARBINARY", "timestamp with time zone": "TIMESTAMPTZ",
    "timestamp": "TIMESTAMP",
    "varchar": "VARCHAR", DAYS.name: "INTERVAL", MONTHS.name: "INTERVAL", "unknown": "NULL", "row": "STRUCT",
}  # fmt: skip


def sqlglot_of(kind: Type) -> exp.DataType:
    """A type as sqlglot has it; `type_of` finds the same type again."""
    name = _SQLGLOT.get(kind.name, kind.name.upper())
    made = exp.DataType(this=exp.DType[name], nested=kind.name in ("array", "map", "row"))
    if kind.name in ("decimal", "varchar", "timestamp") and kind.args and kind.args != (-1,):
        made.set("expressions", [exp.DataTypeParam(this=exp.Literal.number(number)) for number in kind.args])
    if kind.name in ("array", "map"):
        made.set("expressions", [sqlglot_of(part) for part in kind.args])
    made.meta["athena"] = kind
    return made


def type_of(found: exp.DataType) -> Type:
    """The type of what `sqlglot_of` made, or of sqlglot's own type."""
    kept = found.meta.get("athena")
    if isinstance(kept, Type):
        return kept
    if found.this == exp.DType.ARRAY and found.expressions:
        return array(type_of(found.expressions[0]))
    return parse_type(found.sql("trino").replace("TEXT", "VARCHAR"))
