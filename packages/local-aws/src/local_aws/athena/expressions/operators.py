"""Operators by Trino's rules: their types, NaN, overflow, division, dates and intervals."""

from __future__ import annotations

from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.expressions.trino_types import (
    BOOLEAN,
    DATE,
    DAYS,
    DOUBLE,
    FLOATING,
    MAX_PRECISION,
    MONTHS,
    REAL,
    UNKNOWN,
    VARCHAR,
    WHOLE,
    Type,
    as_decimal,
    common,
    decimal,
    duckdb_of,
    is_number,
)
from local_aws.athena.expressions.typed import Typed, coerced, made
from local_aws.athena.position import Position

_FLIPPED = {"=": "=", "<>": "=", "<": "<", ">": "<", "<=": "<=", ">=": "<="}
_MACROS = {
    "=": "athena_eq",
    "<>": "athena_ne",
    "<": "athena_lt",
    "<=": "athena_le",
    ">": "athena_gt",
    ">=": "athena_ge",
}
_PLAIN_COMPARED = {"boolean", "tinyint", "smallint", "integer", "bigint", "decimal", "varchar", "varbinary", "date",
                   "timestamp", "timestamp with time zone", DAYS.name, MONTHS.name, "unknown"}  # fmt: skip


def mismatch(operator: str, left: Type, right: Type, position: Position | None) -> QueryFailedError:
    """Trino's error of an operator that does not take the types."""
    return QueryFailedError("TYPE_MISMATCH", f"Cannot apply operator: {left} {operator} {right}", position)


def compare(operator: str, left: Typed, right: Typed, position: Position | None) -> Typed:
    """A comparison: NaN equals nothing, and is neither larger nor smaller than anything."""
    kind = common(left.type, right.type)
    if kind is None:
        raise mismatch(_FLIPPED[operator], left.type, right.type, position)
    left, right = coerced(left, kind, position), coerced(right, kind, position)
    if kind in FLOATING:
        return made(f"{_MACROS[operator]}({{0}}, {{1}})", BOOLEAN, left, right)
    if kind.name == "map" and operator not in ("=", "<>"):
        raise mismatch(_FLIPPED[operator], left.type, right.type, position)
    if kind.name not in _PLAIN_COMPARED:
        raise not_supported(f"comparisons of {kind}", position)
    if kind == UNKNOWN:
        return made("CAST(NULL AS BOOLEAN)", BOOLEAN)
    return made(f"({{0}} {operator} {{1}})", BOOLEAN, left, right)


def distinct(left: Typed, right: Typed, position: Position | None, *, differ: bool) -> Typed:
    """IS [NOT] DISTINCT FROM, for which null and NaN equal themselves."""
    kind = common(left.type, right.type)
    if kind is None:
        raise mismatch("IS DISTINCT FROM", left.type, right.type, position)
    if kind.name not in _PLAIN_COMPARED | {"real", "double"}:
        raise not_supported(f"comparisons of {kind}", position)
    word = "IS DISTINCT FROM" if differ else "IS NOT DISTINCT FROM"
    return made(f"({{0}} {word} {{1}})", BOOLEAN, coerced(left, kind), coerced(right, kind))


def arithmetic(operator: str, left: Typed, right: Typed, position: Position | None) -> Typed:
    """The translation of + - * / %."""
    if is_number(left.type) and is_number(right.type):
        return _numbers(operator, left, right, position)
    if UNKNOWN in (left.type, right.type):
        other = right.type if left.type == UNKNOWN else left.type
        if is_number(other):
            return _numbers(operator, coerced(left, other), coerced(right, other), position)
        raise not_supported("arithmetic with null", position)
    found = _times(operator, left, right, position)
    if found is None:
        raise mismatch(operator, left.type, right.type, position)
    return found


def _numbers(operator: str, left: Typed, right: Typed, position: Position | None) -> Typed:
    kind = common(left.type, right.type)
    assert kind is not None
    if kind.name == "decimal":
        return _decimals(operator, left, right, position)
    left, right = coerced(left, kind), coerced(right, kind)
    if kind in FLOATING:
        if operator == "/":
            divided = made("athena_double_division({0}, {1})", DOUBLE, left, right)
            return divided if kind == DOUBLE else made("CAST({0} AS FLOAT)", REAL, divided)
        return made(f"({{0}} {operator} {{1}})", kind, left, right)
    sign = "//" if operator == "/" else operator
    # The smallest number modulo -1 is 0.
    sql = "(CASE WHEN {1} = -1 THEN {0} * 0 ELSE {0} % {1} END)" if operator == "%" else f"({{0}} {sign} {{1}})"
    return made(f"CAST({sql} AS {duckdb_of(kind)})", kind, left, right)


def _decimals(operator: str, left: Typed, right: Typed, position: Position | None) -> Typed:
    one, other = as_decimal(left.type), as_decimal(right.type)
    assert one is not None
    assert other is not None
    (p1, s1), (p2, s2) = one.args, other.args
    scale = max(s1, s2)
    if operator == "*":
        if s1 + s2 > MAX_PRECISION:
            raise not_supported("a product of so many digits", position)
        kind = decimal(min(p1 + p2, MAX_PRECISION), s1 + s2)
        if p1 + p2 > MAX_PRECISION:
            raise not_supported("products of decimals of more than 38 digits", position)
        return made(f"CAST(({{0}} * {{1}}) AS {duckdb_of(kind)})", kind, coerced(left, one), coerced(right, other))
    if operator in ("/", "%"):
        if operator == "/":
            kind = decimal(min(MAX_PRECISION, p1 + s2 + max(s2 - s1, 0)), scale)
        else:
            kind = decimal(min(p2 - s2, p1 - s1) + scale, scale)
        texts = [
            made("CAST({0} AS VARCHAR)", VARCHAR, coerced(side, wide)) for side, wide in ((left, one), (right, other))
        ]
        return made(
            f"CAST(athena_decimal_operation({{0}}, '{operator}', {{1}}, {scale}) AS {duckdb_of(kind)})", kind, *texts
        )
    kind = decimal(min(MAX_PRECISION, max(p1 - s1, p2 - s2) + scale + 1), scale)
    if max(p1 - s1, p2 - s2) + scale + 1 > MAX_PRECISION:
        raise not_supported("sums of decimals of 38 digits", position)
    # Both sides have the result's type, so that no digit is lost.
    sides = [made(f"CAST({{0}} AS {duckdb_of(kind)})", kind, side) for side in (left, right)]
    return made(f"CAST(({{0}} {operator} {{1}}) AS {duckdb_of(kind)})", kind, *sides)


