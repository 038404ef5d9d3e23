"""Every kind of bad line that docs/design.md names, wherever in a file it stands and wherever blocks end."""

from __future__ import annotations

import pytest

from ingest.errors import EmptyFile
from tests.input.reference import LOG_COLUMNS
from tests.input.whole_way import Found, Sizes, through_the_project

HEADER = ",".join(LOG_COLUMNS).encode()
NAME = "mHealth_subject3.csv"
SENSORS = b",".join([b"1.5"] * 22)
GOOD = SENSORS + b",2.5,4"

BAD = {
    "too few fields": (SENSORS, "22 fields, expected 24"),
    "too many fields": (GOOD + b",7", "25 fields, expected 24"),
    "delimiters only": (b",,,", "4 fields, expected 24"),
    "no number": (SENSORS + b",x,4", "field 23 (arm_mag_z) is not a number: 'x'"),
    "NaN": (SENSORS + b",NaN,4", "field 23 (arm_mag_z) is not a number: 'NaN'"),
    "infinity": (SENSORS + b",-inf,4", "field 23 (arm_mag_z) is not a number: '-inf'"),
    "overflow": (SENSORS + b",1e400,4", "field 23 (arm_mag_z) is too large for a double: '1e400'"),
    "an empty field": (SENSORS + b",,4", "field 23 (arm_mag_z) is empty"),
    "label 13": (SENSORS + b",2.5,13", "field 24 (label) is not a whole number from 0 to 12: '13'"),
    "label 1.5": (SENSORS + b",2.5,1.5", "field 24 (label) is not a whole number from 0 to 12: '1.5'"),
    "label -1": (SENSORS + b",2.5,-1", "field 24 (label) is not a whole number from 0 to 12: '-1'"),
    "cut off": (GOOD[:40], "11 fields, expected 24"),
    "invalid UTF-8": (SENSORS + b",\xff\xc3,4", "field 23 (arm_mag_z) is not a number: '\\\\xff\\\\xc3'"),
    "several bytes a character": (SENSORS + ",\u20ac5,4".encode(), "field 23 (arm_mag_z) is not a number: '\\u20ac5'"),
    "NUL": (SENSORS + b",2\x00,4", "field 23 (arm_mag_z) is not a number: '2\\x00'"),
    "an open quote": (SENSORS + b',"2.5,4', "the quotes are not those of a CSV line (unexpected end of data)"),
    "text behind a quote": (SENSORS + b',"2".5,4', "the quotes are not those of a CSV line (',' expected after '\"')"),
    "a carriage return": (SENSORS + b"\r2.5,4", "a carriage return inside the line"),
    "two lines in one": (GOOD + b"\r" + GOOD, "a carriage return inside the line"),
    "the header again": (HEADER, "field 1 (chest_accel_x) is not a number: 'chest_accel_x'"),
    "too long": (
        SENSORS + b",2." + b"5" * 66_000 + b",4",
        "the line has 66092 bytes, more than 65536; the text is cut",
    ),
}
CASES = [pytest.param(line, reason, id=name) for name, (line, reason) in BAD.items()]
# In `alone` and `last` the file ends without a line feed.
PLACES = {
    "alone": ([], []),
    "first": ([], [GOOD] * 3),
    "in the middle": ([GOOD] * 3, [GOOD] * 3),
    "last": ([GOOD] * 3, []),
    "between blank lines": ([GOOD, b""], [b" \t", GOOD]),
}


def reported(found: Found) -> list[tuple[int, str]]:
    return [(entry["line"], entry["reason"]) for entry in found.rejected]


