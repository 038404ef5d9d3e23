"""The source layouts that are understood: one registry, and the recognition of a file's layout from its first lines.

A new layout is one entry in `LAYOUTS` and one test: docs/data.md shows both. A new spelling of a known column is one
word in the tables of column_names.py.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ingest.column_names import ALIASES, LIMBS_ONLY, SENSORS, folded, is_index
from ingest.errors import EmptyFile, UnknownLayout
from ingest.headers import DELIMITERS, SEMICOLON, is_header, is_number, names_of
from ingest.texts import cut, listed

HERE = "lambda_ingest/ingest/layouts.py"
"""This file, as error messages name it."""

HEAD_BYTES = 1 << 20
"""How much of a file is looked at."""

HEAD_LINES = 50
"""How many of the lines in it that are not blank; the majority decides."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_MOST_INDEX_COLUMNS = 3  # pandas adds one each time that a file is read and written

MHEALTH_NAME = re.compile(r"mhealth_subject0*([0-9]{1,9})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Layout:
    """One source layout: its columns by canonical name, in order where there is no header.

    `expected` is what error messages say of it. With a `subject` column the rows tell the subject, else the file's
    name does: `file_name` matches it without its extension, its first group being the subject's number, at most nine
    digits behind any zeros. `spellings` are column names of this layout alone to canonical ones; column_names.py has
    those that every layout may use. `delimiters` (comma, tab, or space for runs of them) are those that a file without
    a header may have.
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


@dataclass(frozen=True)
class Recognised:
    """What was found out about one file.

    `columns` are canonical names in the order of the fields; `delimiter` is a comma, a tab or a space (runs of them);
    `subject` is None where the rows tell it; `header` is the header line with its line end, empty where there is none;
    `blank_lines` stand before the header; `offset` is where the lines after the header begin, behind a byte-order mark.
    `dropped` tells of the first columns, an index of the rows, which are left out of the raw CSV and of `columns`.
    """

    layout: str
    columns: tuple[str, ...]
    delimiter: bytes
    subject: int | None
    header: bytes = b""
    blank_lines: int = 0
    offset: int = 0
    dropped: tuple[str, ...] = ()


def recognise(path: str, stem: str, head: bytes, *, whole: bool) -> Recognised:
    """Recognise a file's layout from its first bytes.

    `path` is told in errors, `stem` is the base name without extension, `head` are the first HEAD_BYTES, `whole` says
    that the file has no more. Raises EmptyFile where that shows already, UnknownLayout with what was expected.
    """
    path = cut(path)
    text = head.removeprefix(BYTE_ORDER_MARK)
    pieces = text.split(b"\n")
    if not whole and len(pieces) > 1:
        pieces.pop()  # cut off by the end of the head
    filled = ((number, piece) for number, piece in enumerate(pieces, start=1) if piece.strip())
    numbered = list(itertools.islice(filled, HEAD_LINES))
    lines = [line for _, line in numbered]
    if not lines and whole:
        raise EmptyFile(f"{path} has no data line. {_WHAT_TO_DO_WHEN_EMPTY}")
    found = _by_names(pieces, numbered[:1]) or _by_position(lines)
    unread = _unread_header(numbered, found)
    if found is None or unread is not None:
        raise UnknownLayout(_refusal(path, lines[0] if lines else b"", unread))
    layout, recognised = found
    if layout.header and whole and len(lines) == 1:
        raise EmptyFile(f"{path} has a header and no data line. {_WHAT_TO_DO_WHEN_EMPTY}")
    if layout.subject_in_rows:
        return recognised
    named = layout.file_name.fullmatch(stem)
    if named is None:
        raise UnknownLayout(
            f"{path} has the content of layout {layout.name}, but its name does not tell the subject. Expected: "
            f"{layout.expected}. Rename the file in the dataset, or add a layout in {HERE}. Not retryable."
        )
    return replace(recognised, subject=int(named[1]))


_WHAT_TO_DO_WHEN_EMPTY = "Expected at least one. Fix or remove the file in the dataset. Not retryable."


def _by_names(pieces: Sequence[bytes], first: Sequence[tuple[int, bytes]]) -> tuple[Layout, Recognised] | None:
    """Recognise a file whose first line that is not blank is the header of a layout."""
    for (number, header), delimiter in itertools.product(first, DELIMITERS):
        names = names_of(header, delimiter)
        index = list(itertools.takewhile(is_index, names[:_MOST_INDEX_COLUMNS]))
        for layout in LAYOUTS:
            if not layout.header or len(names) != len(index) + len(layout.columns):
                continue
            columns = _canonical(names[len(index) :], layout)
            if sorted(columns) == sorted(layout.columns):
                offset = sum(len(piece) + 1 for piece in pieces[:number])
                dropped = tuple(itertools.starmap(_told, enumerate(index, start=1)))
                top = (header + b"\n", number - 1, offset)
                return layout, Recognised(layout.name, columns, delimiter, None, *top, dropped)
    return None


def names_other_columns(line: bytes, recognised: Recognised) -> bool:
    """Tell whether a header line says of a file's columns anything but what was recognised."""
    (layout,) = (layout for layout in LAYOUTS if layout.name == recognised.layout)
    names = names_of(line, recognised.delimiter)
    index = list(itertools.takewhile(is_index, names[: len(recognised.dropped)]))
    return _canonical(names[len(index) :], layout) != recognised.columns


def _by_position(lines: list[bytes]) -> tuple[Layout, Recognised] | None:
    """Recognise a file without a header by what most of its lines look like."""
    for layout in LAYOUTS:
        for delimiter in () if layout.header else layout.delimiters:
            good = sum(_looks_like_data(line, delimiter, len(layout.columns)) for line in lines)
            if 2 * good > len(lines):
                return layout, Recognised(layout.name, layout.columns, delimiter, None)
    return None


def _unread_header(
    numbered: Sequence[tuple[int, bytes]], found: tuple[Layout, Recognised] | None
) -> tuple[int, bytes] | None:
    """Return a line above the data, with its number, that says by name what the columns are, and is not the header.

    Who takes it for a bad line gives the columns other names than the file does. The header again says nothing new.
    """
    header = found[1].header.strip() if found else b""
    for number, line in numbered:
        if is_header(line) and line.strip() != header:
            return number, line
        if found and _looks_like_data(line, found[1].delimiter, len(found[1].dropped) + len(found[1].columns)):
            return None
    return None


def _canonical(names: Iterable[str], layout: Layout) -> tuple[str, ...]:
    """Return the canonical names as `layout` spells them; a name that no table knows stays as it is spelled."""
    own = {folded(spelling): name for spelling, name in layout.spellings.items()}
    return tuple(own.get(folded(name)) or ALIASES.get(folded(name), name) for name in names)


def _looks_like_data(line: bytes, delimiter: bytes, count: int) -> bool:
    fields = line.split() if delimiter == b" " else line.rstrip().split(delimiter)
    return len(fields) == count and 2 * sum(is_number(field.decode("latin-1")) for field in fields) > count


def _refusal(path: str, first: bytes, unread: tuple[int, bytes] | None) -> str:
    expected = "; ".join(layout.expected for layout in LAYOUTS)
    if unread is None or unread[1] is first:
        more = _nearest(first)
    else:
        more = f" Line {unread[0]} has names, too, and is no data line: {shown(unread[1].strip())!r}."
    return (
        f"{path} is in no known layout. First line seen: {shown(first.strip())!r}.{more} Expected one of: {expected}. "
        f"A layout is added in {HERE}, a spelling of a column in lambda_ingest/ingest/column_names.py "
        "(docs/data.md shows how). Not retryable."
    )


def _nearest(first: bytes) -> str:
    """Tell how a header differs from that of the layout it comes nearest to; nothing of a line that is no header."""
    read = ((names_of(first, delimiter), delimiter) for delimiter in (*DELIMITERS, SEMICOLON))
    candidates = [(names, delimiter, layout) for names, delimiter in read for layout in LAYOUTS if layout.header]

    def nearness(candidate: tuple[list[str], bytes, Layout]) -> tuple[int, bool, int]:
        names, _, layout = candidate
        known = set(_canonical(names, layout)).intersection(layout.columns)
        return len(known), len(names) > 1, -abs(len(names) - len(layout.columns))

    names, delimiter, layout = max(candidates, key=nearness)
    if not nearness((names, delimiter, layout))[0] and not is_header(first):
        return ""
    return f" The nearest layout is {layout.name}: {'; '.join(_differences(names, delimiter, layout))}."


def _differences(names: Sequence[str], delimiter: bytes, layout: Layout) -> Iterator[str]:
    columns = Counter(_canonical(names, layout))
    if missing := [column for column in layout.columns if column not in columns]:
        yield f"it lacks {listed(missing)}"
    if unexpected := [column for column in columns if column.strip() and column not in layout.columns]:
        yield f"it has {listed(unexpected)} besides"
    if doubled := [column for column, times in columns.items() if column.strip() and times > 1]:
        yield f"it names {listed(doubled)} more than once"
    if unnamed := [place for place, name in enumerate(names, start=1) if not name.strip()]:
        yield f"it has no name for column {listed(unnamed)}"
    if delimiter == SEMICOLON:
        yield "its fields are parted by semicolons, where commas, tabs and spaces are understood"


def _told(place: int, name: str) -> str:
    """Tell of a column that is dropped."""
    return f"column {place}, {cut(name.strip(), 40)!r}" if name.strip() else f"column {place}, without a name"


def shown(line: bytes) -> str:
    """Return a line as an error message shows it: at most 200 characters, bytes that are not UTF-8 escaped."""
    return cut(line[:1000].decode("utf-8", "backslashreplace"))
