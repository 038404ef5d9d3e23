"""Literals of numbers, times and intervals."""

from __future__ import annotations

import datetime
import re

from sqlglot import exp

from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.expressions.trino_types import (
    BIGINT,
    DATE,
    DAYS,
    DOUBLE,
    INTEGER,
    MONTHS,
    Type,
    decimal,
    duckdb_of,
)
from local_aws.athena.expressions.typed import Typed, made
from local_aws.athena.position import Position, node_position

_MILLISECONDS = {"day": 86_400_000, "hour": 3_600_000, "minute": 60_000, "second": 1000}
_MONTHS = {"year": 12, "month": 1}


def number(text: str, position: Position | None) -> Typed:
    """A number as it is written: an integer, a bigint, a decimal or a double."""
    written = text.replace("_", "")
    if re.search(r"[eE]", written):
        value = float(written)
        if value in (float("inf"), float("-inf")):
            raise not_supported("doubles that are too large", position)
        return made(f"CAST('{written}' AS DOUBLE)", DOUBLE)
    if "." in written:
        whole, _, fraction = written.lstrip("-").partition(".")
        digits = len(whole.lstrip("0")) + len(fraction)
        if digits > 38:
            raise QueryFailedError("INVALID_LITERAL", f"Invalid decimal literal '{text}'", position)
        kind = decimal(max(digits, 1), len(fraction))
        return made(f"CAST('{written}' AS {duckdb_of(kind)})", kind)
    if not -(1 << 63) <= int(written) < 1 << 63:
        raise QueryFailedError("SYNTAX_ERROR", f"Invalid numeric literal: {text}", position)
    kind = INTEGER if -(1 << 31) <= int(written) < 1 << 31 else BIGINT
    return Typed(made(f"CAST({written} AS {duckdb_of(kind)})", kind).sql, kind, written)


def time_literal(kind: Type, text: str, position: Position | None) -> Typed:
    """DATE '...', TIMESTAMP '...' and DECIMAL '...'."""
    if kind == DATE:
        found = re.fullmatch(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*", text)
        if found is None or not _exists(found.groups()):
            raise _bad(text, "date", position)
        year, month, day = map(int, found.groups())
        return made(f"DATE '{year:04}-{month:02}-{day:02}'", DATE)
    if kind.name == "decimal":
        found = re.fullmatch(r"([+-]?)(\d*)(?:\.(\d*))?", text)
        if found is None or not (found.group(2) or found.group(3)):
            raise QueryFailedError("INVALID_LITERAL", f"Invalid decimal literal '{text}'", position)
        whole, fraction = found.group(2).lstrip("0"), found.group(3) or ""
        made_kind = decimal(max(len(whole) + len(fraction), 1), len(fraction))
        if made_kind.args[0] > 38:
            raise QueryFailedError("INVALID_LITERAL", f"Invalid decimal literal '{text}'", position)
        return made(f"CAST('{text}' AS {duckdb_of(made_kind)})", made_kind)
    if not kind.name.startswith("timestamp"):
        raise not_supported(f"literals of type {kind}", position)
    found = re.fullmatch(
        r"\s*(\d{4}-\d{1,2}-\d{1,2})(?: (\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?)?(?: (UTC|Z))?\s*", text
    )
    if found is None:
        if re.match(r"\s*[+-]?\d{4,}-\d+-\d+ +\S", text):
            raise not_supported(f"the timestamp '{text}'", position)
        raise _bad(text, "timestamp", position)
    written, hour, minute, second, digits, zone = found.groups()
    fraction = digits or ""
    if len(fraction) > 6:
        raise not_supported("timestamps of more than six digits", position)
    if not _exists(written.split("-")) or int(hour or 0) > 23 or int(minute or 0) > 59 or int(second or 0) > 59:
        raise _bad(text, "timestamp", position)
    date = datetime.date(*map(int, written.split("-")))
    clock = f"{int(hour or 0):02}:{int(minute or 0):02}:{int(second or 0):02}" + (f".{fraction}" if fraction else "")
    at = f"TIMESTAMP '{date.isoformat()} {clock}'"
    if zone:
        return made(f"timezone('UTC', {at})", Type("timestamp with time zone", (len(fraction),)))
    return made(at, Type("timestamp", (len(fraction),)))


def _exists(parts: tuple[str | None, ...] | list[str]) -> bool:
    try:
        datetime.date(*(int(part or 0) for part in parts))
    except ValueError:
        return False
    return True


def _bad(text: str, kind: str, position: Position | None) -> QueryFailedError:
    return QueryFailedError("INVALID_LITERAL", f"'{text}' is not a valid {kind} literal", position)


def interval(node: exp.Interval) -> Typed:
    """INTERVAL '3' DAY, as its milliseconds or months."""
    position = node_position(node)
    unit, value, sign = node.args.get("unit"), node.this, 1
    if isinstance(value, exp.Neg):
        value, sign = value.this, -1
    if not isinstance(value, exp.Literal) or not value.is_string or not isinstance(unit, exp.Var):
        raise not_supported("this interval", position)
    name, text = unit.name.lower(), value.name
    if name not in _MILLISECONDS and name not in _MONTHS:
        words = f"mismatched input '{unit.name}'. Expecting: 'DAY', 'HOUR', 'MINUTE', 'MONTH', 'SECOND', 'YEAR'"
        raise QueryFailedError("SYNTAX_ERROR", words, position)
    if name == "second" and re.fullmatch(r"-?\d{1,12}\.\d{1,3}", text):
        return made(f"CAST({sign * round(float(text) * 1000)} AS BIGINT)", DAYS)
    if not re.fullmatch(r"-?\d{1,9}", text):
        if re.fullmatch(r"[-+]?[\d .:-]+", text):
            raise not_supported(f"the interval '{text}'", position)
        raise QueryFailedError("INVALID_LITERAL", f"'{text}' is not a valid interval literal", position)
    if name in _MONTHS:
        return made(f"CAST({sign * int(text) * _MONTHS[name]} AS INTEGER)", MONTHS)
    return made(f"CAST({sign * int(text) * _MILLISECONDS[name]} AS BIGINT)", DAYS)
