"""CAST and TRY_CAST by Trino's rules."""

from __future__ import annotations

from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.expressions.template import text_literal
from local_aws.athena.expressions.trino_types import (
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOATING,
    INTEGER,
    REAL,
    UNKNOWN,
    VARCHAR,
    WHOLE,
    Type,
    duckdb_of,
    field_name,
    is_number,
)
from local_aws.athena.expressions.typed import Typed, coerced, made
from local_aws.athena.position import Position


def cast(given: Typed, wanted: Type, position: Position | None, *, safely: bool = False) -> Typed:
    """The value as another type. Raises QueryFailedError (TYPE_MISMATCH, NOT_SUPPORTED)."""
    duckdb_of(wanted)
    done = _cast(given, wanted, position)
    if not safely:
        return done
    if done.partial:
        raise not_supported(f"TRY_CAST of {given.type} to {wanted}", position)
    return made("TRY({0})", wanted, done) if done.sql is not given.sql else done


def _cast(given: Typed, wanted: Type, position: Position | None) -> Typed:
    kind = given.type
    if kind == wanted:
        return given
    if kind == UNKNOWN:
        return coerced(given, wanted)
    if wanted.name == "varchar":
        return _to_text(given, wanted, position)
    if kind.name == "varchar":
        return _of_text(given, wanted, position)
    if is_number(kind) and is_number(wanted):
        return _number(given, wanted)
    if kind == BOOLEAN and wanted.name == "decimal":
        return _number(made("CAST({0} AS INTEGER)", INTEGER, given), wanted)
    if kind == BOOLEAN and wanted in (*WHOLE, *FLOATING):
        return made(f"CAST({{0}} AS {duckdb_of(wanted)})", wanted, given)
    if wanted == BOOLEAN and (kind in FLOATING or kind.name == "decimal"):
        raise not_supported(f"a cast of {kind} to boolean", position)
    if wanted == BOOLEAN and kind in WHOLE:
        return made("({0} <> 0)", wanted, given)
    if kind == DATE and wanted.name == "timestamp":
        return made("CAST({0} AS TIMESTAMP)", wanted, given)
    if kind.name == "timestamp" and wanted == DATE:
        return made("CAST({0} AS DATE)", wanted, given)
    if kind.name == "timestamp" and wanted.name == "timestamp":
        return rounded(given, wanted)
    if kind.name == "timestamp with time zone" and wanted.name in ("timestamp", "date"):
        # The zone is UTC.
        plain = made("timezone('UTC', {0})", Type("timestamp", kind.args), given)
        return rounded(plain, wanted) if wanted.name == "timestamp" else made("CAST({0} AS DATE)", DATE, plain)
    if kind.name in ("timestamp", "date") and wanted.name == "timestamp with time zone":
        plain = given if kind.name == "timestamp" else made("CAST({0} AS TIMESTAMP)", Type("timestamp", (0,)), given)
        return made("CAST({0} AS TIMESTAMPTZ)", wanted, rounded(plain, Type("timestamp", wanted.args)))
    if kind.name == wanted.name and kind.name == "array":
        inner = _cast(Typed(made("v", kind.args[0]).sql, kind.args[0]), wanted.args[0], position)
        return made("list_transform({0}, lambda v: {1})", wanted, given, inner, partial=inner.partial)
    if kind.name == wanted.name == "row":
        return _row(given, wanted, position)
    if {kind.name, wanted.name} & {"map", "json", "varbinary", "row", "array"} or wanted.name.startswith("timestamp"):
        raise not_supported(f"a cast of {kind} to {wanted}", position)
    raise QueryFailedError("TYPE_MISMATCH", f"Cannot cast {kind} to {wanted}", position)


def _row(given: Typed, wanted: Type, position: Position | None) -> Typed:
    if len(given.type.args) != len(wanted.args):
        raise QueryFailedError("TYPE_MISMATCH", f"Cannot cast {given.type} to {wanted}", position)
    fields, parts = [], []
    for place, ((_, kind), (name, to)) in enumerate(zip(given.type.args, wanted.args, strict=True)):
        field = made(
            f"struct_extract({{0}}, {text_literal(field_name(place, given.type.args[place][0]))})", kind, given
        )
        parts.append(_cast(field, to, position))
        fields.append(f'"{name or f"field{place}"}" := {{{place}}}')
    whole = made(f"struct_pack({', '.join(fields)})", wanted, *parts)
    return made(f"CASE WHEN {{0}} IS NOT NULL THEN CAST({{1}} AS {duckdb_of(wanted)}) END", wanted, given, whole)


def rounded(given: Typed, wanted: Type) -> Typed:
    """A timestamp of another precision; Trino rounds half up."""
    if wanted.args[0] >= given.type.args[0]:
        return Typed(given.sql, wanted, None, given.partial)
    return made(f"athena_rounded_time({{0}}, {10 ** (6 - wanted.args[0])})", wanted, given)


