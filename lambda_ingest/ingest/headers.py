"""Header lines: whether a line says by name what the columns are, and which names it holds."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence

from ingest.column_names import ALIASES, SENSORS, folded

DELIMITERS = (b",", b"\t", b" ")
"""What may part the fields of a file. A space stands for runs of spaces and tabs."""

SEMICOLON = b";"
"""Parts the fields of files that nobody here can read; their headers are still told from data."""

FEWEST_NAMES = 12
"""A line of so many names is a header, known or not: every layout has more columns. Fewer words may be a remark."""

# A line whose first fields are words, perhaps behind those of an index. It begins with a literal byte, for speed.
_WORDS = re.compile(rb"""\n(?:[^\n,;\t]*+[,;\t]){0,4}[ "']*+[A-Za-z_][^\n,;\t ]*+[,;\t ][ "']*+[A-Za-z_][^\n]*+""")
_NUMBER = re.compile(r"\W*[0-9]")
_NO_VALUE = re.compile(r"\W*(nan|inf|infinity|na|n/a|null|none|nil|true|false)\W*|[\W_]*", re.IGNORECASE)


def names_of(line: bytes, delimiter: bytes) -> list[str]:
    """Return the fields of a line as they are spelled; empty ones at its end are no fields."""
    text = line.decode("utf-8", "backslashreplace")
    # A tab at the line's beginning stands behind a first field that is empty.
    text = text.strip(" \r" if delimiter == b"\t" else None)
    if delimiter == b" ":
        # Between two tabs there may be a field that is empty: then these are no runs.
        return [] if "\t\t" in text else text.split()
    try:
        names = next(csv.reader([text], delimiter=delimiter.decode()), [])
    except csv.Error:  # a field of 128 KiB, a lone carriage return: no header
        return []
    while names and not names[-1].strip():
        names.pop()
    return names


def is_number(field: str) -> bool:
    """Tell whether a field is meant as a number, well written or not: digits come first in it."""
    return _NUMBER.match(field) is not None


def headers_among(lines: bytes, delimiter: bytes, fields: int) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that say by name what columns are, and where each begins, from lines of data of so many fields.

    Among data a remark may have any number of words and a bad line anything in its fields. So a header's names all
    differ, and they are as many as the fields, or two of them are known, whatever parts them.
    """
    for found in _WORDS.finditer(b"\n" + lines):
        line = found[0][1:]
        for each in (*DELIMITERS, SEMICOLON):
            names = [name for name in names_of(line, each) if name.strip()]
            known = sum(ALIASES.get(folded(name)) in SENSORS for name in names)
            enough = known > 1 or (each == delimiter and len(names) == fields)
            if enough and len(set(names)) == len(names) and _has_more_names(names):
                yield found.start(), line
                break


def is_header(line: bytes) -> bool:
    """Tell whether a line says by name what the columns are, whatever parts its fields.

    It does where it has more names than numbers, and enough of them or such as are known. A data line that begins with
    something bad is none; nor is a short remark.
    """
    return any(_are_names(names_of(line, delimiter)) for delimiter in (*DELIMITERS, SEMICOLON))


def _are_names(fields: Sequence[str]) -> bool:
    known = sum(ALIASES.get(folded(field)) in SENSORS for field in fields)
    if len(fields) < FEWEST_NAMES and known < 2:
        return False
    return _has_more_names(fields) or _are_counted(fields)


def _has_more_names(fields: Sequence[str]) -> bool:
    numbers = sum(map(is_number, fields))
    return sum(not is_number(field) and not _NO_VALUE.fullmatch(field) for field in fields) > numbers


def _are_counted(fields: Sequence[str]) -> bool:
    """Tell whether the fields are 0, 1, 2, ...: columns that were given numbers for names (as a label, 23 is none)."""
    return any(list(fields) == [str(start + place) for place in range(len(fields))] for start in (0, 1))