def _times(operator: str, left: Typed, right: Typed, position: Position | None) -> Typed | None:
    """Dates, timestamps and intervals; None where Trino has no such operator."""
    kinds = (left.type, right.type)
    if operator == "+" and left.type in (DAYS, MONTHS) and right.type not in (DAYS, MONTHS):
        return _times("+", right, left, position)
    if operator in ("+", "-") and right.type in (DAYS, MONTHS):
        if left.type == right.type:
            return made(f"({{0}} {operator} {{1}})", left.type, left, right)
        return shifted(left, right, -1 if operator == "-" else 1)
    if (
        operator == "-"
        and left.type.name == right.type.name
        and left.type.name in ("date", "timestamp", "timestamp with time zone")
    ):
        sql = "(({0} - {1}) * 86400000)" if left.type == DATE else "((epoch_us({0}) - epoch_us({1})) // 1000)"
        if left.type == DATE:
            return made("(CAST({0} - {1} AS BIGINT) * 86400000)", DAYS, left, right)
        if max(left.type.args[0], right.type.args[0]) > 3:
            raise not_supported("differences of timestamps of more than three digits", position)
        return made(sql, DAYS, left, right)
    if operator == "-" and {left.type.name, right.type.name} == {"date", "timestamp"}:
        kind = common(*kinds)
        assert kind is not None
        return _times("-", coerced(left, kind), coerced(right, kind), position)
    if (operator == "*" and DAYS in kinds) or (operator == "*" and MONTHS in kinds):
        interval, factor = (left, right) if left.type in (DAYS, MONTHS) else (right, left)
        if factor.type in WHOLE:
            return made(f"CAST({{0}} * {{1}} AS {duckdb_of(interval.type)})", interval.type, interval, factor)
        if is_number(factor.type):
            raise not_supported("an interval times a fraction", position)
    if operator == "/" and left.type in (DAYS, MONTHS) and is_number(right.type):
        raise not_supported("the division of an interval", position)
    return None


def shifted(at: Typed, by: Typed, sign: int) -> Typed | None:
    """A date or timestamp plus or minus an interval."""
    kind = at.type
    amount = "{1}" if sign > 0 else "(-{1})"
    if by.type == MONTHS:
        sql = f"({{0}} + to_months({amount}))"
    elif kind == DATE:
        return made(f"athena_shifted_date({{0}}, {amount})", DATE, at, by)
    else:
        sql = f"({{0}} + to_microseconds({amount} * 1000))"
    if kind == DATE:
        return made(f"CAST({sql} AS DATE)", DATE, at, by)
    if kind.name == "timestamp":
        precision = kind.args[0] if by.type == MONTHS else max(kind.args[0], 3)
        return made(sql, Type("timestamp", (precision,)), at, by)
    if kind.name == "timestamp with time zone":
        precision = kind.args[0] if by.type == MONTHS else max(kind.args[0], 3)
        plain = sql.replace("{0}", "timezone('UTC', {0})")
        return made(f"timezone('UTC', {plain})", Type(kind.name, (precision,)), at, by)
    return None


def negated(given: Typed, position: Position | None) -> Typed:
    """The translation of -x."""
    kind = given.type
    if not is_number(kind) and kind not in (DAYS, MONTHS):
        if kind == UNKNOWN:
            raise not_supported("the negative of null", position)
        raise QueryFailedError("TYPE_MISMATCH", f"Cannot negate {kind}", position)
    sql = f"CAST((-{{0}}) AS {duckdb_of(kind)})"
    return made(sql, kind, given)


def joined(left: Typed, right: Typed, position: Position | None) -> Typed:
    """The translation of ||."""
    names = {left.type.name, right.type.name}
    if names == {"varchar"} or (names == {"varchar", "unknown"}):
        return made("({0} || {1})", VARCHAR, coerced(left, VARCHAR), coerced(right, VARCHAR))
    if names == {"varbinary"}:
        return made("({0} || {1})", left.type, left, right)
    if "array" in names:
        return _arrays(left, right, position)
    if "unknown" in names or "char" in names or "json" in names:
        raise not_supported(f"{left.type} || {right.type}", position)
    raise mismatch("||", left.type, right.type, position)


def _arrays(left: Typed, right: Typed, position: Position | None) -> Typed:
    of = [side.type.args[0] if side.type.name == "array" else side.type for side in (left, right)]
    kind = common(of[0], of[1])
    if kind is None:
        raise mismatch("||", left.type, right.type, position)
    if kind.name in ("array", "row", "map"):
        raise not_supported("|| of nested arrays", position)
    sides = []
    for side in (left, right):
        if side.type.name == "array":
            sides.append(coerced(side, Type("array", (kind,)), position))
        else:
            sides.append(made("[{0}]", Type("array", (kind,)), coerced(side, kind, position)))
    return made(
        "CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN list_concat({0}, {1}) END", Type("array", (kind,)), *sides
    )