@pytest.mark.sample(35)
@pytest.mark.notices("glue/mhealth/raw/parser.py", "or _has_long_line(data)", "or False")
@pytest.mark.parametrize(("before", "after"), PLACES.values(), ids=PLACES)
@pytest.mark.parametrize(("line", "reason"), CASES)
def test_a_bad_line_is_rejected_by_itself_wherever_it_stands(
    line: bytes, reason: str, before: list[bytes], after: list[bytes]
) -> None:
    number = 2 + len(before)
    lines = [HEADER, *before, line, *after]
    source = b"\n".join(lines)
    good = [place for place, one in enumerate(lines, start=1) if one == GOOD]
    # The raw file is the source here: a block ends before, in, and behind the bad line, and behind each byte near it.
    start = len(b"\n".join(lines[: 1 + len(before)])) + 1
    blocks = {1 << 22, start - 1, start, start + 1, start + len(line) - 1, start + len(line), start + len(line) + 1}
    for block in blocks:
        found = through_the_project(NAME, source, Sizes(raw_block=block))
        assert [(place, text[: len(reason)]) for place, text in reported(found)] == [(number, reason)]
        assert found.rejected[0]["text"] == line.decode("utf-8", "backslashreplace")[:65536]
        assert found.rejected[0]["file"] == NAME
        assert [row.line for row in found.rows] == good
        assert (found.function_lines, found.job_lines) == (len(good) + 1, len(good) + 1)


@pytest.mark.parametrize("block", [1, 61, 4096, 1 << 22])
def test_bad_lines_of_every_kind_among_good_ones_are_each_told(block: int) -> None:
    lines = [line for bad, _ in BAD.values() for line in (GOOD, bad)]
    found = through_the_project(NAME, b"\n".join([HEADER, *lines]), Sizes(raw_block=block, slow_block=200))
    expected = [(3 + 2 * place, reason) for place, (_, reason) in enumerate(BAD.values())]
    assert [
        (line, text[: len(reason)]) for (line, text), (_, reason) in zip(reported(found), expected, strict=True)
    ] == (expected)
    assert [row.line for row in found.rows] == list(range(2, 2 + 2 * len(BAD), 2))
    assert [row.sample for row in found.rows] == list(range(0, 2 * len(BAD), 2))


def test_a_file_of_only_bad_lines_has_no_row_and_every_line_in_quarantine() -> None:
    found = through_the_project(NAME, HEADER + b"\nbroken" * 500)
    assert found.rows == []
    assert reported(found) == [(line, "1 fields, expected 24") for line in range(2, 502)]


@pytest.mark.notices("lambda_ingest/ingest/layouts.py", "if not lines and whole:", "if False:")
def test_a_file_of_no_bytes_is_refused() -> None:
    with pytest.raises(EmptyFile):
        through_the_project(NAME, b"")


TEN_MEGABYTES = 10_000_000


@pytest.mark.parametrize(
    ("line", "text", "length"),
    [
        pytest.param(b"7" * TEN_MEGABYTES, '"' + "7" * 65535, TEN_MEGABYTES + 2, id="digits"),
        pytest.param(b'"' * TEN_MEGABYTES, '"' * 65536, 2 * TEN_MEGABYTES + 2, id="quotes"),
        pytest.param(b" " * TEN_MEGABYTES + b"1", " " * 65536, TEN_MEGABYTES + 3, id="spaces-and-a-digit"),
        pytest.param(b"\xff" * TEN_MEGABYTES, '"' + "\\xff" * 65535, TEN_MEGABYTES + 2, id="no-text"),
    ],
)
def test_a_line_of_ten_megabytes_is_one_rejected_line(line: bytes, text: str, length: int) -> None:
    found = through_the_project(NAME, b"\n".join([HEADER, GOOD, line, GOOD]))
    assert reported(found) == [(3, f"the line has {length} bytes, more than 65536; the text is cut there")]
    assert found.rejected[0]["text"] == text
    assert [(row.line, row.sample) for row in found.rows] == [(2, 0), (4, 2)]


@pytest.mark.notices("lambda_ingest/ingest/raw_csv.py", "self.lines += long_line.quoted", "self.lines += 1")
def test_ten_megabytes_of_spaces_are_a_blank_line() -> None:
    found = through_the_project(NAME, b"\n".join([HEADER, GOOD, b" " * TEN_MEGABYTES, GOOD]))
    assert reported(found) == []
    assert [(row.line, row.sample) for row in found.rows] == [(2, 0), (4, 1)]
