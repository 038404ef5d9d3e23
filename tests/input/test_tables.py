"""The tables of docs/input.md, run: each text becomes what the page says, whichever parser meets it."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from tests.input.reference import number_of, subject_of
from tests.input.whole_way import through_the_project

PAGE = Path(__file__).resolve().parents[2] / "docs" / "input.md"
HEADER = "alx,aly,alz,glx,gly,glz,arx,ary,arz,grx,gry,grz,Activity,subject\n"


def table(heading: str) -> list[tuple[str, str]]:
    """The rows of the table whose header line is `heading`."""
    _, _, rest = PAGE.read_text("utf-8").partition(f"{heading}\n|---|---|\n")
    rows = [re.fullmatch(r"\| `(.*)` \| (.*) \|", line) for line in rest.split("\n\n")[0].split("\n")]
    return [(row[1], row[2]) for row in rows if row]


NUMBERS = table("| text | becomes |")
SUBJECTS = table("| text | subject |")


def test_the_tables_are_read_whole() -> None:
    lines = PAGE.read_text("utf-8").split("\n")
    assert len(NUMBERS) + len(SUBJECTS) == sum(line.startswith("| `") for line in lines) == 63


@pytest.mark.notices("glue/mhealth/raw/grammar.py", "number = float(field)", "number = round(float(field), 12)")
@pytest.mark.notices("glue/mhealth/raw/grammar.py", "[+-]?([0-9]+", "[+-]?([0-9_]+")
@pytest.mark.notices("glue/mhealth/raw/parser.py", "if not np.isfinite(numbers).all():", "if False:")
@pytest.mark.parametrize("among", [b"", b"broken\n"], ids=["fast-parser-first", "beside-a-bad-line"])
@pytest.mark.parametrize(("text", "becomes"), NUMBERS, ids=ascii)
def test_a_text_becomes_this_number_or_is_rejected_for_this_reason(text: str, becomes: str, among: bytes) -> None:
    field = f'"{text}"' if "," in text else text
    line = f"{field},2,3,4,5,6,7,8,9,10,11,12,0,subject1\n"
    found = through_the_project("all.csv", HEADER.encode() + line.encode() + among)
    if becomes.startswith("is "):
        assert found.rejected[0]["reason"] == f"field 1 (ankle_accel_x) {becomes}"
        assert found.rows == []
    else:
        (row,) = found.rows
        assert row.values["ankle_accel_x"] == struct.pack("<d", float(becomes))
        assert row.values["ankle_accel_x"] == struct.pack("<d", float(text))


@pytest.mark.notices("glue/mhealth/raw/grammar.py", "re.ASCII)", "0)")
@pytest.mark.parametrize(("text", "subject"), SUBJECTS, ids=ascii)
def test_a_text_names_this_subject_or_none(text: str, subject: str) -> None:
    line = f"1,2,3,4,5,6,7,8,9,10,11,12,0,{text}\n"
    found = through_the_project("all.csv", HEADER.encode() + line.encode())
    if subject == "none":
        assert found.rejected[0]["reason"].startswith("field 14 (subject) names no subject: ")
    else:
        assert [row.subject for row in found.rows] == [int(subject)]


def test_the_reference_reads_the_tables_alike() -> None:
    for text, becomes in NUMBERS:
        number = number_of(text.strip(" "))
        expected = None if becomes.startswith("is ") else float(becomes)
        if becomes.startswith("is too large"):
            assert number in (float("inf"), float("-inf"))
        else:
            assert repr(number) == repr(expected)
    for text, subject in SUBJECTS:
        assert str(subject_of(text)).lower() == subject
