"""Header lines: whether a line says by name what the columns are, and which names it holds."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from column_names import ALIASES, SENSORS, folded

DELIMITERS = (b",", b"\t", b" ")
"""What may part the fields of a file. A space stands for runs of spaces and tabs."""

SEMICOLON = b";"
"""Parts the fields of files that nobody here can read; their headers are still told from data."""

FEWEST_NAMES = 12
"""A line of so many names is a header, known or not: every layout has more columns. Fewer words may be a remark."""

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
    numbers = sum(map(is_number, fields))
    names = sum(not is_number(field) and not _NO_VALUE.fullmatch(field) for field in fields)
    return names > numbers or _are_counted(fields)


def _are_counted(fields: Sequence[str]) -> bool:
    """Tell whether the fields are 0, 1, 2, ...: columns that were given numbers for names (as a label, 23 is none)."""
    return any(list(fields) == [str(start + place) for place in range(len(fields))] for start in (0, 1))
