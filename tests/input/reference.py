"""Source bytes to rows and rejected lines once more: slow, obvious, and without a line of the project's code.

Written from docs/design.md and docs/input.md alone. A line is looked at by itself, a character at a time where that is
plainer, and a number is what `float()` says. Nothing here knows of blocks, Arrow, or which job does what.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

WHITESPACE = b" \t\r\n\x0b\x0c"
BOM = b"\xef\xbb\xbf"

LIMB = {
    limb: [f"{limb}_{sensor}_{axis}" for sensor in ("accel", "gyro", "mag") for axis in "xyz"]
    for limb in ("ankle", "arm")
}
LOG_COLUMNS = [
    *("chest_accel_x", "chest_accel_y", "chest_accel_z", "ecg_1", "ecg_2"),
    *(*LIMB["ankle"], *LIMB["arm"], "label"),
]
BY_ROW_COLUMNS = [*LIMB["ankle"][:6], *LIMB["arm"][:6], "label", "subject"]


@dataclass(frozen=True)
class Layout:
    """What is known of a source file before its lines are read.

    `header` tells whether the first line that is not blank is one. `subject` is None where each row names its own.
    `delimiter` is a comma, a tab, or a space, which stands for runs of spaces and tabs.
    """

    columns: Sequence[str]
    delimiter: bytes
    header: bool
    subject: int | None


@dataclass(frozen=True)
class Row:
    """A good line. `values` are the sensors by name as the eight bytes of a double, so that -0.0 is not 0.0."""

    subject: int
    line: int
    sample: int
    label: int
    values: dict[str, bytes]


@dataclass(frozen=True)
class Rejected:
    """A rejected line: where it is in the source, why, and its text."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True)
class Outcome:
    """What a file has to become. `subjects`: for each the data lines that count for it, and its rows."""

    data_lines: int
    rows: list[Row]
    rejected: list[Rejected]
    subjects: dict[int, tuple[int, int]]


@dataclass(frozen=True)
class _Bad:
    reason: str
    text: str
    subject: int | None = None


@dataclass(frozen=True)
class _Good:
    values: dict[str, float | int]


def read(source: bytes, layout: Layout, *, line_limit: int = 64 * 1024, held_whole: int = 1 << 20) -> Outcome:
    """The outcome of a whole file."""
    if source.startswith(BOM):
        source = source[3:]
    numbered = list(enumerate(source.split(b"\n"), start=1))
    data = [(number, line) for number, line in numbered if line.strip(WHITESPACE)]
    if layout.header:
        data = data[1:]
    verdicts = [_judge(line, layout, line_limit, held_whole) for _, line in data]
    owners = _owners(verdicts, layout)

    counts: dict[int, int] = {}
    good: dict[int, int] = {}
    rows, rejected = [], []
    for (number, _), verdict, owner in zip(data, verdicts, owners, strict=True):
        sample = counts.get(owner, 0) if owner is not None else None
        if owner is not None:
            counts[owner] = counts.get(owner, 0) + 1
        if isinstance(verdict, _Bad):
            rejected.append(Rejected(number, verdict.reason, verdict.text))
            continue
        assert owner is not None
        assert sample is not None
        good[owner] = good.get(owner, 0) + 1
        values = {
            name: struct.pack("<d", value) for name, value in verdict.values.items() if name not in ("label", "subject")
        }
        rows.append(Row(owner, number, sample, int(verdict.values["label"]), values))
    subjects = {subject: (lines, good.get(subject, 0)) for subject, lines in sorted(counts.items())}
    return Outcome(len(data), rows, rejected, subjects)


def _owners(verdicts: Sequence[_Good | _Bad], layout: Layout) -> list[int | None]:
    """For which subject each data line counts: its own, else that of the line before, at the top of the one after."""
    if layout.subject is not None:
        return [layout.subject] * len(verdicts)
    named = [int(verdict.values["subject"]) if isinstance(verdict, _Good) else verdict.subject for verdict in verdicts]
    first = next((subject for subject in named if subject is not None), None)
    owners: list[int | None] = []
    for subject in named:
        before = owners[-1] if owners else first
        owners.append(before if subject is None else subject)
    return owners


def _judge(line: bytes, layout: Layout, line_limit: int, held_whole: int) -> _Good | _Bad:
    raw = _without_end(_as_in_raw(line, layout.delimiter, held_whole))
    if len(raw) > line_limit:
        reason = f"the line has {len(raw)} bytes, more than {line_limit}; the text is cut there"
        return _Bad(reason, _text(raw[:line_limit]))
    text = _text(raw)
    if "\r" in text:
        return _Bad("a carriage return inside the line", text)
    fields = _fields(text.strip(" \t"))
    if isinstance(fields, str):
        return _Bad(f"the quotes are not those of a CSV line ({fields})", text)
    fields = [field.strip(" \t") for field in fields]
    while len(fields) > len(layout.columns) and fields[-1] == "":
        fields = fields[:-1]
    found = _values(fields, layout.columns)
    if isinstance(found, str):
        return _Bad(found, text, _subject_named(fields, layout))
    return _Good(found)


