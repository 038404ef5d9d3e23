"""The source layouts that are understood: one registry, and the recognition of a file's layout from its first lines.

A new layout is one entry in `LAYOUTS` and one test: docs/data.md shows both. A new spelling of a known column is one
entry in the tables of `ALIASES`.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from errors import EmptyFile, UnknownLayout

HERE = "lambda_ingest/layouts.py"
"""This file, as error messages name it."""

HEAD_BYTES = 1 << 20
"""How much of a file is looked at."""

HEAD_LINES = 50
"""How many of the lines in it that are not blank; the majority decides."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_AXES = ("x", "y", "z")


def _vector(name: str) -> tuple[str, ...]:
    return tuple(f"{name}_{axis}" for axis in _AXES)


SENSORS = (
    *_vector("chest_accel"),
    *("ecg_1", "ecg_2"),
    *(*_vector("ankle_accel"), *_vector("ankle_gyro"), *_vector("ankle_mag")),
    *(*_vector("arm_accel"), *_vector("arm_gyro"), *_vector("arm_mag")),
)
LIMBS_ONLY = (*_vector("ankle_accel"), *_vector("ankle_gyro"), *_vector("arm_accel"), *_vector("arm_gyro"))


MHEALTH_NAME = re.compile(r"mhealth_subject0*([0-9]{1,9})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Layout:
    """One source layout: its columns by canonical name, in order where there is no header.

    `expected` is what error messages say of it. With a `subject` column the rows tell the subject, else the file's
    name does: `file_name` matches it without its extension, its first group being the subject's number, at most nine
    digits behind any zeros. `spellings` are column names of this layout alone, in lower case with underscores, to
    canonical ones; `ALIASES` has those that every layout may use. `delimiters` (comma, tab, or space for runs of them)
    are those that a file without a header may have.
    """

    name: str
    expected: str
    columns: tuple[str, ...]
    header: bool
    file_name: re.Pattern[str] = MHEALTH_NAME
    spellings: Mapping[str, str] = field(default_factory=dict)
    delimiters: tuple[bytes, ...] = (b"\t", b" ")

    @property
    def subject_in_rows(self) -> bool:
        """Whether a file holds several subjects, each row naming its own."""
        return "subject" in self.columns


LAYOUTS = (
    Layout(
        "mhealth_log",
        "mHealth_subject<N>.log: no header, 24 fields by tab or spaces",
        (*SENSORS, "label"),
        header=False,
    ),
    Layout(
        "mhealth_raw_data",
        "mhealth_raw_data.csv: a header alx,aly,alz,glx,gly,glz,arx,ary,arz,grx,gry,grz,Activity,subject",
        (*LIMBS_ONLY, "label", "subject"),
        header=True,
    ),
    Layout(
        "mhealth_csv",
        "mHealth_subject<N>.csv: a header with the 24 names chest_accel_x ... arm_mag_z, label in any order",
        (*SENSORS, "label"),
        header=True,
    ),
)


def _aliases() -> dict[str, str]:
    limbs = {
        "chest": ("chest",),
        "ankle": ("ankle", "left_ankle"),
        "arm": ("arm", "right_arm", "lower_arm", "right_lower_arm"),
    }
    kinds = {
        "accel": ("accel", "acc", "acceleration", "accelerometer"),
        "gyro": ("gyro", "gyr", "gyroscope"),
        "mag": ("mag", "magnetometer"),
    }
    # `from the left-ankle sensor (X axis)` is how the dataset's own README names its columns.
    patterns = ("{limb}_{kind}_{axis}", "{kind}_{limb}_{axis}", "{kind}_from_the_{limb}_sensor_{axis}_axis")
    spelled = {
        pattern.format(limb=limb, kind=kind, axis=axis): f"{canonical_limb}_{canonical_kind}_{axis}"
        for canonical_limb, limb_names in limbs.items()
        for canonical_kind, kind_names in kinds.items()
        for limb, kind, axis, pattern in itertools.product(limb_names, kind_names, _AXES, patterns)
    }
    short = {"al": "ankle_accel", "gl": "ankle_gyro", "ar": "arm_accel", "gr": "arm_gyro"}
    spelled |= {f"{prefix}{axis}": f"{name}_{axis}" for prefix, name in short.items() for axis in _AXES}
    for lead in ("1", "2"):
        names = ("ecg_{}", "ecg{}", "ecg_lead_{}", "chest_ecg_{}", "electrocardiogram_signal_lead_{}")
        spelled |= {name.format(lead): f"ecg_{lead}" for name in names}
    spelled |= dict.fromkeys(("label", "activity", "activity_id", "activity_label", "class"), "label")
    return spelled | dict.fromkeys(("subject", "subject_id", "participant"), "subject")


ALIASES = _aliases()
"""Header spellings, in lower case with underscores, to canonical names."""

_DIGIT = re.compile(rb"[0-9]")


@dataclass(frozen=True)
class Recognised:
    """What was found out about one file.

    `columns` are canonical names in the order of the fields; `delimiter` is a comma, a tab or a space (runs of them);
    `subject` is None where the rows tell it; `header` is the header line with its line end, empty where there is none;
    `blank_lines` stand before the header; `offset` is where the lines after the header begin, behind a byte-order mark.
    """

    layout: str
    columns: tuple[str, ...]
    delimiter: bytes
    subject: int | None
    header: bytes = b""
    blank_lines: int = 0
    offset: int = 0


def recognise(path: str, stem: str, head: bytes, *, whole: bool) -> Recognised:
    """Recognise a file's layout from its first bytes.

    `path` is told in errors, `stem` is the base name without extension, `head` are the first HEAD_BYTES, `whole` says
    that the file has no more. Raises EmptyFile where that shows already, UnknownLayout with what was expected.
    """
    text = head.removeprefix(BYTE_ORDER_MARK)
    pieces = text.split(b"\n")
    if not whole and len(pieces) > 1:
        pieces.pop()  # cut off by the end of the head
    lines = list(itertools.islice((piece for piece in pieces if piece.strip()), HEAD_LINES))
    if not lines and whole:
        raise EmptyFile(f"{path} has no data line. {_WHAT_TO_DO_WHEN_EMPTY}")
    first = lines[0] if lines else b""
    found = _with_header(pieces, first) or _without_header(lines)
    if found is None:
        raise UnknownLayout(_refusal(path, first))
    layout, recognised = found
    if layout.header and whole and len(lines) == 1:
        raise EmptyFile(f"{path} has a header and no data line. {_WHAT_TO_DO_WHEN_EMPTY}")
    if layout.subject_in_rows:
        return recognised
    named = layout.file_name.fullmatch(stem)
    if named is None:
        raise UnknownLayout(
            f"{path} has the content of layout {layout.name}, but its name does not tell the subject. Expected: "
            f"{layout.expected}. Rename the file in the dataset, or add a layout in {HERE}; a retry does not help."
        )
    return replace(recognised, subject=int(named[1]))


_WHAT_TO_DO_WHEN_EMPTY = "Expected at least one. Mend or remove the file in the dataset; a retry does not help."


def _with_header(pieces: list[bytes], first: bytes) -> tuple[Layout, Recognised] | None:
    for delimiter in (b",", b"\t", b" "):
        names = _header_names(first, delimiter)
        for layout in LAYOUTS:
            columns = _canonical(names, layout)
            if layout.header and sorted(columns) == sorted(layout.columns):
                place = pieces.index(first)
                offset = sum(len(piece) + 1 for piece in pieces[: place + 1])
                return layout, Recognised(layout.name, columns, delimiter, None, first + b"\n", place, offset)
    return None


def _without_header(lines: list[bytes]) -> tuple[Layout, Recognised] | None:
    for layout in LAYOUTS:
        for delimiter in () if layout.header else layout.delimiters:
            good = sum(_looks_like_data(line, delimiter, len(layout.columns)) for line in lines)
            if 2 * good > len(lines):
                return layout, Recognised(layout.name, layout.columns, delimiter, None)
    return None


def _header_names(line: bytes, delimiter: bytes) -> list[str]:
    """Return the names of a header line as they are spelled."""
    text = line.decode("utf-8", "backslashreplace").strip()
    try:
        names = text.split() if delimiter == b" " else next(csv.reader([text], delimiter=delimiter.decode()), [])
    except csv.Error:  # a field of 128 KiB, a lone carriage return: no header
        return []
    while names and not names[-1].strip():
        names.pop()  # delimiters at the end of the line name no column
    return names


def _canonical(names: Iterable[str], layout: Layout) -> tuple[str, ...]:
    """Return the canonical names as `layout` spells them; a name that no table knows stays as it is spelled."""
    folded = ((name, _folded(name)) for name in names)
    return tuple(layout.spellings.get(key) or ALIASES.get(key, name) for name, key in folded)


def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _looks_like_data(line: bytes, delimiter: bytes, count: int) -> bool:
    fields = line.split() if delimiter == b" " else line.rstrip().split(delimiter)
    return len(fields) == count and 2 * sum(map(bool, map(_DIGIT.search, fields))) > count


def _refusal(path: str, first: bytes) -> str:
    expected = "; ".join(layout.expected for layout in LAYOUTS)
    return (
        f"{path} is in no known layout. First line seen: {shown(first.strip())!r}.{_nearest(first)} "
        f"Expected one of: {expected}. "
        f"A layout or another spelling of a column is added in {HERE} (docs/data.md shows how); a retry does not help."
    )


def _nearest(first: bytes) -> str:
    """Tell how a line that is nearly a header differs from the layout it comes nearest to."""
    names = _header_names(first, b",")
    found, layout = max(
        ((set(_canonical(names, layout)), layout) for layout in LAYOUTS if layout.header),
        key=lambda one: len(one[0].intersection(one[1].columns)),
    )
    if len(found.intersection(layout.columns)) < len(layout.columns) / 2:
        return ""
    return (
        f" As a header of layout {layout.name} it lacks {_listed(set(layout.columns) - found)}"
        f" and has beside it {_listed(found - set(layout.columns))}; or it names a column twice."
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def shown(line: bytes) -> str:
    """Return a line as an error message shows it: at most 200 characters, bytes that are not UTF-8 escaped."""
    text = line[:1000].decode("utf-8", "backslashreplace")
    return text if len(text) <= 200 and len(line) <= 1000 else f"{text[:200]}..."
