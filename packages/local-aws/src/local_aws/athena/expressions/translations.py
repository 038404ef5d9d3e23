"""Trino's scalar functions that DuckDB does the same, or that are translated; all others are refused.

A key is a function, or one form of it as functions.tsv lists it; `{0}` is its first argument.
"""

# ruff: noqa: E501 - a function is easier to find in one line
from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from local_aws.athena.expressions.casts import plain_text
from local_aws.athena.expressions.trino_types import DATE, DAYS
from local_aws.athena.expressions.typed import Typed

Translation = str | Callable[[Sequence[Typed]], str]


def _moment(place: int, parts: Sequence[Typed]) -> str:
    """A timestamp; one with a zone is in UTC."""
    return f"timezone('UTC', {{{place}}})" if parts[place].type.name.endswith("zone") else f"{{{place}}}"


def _part(name: str) -> Translation:
    def translate(parts: Sequence[Typed]) -> str:
        return f"{name}({_moment(0, parts)})"

    return translate


def _time_part(name: str, unit: int, modulus: int) -> Translation:
    """hour, minute and second of a time, or of an interval."""

    def translate(parts: Sequence[Typed]) -> str:
        if parts[0].type == DAYS:
            return f"({{0}} // {unit} % {modulus})"
        return f"{name}({_moment(0, parts)})"

    return translate


def _truncated(parts: Sequence[Typed]) -> str:
    sql = f"date_trunc('{(parts[0].literal or '').lower()}', {_moment(1, parts).replace('{0}', '{1}')})"
    if parts[1].type == DATE:
        return f"CAST({sql} AS DATE)"
    return f"timezone('UTC', {sql})" if parts[1].type.name.endswith("zone") else sql


_LENGTHS = {
    "millisecond": 1,
    "second": 1000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": 86_400_000,
    "week": 604_800_000,
}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def _added(parts: Sequence[Typed]) -> str:
    unit = (parts[0].literal or "").lower()
    at = _moment(2, parts)
    if parts[2].type == DATE:
        if unit in _MONTHS:
            return f"CAST({{2}} + to_months(CAST(athena_small({{1}}) * {_MONTHS[unit]} AS INTEGER)) AS DATE)"
        if unit in ("day", "week"):
            return f"({{2}} + CAST(athena_small({{1}}) * {_LENGTHS[unit] // 86_400_000} AS INTEGER))"
        return "CAST(athena_refused('date_add of less than a day to a date') AS DATE)"
    if unit in _MONTHS:
        sql = f"({at} + to_months(CAST(athena_small({{1}}) * {_MONTHS[unit]} AS INTEGER)))"
    else:
        sql = f"({at} + to_microseconds(athena_small({{1}}) * {_LENGTHS[unit] * 1000}))"
    return f"timezone('UTC', {sql})" if parts[2].type.name.endswith("zone") else sql


def _difference(parts: Sequence[Typed]) -> str:
    unit = (parts[0].literal or "").lower()
    first, last = _moment(1, parts), _moment(2, parts)
    if unit in _MONTHS:
        return f"(date_sub('month', {first}, {last}) // {_MONTHS[unit]})"
    if parts[1].type == DATE:
        return f"(CAST({{2}} - {{1}} AS BIGINT) * 86400000 // {_LENGTHS[unit]})"
    return f"((epoch_us({last}) - epoch_us({first})) // {_LENGTHS[unit] * 1000})"


def _hash(name: str) -> str:
    return f"athena_hashed({{0}}, '{name}')"


def _joined(parts: Sequence[Typed]) -> str:
    return " || ".join(f"{{{place}}}" for place in range(len(parts)))


def _joined_with(parts: Sequence[Typed]) -> str:
    return f"concat_ws({', '.join(f'{{{place}}}' for place in range(len(parts)))})"


def _concatenated(parts: Sequence[Typed]) -> str:
    places = [f"{{{place}}}" for place in range(len(parts))]
    missing = " OR ".join(f"{place} IS NULL" for place in places)
    sql = places[0]
    for place in places[1:]:
        sql = f"list_concat({sql}, {place})"
    return f"CASE WHEN {missing} THEN NULL ELSE {sql} END"