def _without_end(line: bytes) -> bytes:
    return line[:-1] if line.endswith(b"\r") else line


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="backslashreplace")


def _as_in_raw(line: bytes, delimiter: bytes, held_whole: int) -> bytes:
    """The line with commas between its fields; fields that hold a comma or a quote are quoted.

    A line that the function does not hold whole is one quoted field behind the whitespace that it begins with.
    """
    if len(line) > held_whole:
        start = len(line) - len(line.lstrip(WHITESPACE))
        return line[:start] + b'"' + line[start:].replace(b'"', b'""') + b'"'
    if delimiter == b",":
        return line
    content = line
    while content.endswith(b"\r"):
        content = content[:-1]
    end = line[len(content) :]
    if delimiter == b"\t":
        fields = content.split(b"\t")
    else:
        fields = [field for field in content.replace(b"\t", b" ").split(b" ") if field]
    written = []
    for field in fields:
        if b"," in field or b'"' in field:
            written.append(b'"' + field.replace(b'"', b'""') + b'"')
        else:
            written.append(field)
    return b",".join(written) + end


def _fields(text: str) -> list[str] | str:
    """The fields of a line with commas, or what is wrong with its quotes. Only a field's first character quotes it."""
    fields = []
    place = 0
    while True:
        field = ""
        if text[place : place + 1] == '"':
            place += 1
            while True:
                if place >= len(text):
                    return "unexpected end of data"
                if text[place : place + 2] == '""':
                    field += '"'
                    place += 2
                elif text[place] == '"':
                    place += 1
                    break
                else:
                    field += text[place]
                    place += 1
            if place < len(text) and text[place] != ",":
                return "',' expected after '\"'"
        else:
            while place < len(text) and text[place] != ",":
                field += text[place]
                place += 1
        fields.append(field)
        if place >= len(text):
            return fields
        place += 1


def _values(fields: Sequence[str], columns: Sequence[str]) -> dict[str, float | int] | str:
    """The values by column, or why the line is rejected: the number of fields, else the first field that is wrong."""
    if len(fields) != len(columns):
        return f"{len(fields)} fields, expected {len(columns)}"
    values: dict[str, float | int] = {}
    for place, (column, field) in enumerate(zip(columns, fields, strict=True), start=1):
        where = f"field {place} ({column})"
        if column == "subject":
            subject = subject_of(field)
            if subject is None:
                return f"{where} names no subject: {_shown(field)}"
            values[column] = subject
            continue
        if field == "":
            return f"{where} is empty"
        number = number_of(field)
        if number is None:
            return f"{where} is not a number: {_shown(field)}"
        if number in (float("inf"), float("-inf")):
            return f"{where} is too large for a double: {_shown(field)}"
        if column == "label":
            if number not in range(13):
                return f"{where} is not a whole number from 0 to 12: {_shown(field)}"
            values[column] = int(number)
        else:
            values[column] = number
    return values


def number_of(text: str) -> float | None:
    """`float()` of a text in ASCII digits, sign, point and exponent; None for anything else that `float()` takes."""
    if any(character not in "0123456789+-.eE" for character in text):
        return None
    try:
        return float(text)
    except ValueError:
        return None


def subject_of(text: str) -> int | None:
    """The subject that a text names: at most nine digits behind zeros, perhaps behind the word `subject`."""
    if text[:7].lower() == "subject" and text[:7].isascii():
        text = text[7:]
    if not text or any(character not in "0123456789" for character in text):
        return None
    return int(text) if int(text) < 10**9 else None


def _subject_named(fields: Sequence[str], layout: Layout) -> int | None:
    if "subject" not in layout.columns:
        return None
    if len(fields) == len(layout.columns):
        return subject_of(fields[list(layout.columns).index("subject")])
    return subject_of(fields[-1]) if fields[-1].lower().startswith("subject") else None


def _shown(field: str) -> str:
    return ascii(field[:40] + "..." if len(field) > 40 else field)


def log_delimiter(source: bytes) -> bytes | None:
    """What parts the fields of a file without a header: tabs, else spaces, None where it is no such file.

    More than half of the first 50 lines that are not blank have 24 fields then, most of them with a digit.
    """
    if source.startswith(BOM):
        source = source[3:]
    lines = [line for line in source.split(b"\n") if line.strip(WHITESPACE)][:50]
    for delimiter in (b"\t", b" "):
        good = 0
        for line in lines:
            fields = line.rstrip(WHITESPACE).split(b"\t") if delimiter == b"\t" else line.split()
            with_digit = sum(any(byte in b"0123456789" for byte in field) for field in fields)
            good += len(fields) == 24 and with_digit > 12
        if good > len(lines) / 2:
            return delimiter
    return None
