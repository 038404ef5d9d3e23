"""Random expressions over the corpus's table, with the values that engines differ on: null, NaN, the ends of ranges."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from local_aws.athena.expressions.signatures import signatures
from local_aws.athena.expressions.translations import TRANSLATIONS

_LEAVES = {
    "tinyint": ["CAST(1 AS tinyint)", "CAST(-128 AS tinyint)", "CAST(127 AS tinyint)"],
    "smallint": ["CAST(3 AS smallint)", "CAST(-32768 AS smallint)"],
    "integer": ["0", "1", "-1", "2", "7", "-8", "100", "2147483647", "-2147483648", "subject", "activity_id",
                "CAST(NULL AS integer)"],
    "bigint": ["BIGINT_0", "9223372036854775807", "-9223372036854775808", "3000000000", "snapshot",
               "CAST(NULL AS bigint)"],
    "decimal": ["0.5", "-0.5", "1.50", "2.45", "-99999.995", "0.005", "12345678901234567890.12", "7.",
                "CAST(subject AS decimal(5,2))", "CAST(NULL AS decimal(4,1))"],
    "real": ["CAST(1.5 AS real)", "CAST(-0.1 AS real)", "CAST(nan() AS real)", "CAST(x AS real)"],
    "double": ["0e0", "-0e0", "1.5e0", "-2.5e0", "0.5e0", "1e-5", "1e10", "1e300", "nan()", "infinity()",
               "-infinity()", "x", "y", "CAST(NULL AS double)"],
    "varchar": ["''", "'a'", "' a '", "'ABC'", "'ß'", "'é'", "'😀b'", "'123'", "'-1.5'", "'1e5'", "'2020-02-29'",
                "'a,b,,c'", "'a.b'", "'%'", "'null'", "chr(10)", "id", "activity", "CAST(NULL AS varchar)", "'true'",
                "'aXbXc'", "'X'"],
    "varbinary": ["x''", "x'00ff'", "to_utf8(id)"],
    "boolean": ["true", "false", "x > 0", "activity = 'walking'", "CAST(NULL AS boolean)"],
    "date": ["date '2020-02-29'", "date '1969-12-31'", "date '1900-03-01'", "date '2021-12-31'", "date '2016-01-03'",
             'CAST("timestamp" AS date)', "CAST(NULL AS date)"],
    "timestamp": ["timestamp '2020-02-29 23:59:59.999'", "timestamp '1969-12-31 23:59:59.999'",
                  "timestamp '1970-01-01 00:00:00'", "timestamp '2021-01-31 12:30:00.5'", '"timestamp"',
                  "CAST(NULL AS timestamp)"],
    "timestamp with time zone": ["timestamp '2020-02-29 23:59:59.999 UTC'", "from_unixtime(-1.5)"],
    "interval day to second": ["interval '1' day", "interval '-25' hour", "interval '1.5' second"],
    "interval year to month": ["interval '1' month", "interval '-14' month", "interval '1' year"],
    "array(integer)": ["ARRAY[1, 2, NULL]", "ARRAY[3, 1, 3]", "ARRAY[subject, activity_id]",
                       "CAST(ARRAY[] AS array(integer))", "CAST(NULL AS array(integer))",
                       "ARRAY[NULL, NULL]", "sequence(1, 3)"],
    "array(varchar)": ["ARRAY['b', 'a', NULL]", "split(id, '-')", "ARRAY[activity]", "ARRAY['']"],
    "array(double)": ["ARRAY[x, y]", "ARRAY[1e0, nan()]"],
    "array(bigint)": ["sequence(BIGINT_0, 3)", "ARRAY[snapshot]"],
    "array(array(integer))": ["ARRAY[ARRAY[1, NULL], NULL]", "ARRAY[ARRAY[subject]]"],
    "map(varchar, integer)": ["MAP(ARRAY['a', 'b'], ARRAY[1, NULL])", "MAP(ARRAY[activity], ARRAY[subject])"],
}  # fmt: skip
_VARIABLES = ("integer", "varchar", "date", "bigint", "boolean", "decimal", "timestamp")
_UNITS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year", "millisecond")
_PATTERNS = ("'\\d+'", "'[a-z]+'", "'^a'", "'(\\d)-(\\d+)'", "'a.b'", "'k$'", "'[^ ]+ '", "'X|b'")
_FORMATS = {
    "date_format": ("'%Y-%m-%d %H:%i:%s'", "'%y %c %e %j %a %b %M %W %v %x %p %h %f'"),
    "format_datetime": ("'yyyy-MM-dd HH:mm:ss.SSS'",),
    "date_parse": ("'%Y-%m-%d'",),
}
_LAMBDAS = {
    "function(t,boolean)": ("v -> v IS NULL", "v -> true"),
    "function(T,U)": ("v -> v", "v -> 1", "v -> CAST(v AS varchar)"),
}


class Expressions:
    """A generator of expressions; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._calls = [
            signature
            for name, forms in signatures().items()
            for signature in forms
            if signature.key in TRANSLATIONS or name in TRANSLATIONS
            if name not in ("now", "current_timezone")
        ]

    def statements(self) -> Iterator[str]:
        """Queries of one expression each, without end."""
        makers: list[Callable[[], str]] = [self._call, self._call, self._call, self._operator, self._cast, self._case]
        while True:
            yield f"SELECT {self._random.choice(makers)()} FROM readings ORDER BY id"

    def _value(self, kind: str, depth: int = 1) -> str:
        if depth > 0 and kind in ("double", "varchar", "integer", "bigint") and self._random.random() < 0.15:
            return self._call(kind)
        found = self._random.choice(_LEAVES.get(kind) or _LEAVES["integer"])
        return found.replace("BIGINT_0", "CAST(0 AS bigint)")

    def _call(self, wanted: str | None = None) -> str:
        calls = [one for one in self._calls if wanted is None or one.result.split("(")[0] == wanted]
        one = self._random.choice(calls)
        variable = self._random.choice(_VARIABLES)
        arguments = [
            self._argument(one.name, place, text, variable) for place, text in enumerate(_split(one.arguments))
        ]
        return f"{one.name}({', '.join(arguments)})"

    def _argument(self, name: str, place: int, text: str, variable: str) -> str:
        if name in ("date_trunc", "date_add", "date_diff") and place == 0:
            return f"'{self._random.choice(_UNITS)}'"
        if name in _FORMATS and place == 1:
            return self._random.choice(_FORMATS[name])
        if text in ("joniregexp", "jsonpath"):
            return self._random.choice(_PATTERNS)
        if text.startswith("function("):
            return self._random.choice(_LAMBDAS.get(text, ("(a, b) -> b", "(s, x) -> s", "s -> s")))
        return self._value(_concrete(text, variable))

    def _operator(self) -> str:
        one, other = (self._random.choice(list(_LEAVES)) for _ in range(2))
        if self._random.random() < 0.6:
            other = one
        if self._random.random() < 0.3:
            numbers = ["integer", "bigint", "decimal", "double", "tinyint", "real"]
            one, other = self._random.choice(numbers), self._random.choice(numbers)
        operator = self._random.choice(
            ["+", "-", "*", "/", "%", "=", "<>", "<", "<=", ">", ">=", "||", "IS DISTINCT FROM"]
        )
        return f"{self._value(one)} {operator} {self._value(other)}"

    def _cast(self) -> str:
        word = self._random.choice(["CAST", "CAST", "try_cast"])
        to = ["tinyint", "integer", "bigint", "double", "real", "decimal(5,2)", "decimal(20,0)", "varchar",
              "varchar(3)",
              "boolean", "date",
              "timestamp", "timestamp(0)", "array(varchar)", "array(bigint)"]  # fmt: skip
        kinds = [kind for kind in _LEAVES if not kind.startswith("map")]
        return f"{word}({self._value(self._random.choice(kinds))} AS {self._random.choice(to)})"

    def _case(self) -> str:
        kind = self._random.choice(["integer", "decimal", "double", "varchar", "date", "bigint"])
        other = kind if self._random.random() < 0.7 else "double"
        one, two, three = self._value(kind), self._value(other), self._value(kind)
        return self._random.choice(
            [
                f"coalesce({one}, {two})",
                f"nullif({one}, {two})",
                f"CASE WHEN {self._value('boolean')} THEN {one} ELSE {two} END",
                f"CASE {one} WHEN {two} THEN 1 ELSE 2 END",
                f"{one} IN ({two}, {three})",
                f"{one} BETWEEN {two} AND {three}",
                f"greatest({one}, {two})",
                f"least({one}, {two}, {three})",
                f"format('%s|%s', {one}, {two})",
                f"format('%.2f|%,d|%5d', {self._value('double')}, {self._value('integer')}, {self._value('bigint')})",
                f"typeof({one})",
                f"try({self._call(self._random.choice(['bigint', 'double', 'varchar']))})",
                f"{self._value('varchar')} LIKE {self._value('varchar')}",
                f"ARRAY[{one}, {two}]",
                f"ROW({one}, {two})",
                f"array_join(ARRAY[{one}, {three}], ',')",
            ]
        )


def _split(arguments: str) -> list[str]:
    """The arguments of a signature, by the commas outside of parentheses."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(arguments):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(arguments[start:place].strip())
            start = place + 1
    return [*parts, arguments[start:].strip()] if arguments.strip() else []


def _concrete(text: str, variable: str) -> str:
    """A signature's type as one of the kinds of values."""
    lowered = text.lower()
    if lowered in ("t", "e", "k", "v", "s"):
        return variable
    if lowered.startswith("array(array"):
        return "array(array(integer))"
    if lowered.startswith("array("):
        inner = lowered[6:-1]
        if inner in ("varchar", "double"):
            return f"array({inner})"
        return {"varchar": "array(varchar)", "bigint": "array(bigint)"}.get(variable, "array(integer)")
    if lowered.startswith("map("):
        return "map(varchar, integer)"
    if lowered.startswith("timestamp"):
        return "timestamp with time zone" if lowered.endswith("zone") else "timestamp"
    return "varchar" if lowered == "codepoints" else lowered.split("(")[0]