def _number(given: Typed, wanted: Type) -> Typed:
    kind = given.type
    if wanted in WHOLE and kind in FLOATING:
        return made(f"CAST(athena_whole({{0}}) AS {duckdb_of(wanted)})", wanted, coerced(given, DOUBLE))
    if kind == DOUBLE and wanted == REAL:
        return made("athena_real({0})", wanted, given)
    if wanted.name == "decimal" and kind in FLOATING:
        return made(f"CAST(athena_scaled_text({{0}}, {wanted.args[1]}) AS {duckdb_of(wanted)})", wanted, as_text(given))
    if kind.name == "decimal" and wanted in FLOATING:
        return coerced(given, wanted)
    if kind.name == "decimal" and wanted.name == "decimal" and wanted.args[1] < kind.args[1]:
        text = made("CAST({0} AS VARCHAR)", VARCHAR, given)
        return made(f"CAST(athena_scaled_text({{0}}, {wanted.args[1]}) AS {duckdb_of(wanted)})", wanted, text)
    if kind.name == "decimal" and wanted in WHOLE:
        text = made("CAST({0} AS VARCHAR)", VARCHAR, given)
        return made(f"CAST(athena_scaled_text({{0}}, 0) AS {duckdb_of(wanted)})", wanted, text)
    return made(f"CAST({{0}} AS {duckdb_of(wanted)})", wanted, given)


def as_text(given: Typed) -> Typed:
    """A number as Java's text: `1.0E-4`."""
    if given.type == DOUBLE:
        return made("athena_double_text({0})", VARCHAR, given)
    if given.type == REAL:
        return made("athena_double_text(CAST(CAST({0} AS VARCHAR) AS DOUBLE))", VARCHAR, given)
    return made(plain_text("{0}", given.type), VARCHAR, given)


def plain_text(sql: str, kind: Type) -> str:
    """DuckDB's text of a value; it leaves out the zero of a decimal that has no other digit before the point."""
    if kind.name == "decimal" and kind.args[0] == kind.args[1]:
        return f"regexp_replace(CAST({sql} AS VARCHAR), '^(-?)\\.', '\\10.')"
    return f"CAST({sql} AS VARCHAR)"


def cast_text(given: Typed) -> Typed:
    """A number as CAST(... AS varchar) has it: doubles in scientific notation."""
    if given.type == DOUBLE:
        return made("athena_scientific({0})", VARCHAR, given)
    if given.type == REAL:
        return made("athena_scientific(CAST(CAST({0} AS VARCHAR) AS DOUBLE))", VARCHAR, given)
    return as_text(given)


def _to_text(given: Typed, wanted: Type, position: Position | None) -> Typed:
    kind = given.type
    if kind.name == "varchar":
        if not wanted.args or (kind.args and -1 < kind.args[0] <= wanted.args[0]):
            return Typed(given.sql, wanted, given.literal, given.partial)
        return made(f"substring({{0}}, 1, {wanted.args[0]})", wanted, given)
    if (kind in FLOATING or kind == BOOLEAN or kind.name.startswith("timestamp")) and wanted.args:
        raise not_supported(f"a cast of {kind} to {wanted}", position)
    if is_number(kind) or kind in (BOOLEAN, DATE):
        text = cast_text(given)
        text = made("athena_date_text({0})", VARCHAR, given) if kind == DATE else text
    elif kind.name == "timestamp":
        text = made(f"athena_time_text({{0}}, {kind.args[0]})", VARCHAR, given)
    elif kind.name == "timestamp with time zone":
        text = made(f"athena_time_text(timezone('UTC', {{0}}), {kind.args[0]}) || ' UTC'", VARCHAR, given)
    elif kind.name in ("array", "map", "row"):
        raise QueryFailedError("TYPE_MISMATCH", f"Cannot cast {kind} to {wanted}", position)
    else:
        raise not_supported(f"a cast of {kind} to {wanted}", position)
    if wanted.args:
        return made(f"athena_fitting({{0}}, {wanted.args[0]})", wanted, text)
    return text


def _of_text(given: Typed, wanted: Type, position: Position | None) -> Typed:
    if wanted.name == "decimal":
        return made(
            f"CAST(athena_decimal_of({{0}}, {wanted.args[0]}, {wanted.args[1]}) AS {duckdb_of(wanted)})", wanted, given
        )
    if wanted in WHOLE:
        return made(f"CAST(athena_whole_text({{0}}, '{wanted}') AS {duckdb_of(wanted)})", wanted, given)
    if wanted in FLOATING:
        return made(f"CAST(athena_parsed_double({{0}}, '{wanted}') AS {duckdb_of(wanted)})", wanted, given)
    if wanted == BOOLEAN:
        return made("athena_boolean_of({0})", wanted, given)
    if wanted == DATE:
        return made("CAST(athena_date_of({0}) AS DATE)", wanted, given)
    if wanted.name == "timestamp":
        plain = made(f"CAST(athena_time_of({{0}}, {wanted.args[0]}) AS TIMESTAMP)", Type("timestamp", (6,)), given)
        return Typed(plain.sql, wanted, None, plain.partial)
    if wanted.name in ("array", "map", "row", "interval day to second", "interval year to month"):
        raise QueryFailedError("TYPE_MISMATCH", f"Cannot cast {given.type} to {wanted}", position)
    raise not_supported(f"a cast of {given.type} to {wanted}", position)