def _group(parts: Sequence[Typed]) -> str:
    """A group of the match, by its number."""
    return f"CASE WHEN regexp_matches({{0}}, {{1}}) THEN regexp_extract({{0}}, {{1}}, {int(parts[2].literal or 0)}) END"


def _replaced(parts: Sequence[Typed]) -> str:
    """Java's groups have a dollar sign, those of RE2 a backslash."""
    text = re.sub(r"\$(\d)", r"\\\1", parts[2].literal or "").replace("'", "''")
    return f"regexp_replace({{0}}, {{1}}, '{text}', 'g')"


def _array_joined(parts: Sequence[Typed]) -> str:
    of = parts[0].type.args[0]
    if of.name == "varchar":
        return "athena_array_join({0}, {1})"
    text = {"double": "athena_scientific(v)", "date": "athena_date_text(v)"}.get(of.name, plain_text("v", of))
    if of.name not in ("double", "date", "boolean", "tinyint", "smallint", "integer", "bigint", "decimal", "unknown"):
        text = "athena_refused('array_join of such elements')"
    return f"athena_array_join(list_transform({{0}}, lambda v: {text}), {{1}})"


def _both(sql: str) -> str:
    """A function of two arrays, which is null where one of them is."""
    return f"CASE WHEN {{0}} IS NOT NULL AND {{1}} IS NOT NULL THEN {sql} END"


_WHOLE = ("tinyint", "smallint", "integer", "bigint")

