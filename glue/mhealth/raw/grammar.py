r"""The grammar of a data line in plain Python: the definition. `parser.parse_fast` must give the same results.

- A line ends at `\n`; one `\r` directly before that is part of the end. A line of whitespace is blank and no data line.
- Fields are separated by commas and may be quoted as in CSV. Spaces and tabs around a field are ignored.
- Empty fields beyond the last column are ignored.
- A number is decimal: digits, perhaps a sign, a point, an exponent; and it has to be finite as a double.
- A label is a number that is whole and 0 to 12. A subject is digits, perhaps with `subject` in front.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mhealth.raw.reader import LINE_LIMIT
from mhealth.schema import ACTIVITIES, LABEL, SUBJECT

PADDING = " \t"
LARGEST_LABEL = len(ACTIVITIES) - 1

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SUBJECT = re.compile(r"(subject)?0*([0-9]{1,9})", re.IGNORECASE | re.ASCII)
_SHOWN = 40
"""Characters of a field that a reason shows."""


@dataclass(frozen=True)
class GoodLine:
    """The values of a data line in the order of the columns: floats, int for label and subject."""

    values: tuple[float | int, ...]


@dataclass(frozen=True)
class BadLine:
    """A rejected data line: why, its text (cut at `LINE_LIMIT` bytes), and the subject it names where that is sure."""

    reason: str
    text: str
    subject: int | None = None


def subject_number(text: str) -> int | None:
    """The subject that a field names: `subject1`, `subject01` and `1` are 1. None where it names none.

    >>> subject_number(" subject01 "), subject_number("12"), subject_number("sub1")
    (1, 12, None)
    """
    match = _SUBJECT.fullmatch(text.strip(PADDING))
    return int(match.group(2)) if match else None


def read_line(line: bytes, columns: Sequence[str]) -> GoodLine | BadLine | None:
    """Parse one line, given without its line feed; None for a blank one."""
    if not line.strip():
        return None
    line = line.removesuffix(b"\r")
    if len(line) > LINE_LIMIT:
        return too_long(line[:LINE_LIMIT], len(line))
    text = line.decode("utf-8", "backslashreplace")
    if "\r" in text:
        return BadLine("a carriage return inside the line", text)
    try:
        fields = _fields(text.strip(PADDING), len(columns))
    except csv.Error as error:
        return BadLine(f"the quotes are not those of a CSV line ({error})", text)
    values: list[float | int] = []
    reason = None
    if len(fields) != len(columns):
        reason = f"{len(fields)} fields, expected {len(columns)}"
    for place, (column, field) in enumerate(zip(columns, fields, strict=False), start=1):
        if reason:
            break
        value = _value(column, field)
        if isinstance(value, str):
            reason = f"field {place} ({column}) {value}"
        else:
            values.append(value)
    if reason:
        return BadLine(reason, text, _subject_of_bad_line(fields, columns))
    return GoodLine(tuple(values))


def too_long(start: bytes, length: int) -> BadLine:
    """The rejection of a line of `length` bytes, of which only the start is known."""
    reason = f"the line has {length} bytes, more than {LINE_LIMIT}; the text is cut there"
    return BadLine(reason, start.decode("utf-8", "backslashreplace"))


def _fields(text: str, expected: int) -> list[str]:
    fields = next(csv.reader([text], strict=True)) if '"' in text else text.split(",")
    fields = [field.strip(PADDING) for field in fields]
    while len(fields) > expected and not fields[-1]:
        fields.pop()
    return fields


def _value(column: str, field: str) -> float | int | str:
    """The value of a field, or what is wrong with it."""
    if column == SUBJECT:
        subject = subject_number(field)
        return subject if subject is not None else f"names no subject: {_shown(field)}"
    if not field:
        return "is empty"
    if not _NUMBER.fullmatch(field):
        return f"is not a number: {_shown(field)}"
    number = float(field)
    if not math.isfinite(number):
        return f"is too large for a double: {_shown(field)}"
    if column != LABEL:
        return number
    if number != int(number) or not 0 <= number <= LARGEST_LABEL:
        return f"is not a whole number from 0 to {LARGEST_LABEL}: {_shown(field)}"
    return int(number)


def _shown(field: str) -> str:
    return ascii(field if len(field) <= _SHOWN else field[:_SHOWN] + "...")


def _subject_of_bad_line(fields: Sequence[str], columns: Sequence[str]) -> int | None:
    """The subject whose data lines a rejected line counts among, None where the line does not name it."""
    if SUBJECT not in columns:
        return None
    if len(fields) == len(columns):
        return subject_number(fields[columns.index(SUBJECT)])
    # With fields missing, a number at the end may be the label.
    last = fields[-1]
    return subject_number(last) if last.lower().startswith(SUBJECT) else None
