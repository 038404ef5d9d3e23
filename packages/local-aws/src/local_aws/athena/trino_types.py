"""Trino's type names: parsed, and as Hive's and DuckDB's names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

_HIVE = {
    "integer": "int",
    "real": "float",
    "varbinary": "binary",
    "timestamp with time zone": "timestamp",
    **{plain: plain for plain in ("boolean", "tinyint", "smallint", "bigint", "double", "date", "timestamp")},
}
"""Every other type is stored as a string."""
_LONGEST_VARCHAR = 65535
_DUCKDB = {
    "integer": "INTEGER",
    "real": "FLOAT",
    "varbinary": "BLOB",
    **{plain: plain.upper() for plain in ("boolean", "tinyint", "smallint", "bigint", "double", "date", "timestamp")},
}
_PARTS = re.compile(r"(?P<base>[^()]+?)\s*(?:\((?P<inner>.*)\)(?P<after>[^()]*))?", re.DOTALL)
_NAMED = re.compile(r'("(?:[^"]|"")*"|[^\s"(]+)\s+(.+)', re.DOTALL)
_INTERVALS = ("day to second", "year to month")


@dataclass(frozen=True)
class TrinoType:
    """A type: `base` is its name without parameters, `numbers` are its parameters, `parts` are those of a nested type.

    A part is (name, type); only fields of a row have names, and not all of them do.
    """

    base: str
    numbers: tuple[int, ...] = ()
    parts: tuple[tuple[str, TrinoType], ...] = ()

    @property
    def hive(self) -> str:
        """The type of a column in the catalog."""
        if self.base == "array":
            return f"array<{self.parts[0][1].hive}>"
        if self.base == "map":
            return f"map<{self.parts[0][1].hive},{self.parts[1][1].hive}>"
        if self.base == "row":
            return "struct<" + ",".join(f"{name}:{part.hive}" for name, part in self.named_parts) + ">"
        if self.base == "decimal":
            return f"decimal({self.numbers[0]},{self.numbers[1]})"
        if self.base in ("varchar", "char") and self.numbers and self.numbers[0] <= _LONGEST_VARCHAR:
            return f"{self.base}({self.numbers[0]})"
        return _HIVE.get(self.base, "string")

    @property
    def duckdb(self) -> str:
        """The type of DuckDB that holds its values."""
        if self.base == "array":
            return f"{self.parts[0][1].duckdb}[]"
        if self.base == "map":
            return f"MAP({self.parts[0][1].duckdb}, {self.parts[1][1].duckdb})"
        if self.base == "row":
            fields = (f'"{name.replace(chr(34), chr(34) * 2)}" {part.duckdb}' for name, part in self.named_parts)
            return f"STRUCT({', '.join(fields)})"
        if self.base == "decimal":
            return f"DECIMAL({self.numbers[0]}, {self.numbers[1]})"
        return _DUCKDB.get(self.base, "VARCHAR")

    @property
    def in_json(self) -> str:
        """The type of DuckDB that reads its values from JSON; a cast makes `duckdb` of it."""
        return self.duckdb.replace("BLOB", "VARCHAR")

    @property
    def is_storable(self) -> bool:
        """Whether a table of the catalog can have it."""
        if self.parts:
            return all(part.is_storable for _, part in self.parts)
        return self.base in (*_DUCKDB, "decimal", "varchar", "char")

    @property
    def named_parts(self) -> tuple[tuple[str, TrinoType], ...]:
        """The fields of a row, those without a name as `field0`."""
        return tuple((name or f"field{place}", part) for place, (name, part) in enumerate(self.parts))


@cache
def parse_type(text: str) -> TrinoType:
    """Parse a type as Trino writes it: `timestamp(3) with time zone`, `array(row(a integer, b varchar))`."""
    found = _PARTS.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no type of Trino")
    base = " ".join(found["base"].lower().split())
    inner, after = found["inner"], " ".join((found["after"] or "").lower().split())
    if base == "row":
        return TrinoType(base, (), tuple(map(_field, _items(inner or ""))))
    if base in ("array", "map"):
        return TrinoType(base, (), tuple(("", parse_type(item)) for item in _items(inner or "")))
    numbers = tuple(int(item) for item in _items(inner or "") if item.isdecimal())
    return TrinoType(f"{base} {after}".strip(), numbers)


def hive_of_trino(text: str) -> str:
    """The Hive name of a Trino type, for the catalog: `timestamp`, `array<bigint>`."""
    return parse_type(text).hive


def _field(item: str) -> tuple[str, TrinoType]:
    named = _NAMED.fullmatch(item)
    if named is None or (named[1].lower() == "interval" and named[2].lower() in _INTERVALS):
        return "", parse_type(item)
    if named[2].lower() == "with time zone":
        return "", parse_type(item)
    name = named[1][1:-1].replace('""', '"') if named[1].startswith('"') else named[1]
    return name, parse_type(named[2])


def _items(inner: str) -> Iterator[str]:
    """The parts between the outermost commas."""
    depth, quoted, start = 0, False, 0
    for place, sign in enumerate(inner):
        if sign == '"':
            quoted = not quoted
        elif not quoted:
            depth += {"(": 1, ")": -1}.get(sign, 0)
            if sign == "," and depth == 0:
                yield inner[start:place].strip()
                start = place + 1
    if inner[start:].strip():
        yield inner[start:].strip()