TRANSLATIONS: dict[str, Translation] = {
    # Numbers
    "abs": "abs({0})",
    **{f"{name}({kind})": "{0}" for name in ("ceil", "ceiling", "floor") for kind in _WHOLE},
    "ceil": "ceil({0})",
    "ceiling": "ceil({0})",
    "floor": "floor({0})",
    "round(tinyint)": "{0}", "round(smallint)": "{0}", "round(integer)": "{0}", "round(bigint)": "{0}",
    "round(double)": "athena_rounded({0}, 0)",
    "round(double, integer)": "athena_rounded({0}, {1})",
    "round(decimal(p,s))": "athena_scaled_text(CAST({0} AS VARCHAR), 0)",
    "truncate(double)": "trunc({0})",
    "sign(double)": "athena_sign({0})", "sign(real)": "athena_sign({0})", "sign": "sign({0})",
    "sqrt": "athena_sqrt({0})",
    "mod(tinyint, tinyint)": "CASE WHEN {1} = -1 THEN 0 ELSE {0} % {1} END",
    "mod(smallint, smallint)": "CASE WHEN {1} = -1 THEN 0 ELSE {0} % {1} END",
    "mod(integer, integer)": "CASE WHEN {1} = -1 THEN 0 ELSE {0} % {1} END",
    "mod(bigint, bigint)": "CASE WHEN {1} = -1 THEN 0 ELSE {0} % {1} END",
    "mod(double, double)": "({0} % {1})",
    "degrees": "athena_degrees({0})", "radians": "athena_radians({0})",
    "is_nan": "isnan({0})", "is_finite": "isfinite({0})", "is_infinite": "isinf({0})",
    "bitwise_and": "({0} & {1})", "bitwise_or": "({0} | {1})", "bitwise_xor": "xor({0}, {1})", "bitwise_not": "(-1 - {0})",
    "to_base": "athena_to_base({0}, {1})", "from_base": "athena_from_base({0}, {1})",
    "width_bucket(double, double, double, bigint)": "athena_width_bucket({0}, {1}, {2}, {3})",
    # Texts
    "length(varchar(x))": "length({0})", "length(varbinary)": "octet_length({0})",
    "lower(varchar(x))": "athena_lower({0})", "upper(varchar(x))": "athena_upper({0})",
    "concat(varchar)": _joined, "concat_ws(varchar, varchar)": _joined_with,
    "substr(varchar(x), bigint)": "athena_substr({0}, {1}, 1000000000)",
    "substr(varchar(x), bigint, bigint)": "athena_substr({0}, {1}, {2})",
    "substring(varchar(x), bigint)": "athena_substr({0}, {1}, 1000000000)",
    "substring(varchar(x), bigint, bigint)": "athena_substr({0}, {1}, {2})",
    "strpos(varchar(x), varchar(y))": "athena_strpos({0}, {1})",
    "replace(varchar(x), varchar(y))": "athena_replaced({0}, {1}, '')",
    "replace(varchar(x), varchar(y), varchar(z))": "athena_replaced({0}, {1}, {2})",
    "reverse(varchar(x))": "athena_reversed({0})",
    "trim(varchar(x))": "athena_trimmed({0}, 'b')", "ltrim(varchar(x))": "athena_trimmed({0}, 'l')",
    "rtrim(varchar(x))": "athena_trimmed({0}, 'r')", "trim(varchar(x), codepoints)": "athena_trimmed_of({0}, 'b', {1})",
    "ltrim(varchar(x), codepoints)": "athena_trimmed_of({0}, 'l', {1})",
    "rtrim(varchar(x), codepoints)": "athena_trimmed_of({0}, 'r', {1})",
    "lpad(varchar(x), bigint, varchar(y))": "athena_padded({0}, {1}, {2}, 'l')",
    "rpad(varchar(x), bigint, varchar(y))": "athena_padded({0}, {1}, {2}, 'r')",
    "split(varchar(x), varchar(y))": "athena_split({0}, {1}, 1000000000)",
    "split(varchar(x), varchar(y), bigint)": "athena_split({0}, {1}, {2})",
    "split_part": "athena_split_part({0}, {1}, {2})",
    "starts_with": "starts_with({0}, {1})",
    "translate": "athena_translated({0}, {1}, {2})",
    "levenshtein_distance": "athena_levenshtein({0}, {1})", "hamming_distance": "athena_hamming({0}, {1})",
    "codepoint": "athena_codepoint({0})", "chr": "athena_character({0})",
    "url_encode": "athena_url_encode({0})",
    # Regular expressions
    "regexp_like": "regexp_matches({0}, {1})",
    "regexp_extract(varchar(x), joniregexp)": "CASE WHEN regexp_matches({0}, {1}) THEN regexp_extract({0}, {1}) END",
    "regexp_extract(varchar(x), joniregexp, bigint)": _group,
    "regexp_replace(varchar(x), joniregexp, varchar(y))": _replaced,
    "regexp_extract_all(varchar(x), joniregexp)": "regexp_extract_all({0}, {1})",
    "regexp_replace(varchar(x), joniregexp)": "regexp_replace({0}, {1}, '', 'g')",
    # Bytes
    "to_utf8(varchar(x))": "encode({0})", "from_utf8(varbinary)": "athena_from_utf8({0})",
    "to_hex": "hex({0})", "from_hex(varchar(x))": "athena_from_hex({0})",
    "to_base64": "to_base64({0})", "from_base64(varchar(x))": "athena_from_base64({0})",
    "md5": _hash("md5"), "sha1": _hash("sha1"), "sha256": _hash("sha256"), "sha512": _hash("sha512"),
    "crc32": "athena_crc32({0})",
    "hmac_md5": "athena_keyed_hash({0}, {1}, 'md5')", "hmac_sha1": "athena_keyed_hash({0}, {1}, 'sha1')",
    "hmac_sha256": "athena_keyed_hash({0}, {1}, 'sha256')", "hmac_sha512": "athena_keyed_hash({0}, {1}, 'sha512')",
    # Dates and times
    "year(date)": "year({0})", "year(timestamp(p))": "year({0})", "year(timestamp(p) with time zone)": _part("year"),
    "year(interval year to month)": "({0} // 12)", "month(interval year to month)": "({0} % 12)",
    "month(date)": "month({0})", "month(timestamp(p))": "month({0})", "month(timestamp(p) with time zone)": _part("month"),
    "quarter": _part("quarter"),
    "week": _part("week"), "week_of_year": _part("week"),
    "day(interval day to second)": "({0} // 86400000)", "day_of_month(interval day to second)": "({0} // 86400000)",
    "day": _part("day"), "day_of_month": _part("day"), "day_of_week": _part("isodow"), "dow": _part("isodow"),
    "day_of_year": _part("dayofyear"), "doy": _part("dayofyear"),
    "year_of_week": _part("isoyear"), "yow": _part("isoyear"),
    "hour": _time_part("hour", 3_600_000, 24), "minute": _time_part("minute", 60_000, 60),
    "second": _time_part("second", 1000, 60),
    "millisecond(interval day to second)": "({0} % 1000)",
    "millisecond(timestamp(p))": "athena_millisecond({0})",
    "to_milliseconds": "{0}",
    "date_trunc": _truncated, "date_add": _added, "date_diff": _difference,
    "last_day_of_month": lambda parts: f"last_day({_moment(0, parts)})",
    "date(timestamp(p))": "CAST({0} AS DATE)", "date(varchar(x))": "CAST(athena_date_of({0}) AS DATE)",
    "date(timestamp(p) with time zone)": "CAST(timezone('UTC', {0}) AS DATE)",
    "date_format": lambda parts: f"athena_date_format({_moment(0, parts)}, {{1}})",
    "format_datetime": lambda parts: f"athena_format_datetime({_moment(0, parts)}, {{1}})",
    "date_parse": "athena_date_parse({0}, {1})",
    "from_iso8601_date": "athena_iso_date({0})",
    "from_iso8601_timestamp": "timezone('UTC', athena_iso_time({0}))",
    "to_iso8601(date)": "athena_date_text({0})",
    "to_iso8601(timestamp(p))": lambda parts: f"replace(athena_time_text({{0}}, {parts[0].type.args[0]}), ' ', 'T')",
    "from_unixtime(double)": "timezone('UTC', athena_from_unixtime({0}))",
    "to_unixtime": "athena_to_unixtime({0})",
    "now": "date_trunc('millisecond', now())",
    "current_timezone": "'UTC'",
    # Arrays and maps
    "cardinality(array(e))": "len({0})", "cardinality(map(k,v))": "cardinality({0})",
    "contains(array(t), t)": "athena_contains({0}, {1})",
    "array_position": "athena_position({0}, {1})", "array_remove": "athena_without({0}, {1})",
    "array_distinct": "athena_set({0})",
    "array_union": _both("athena_set(list_concat({0}, {1}))"),
    "array_intersect": _both("athena_set(list_filter({0}, lambda v: list_position({1}, v) IS NOT NULL))"),
    "array_except": _both("CASE WHEN len({1}) = 0 THEN {0} ELSE athena_set(list_filter({0}, lambda v: list_position({1}, v) IS NULL)) END"),
    "array_max": "athena_array_max({0})", "array_min": "athena_array_min({0})",
    "array_sort(array(e))": "list_sort({0}, 'ASC', 'NULLS LAST')",
    "array_join(array(e), varchar)": _array_joined,
    "arrays_overlap": "athena_arrays_overlap({0}, {1})",
    "concat(array(e))": _concatenated,
    "flatten": "flatten(list_filter({0}, lambda v: v IS NOT NULL))",
    "repeat": "athena_repeat({0}, {1})",
    "reverse(array(e))": "list_reverse({0})",
    "slice": "athena_slice({0}, {1}, {2})",
    "sequence(bigint, bigint)": "athena_sequence({0}, {1}, CASE WHEN {0} <= {1} THEN 1 ELSE -1 END)",
    "sequence(bigint, bigint, bigint)": "athena_sequence({0}, {1}, {2})",
    "sequence(date, date)": "athena_date_sequence({0}, {1}, CASE WHEN {0} <= {1} THEN 1 ELSE -1 END)",
    "sequence(date, date, interval day to second)": "athena_day_sequence({0}, {1}, {2})",
    "sequence(timestamp(p), timestamp(p), interval day to second)": "athena_time_sequence({0}, {1}, {2})",
    "transform": "list_transform({0}, {1})", "filter(array(t), function(t,boolean))": "list_filter({0}, {1})",
    "reduce": "list_transform([list_reduce({0}, {2}, {1})], {3})[1]",
    "zip_with": _both("list_transform(list_zip({0}, {1}), {2})"),
    "map_keys": "map_keys({0})", "map_values": "map_values({0})",
    "map_filter": "athena_of_entries(list_filter(map_entries({0}), {1}))",
    "transform_values": "athena_of_entries(list_transform(map_entries({0}), {1}))",
}  # fmt: skip
