from __future__ import annotations

import pytest

from mhealth.raw.grammar import LINE_LIMIT, BadLine, GoodLine, read_line, subject_number

COLUMNS = ["ecg_1", "ecg_2", "label"]
BY_ROW = ["ecg_1", "label", "subject"]


@pytest.mark.parametrize(
    ("line", "values"),
    [
        pytest.param(b"-9.8184,0.009971,0", (-9.8184, 0.009971, 0), id="plain"),
        pytest.param(b"1,2,3\r", (1.0, 2.0, 3), id="carriage-return"),
        pytest.param(b" 1 ,\t2\t, 3  ", (1.0, 2.0, 3), id="spaces-and-tabs-around"),
        pytest.param(b"1,2,3,,,", (1.0, 2.0, 3), id="delimiters-too-many"),
        pytest.param(b"1,2,3, ,\t\r", (1.0, 2.0, 3), id="delimiters-and-spaces-too-many"),
        pytest.param(b"+.5e2,5.E-1,1.0", (50.0, 0.5, 1), id="exponents-and-a-label-with-a-point"),
        pytest.param(b'"1.5","2","12"', (1.5, 2.0, 12), id="quoted"),
        pytest.param(b"1e-400,-0,0012", (0.0, -0.0, 12), id="underflow-and-leading-zeros"),
        pytest.param(b"0.1000000000000000055511151231257827,2,3", (0.1, 2.0, 3), id="more-digits-than-a-double"),
    ],
)
def test_a_good_line_has_these_values(line: bytes, values: tuple[float, ...]) -> None:
    assert read_line(line, COLUMNS) == GoodLine(values)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(b"1,2", "2 fields, expected 3", id="too-few"),
        pytest.param(b"1,", "2 fields, expected 3", id="too-few-and-the-last-is-empty"),
        pytest.param(b",", "2 fields, expected 3", id="nothing-but-a-delimiter"),
        pytest.param(b"1,2,3,4", "4 fields, expected 3", id="too-many"),
        pytest.param(b",2,3,", "field 1 (ecg_1) is empty", id="empty-field"),
        pytest.param(b"1,2,", "field 3 (label) is empty", id="cut-off"),
        pytest.param(b"1,x,3", "field 2 (ecg_2) is not a number: 'x'", id="a-word"),
        pytest.param(b"1,nan,3", "field 2 (ecg_2) is not a number: 'nan'", id="nan"),
        pytest.param(b"-Infinity,2,3", "field 1 (ecg_1) is not a number: '-Infinity'", id="infinity"),
        pytest.param(b"1,1e999,3", "field 2 (ecg_2) is too large for a double: '1e999'", id="overflow"),
        pytest.param(b"1_0,2,3", "field 1 (ecg_1) is not a number: '1_0'", id="underscore"),
        pytest.param(b"0x10,2,3", "field 1 (ecg_1) is not a number: '0x10'", id="hexadecimal"),
        pytest.param(
            "\u0661,2,3".encode(), "field 1 (ecg_1) is not a number: '\\u0661'", id="digits-of-another-script"
        ),
        pytest.param(b'"1,5",2,3', "field 1 (ecg_1) is not a number: '1,5'", id="decimal-comma"),
        pytest.param(b"1,2,13", "field 3 (label) is not a whole number from 0 to 12: '13'", id="label-13"),
        pytest.param(b"1,2,-1", "field 3 (label) is not a whole number from 0 to 12: '-1'", id="label-negative"),
        pytest.param(b"1,2,1.5", "field 3 (label) is not a whole number from 0 to 12: '1.5'", id="label-half"),
        pytest.param(b"1,2,1e300", "field 3 (label) is not a whole number from 0 to 12: '1e300'", id="label-huge"),
        pytest.param(b"1,2\x00,3", "field 2 (ecg_2) is not a number: '2\\x00'", id="nul"),
        pytest.param(b"1,\xff2,3", "field 2 (ecg_2) is not a number: '\\\\xff2'", id="not-utf-8"),
        pytest.param(b"1,2,3\r1,2,3", "a carriage return inside the line", id="lone-carriage-return"),
        pytest.param(b'1,"2,3', "the quotes are not those of a CSV line (unexpected end of data)", id="open-quote"),
        pytest.param(b"1," + b"9" * 39 + b"x,3", f"field 2 (ecg_2) is not a number: '{'9' * 39}x'", id="shown-whole"),
        pytest.param(b"1," + b"9" * 50 + b"x,3", f"field 2 (ecg_2) is not a number: '{'9' * 40}...'", id="long-field"),
    ],
)
def test_a_bad_line_has_a_precise_reason(line: bytes, reason: str) -> None:
    verdict = read_line(line, COLUMNS)
    assert isinstance(verdict, BadLine)
    assert verdict.reason == reason
    assert verdict.text == line.decode("utf-8", "backslashreplace")


@pytest.mark.parametrize("line", [b"", b"\r", b" \t ", b"\x0b\x0c"])
def test_only_whitespace_is_a_blank_line(line: bytes) -> None:
    assert read_line(line, COLUMNS) is None


def test_a_line_over_the_limit_is_rejected_with_its_length_and_cut_even_if_it_would_read() -> None:
    line = b"1,2," + b"0" * LINE_LIMIT + b"3"
    assert read_line(line, COLUMNS) == BadLine(
        "the line has 65541 bytes, more than 65536; the text is cut there", line[:65536].decode()
    )
    fits = b"1,2," + b"0" * (LINE_LIMIT - 5) + b"3"
    assert read_line(fits + b"\r", COLUMNS) == GoodLine((1.0, 2.0, 3))


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("subject1", 1),
        ("subject01", 1),
        (" Subject10 ", 10),
        ("7", 7),
        ("0", 0),
        ("subject", None),
        ("subject-1", None),
        ("1.0", None),
        ("x1", None),
        ("", None),
        ("9999999999", None),
    ],
)
def test_a_subject_is_digits_perhaps_after_its_name(text: str, subject: int | None) -> None:
    assert subject_number(text) == subject


@pytest.mark.parametrize(
    ("line", "subject"),
    [
        pytest.param(b"x,1,subject3", 3, id="whole-line"),
        pytest.param(b"x,1,3", 3, id="whole-line-bare-number"),
        pytest.param(b"1,subject3", 3, id="fields-lost"),
        pytest.param(b"1,2,3,subject3,", 3, id="fields-too-many"),
        pytest.param(b"1,2", None, id="fields-lost-and-a-number-that-may-be-the-label"),
        pytest.param(b"x,1,nobody", None, id="unreadable"),
    ],
)
def test_a_rejected_line_names_its_subject_where_that_is_sure(line: bytes, subject: int | None) -> None:
    verdict = read_line(line, BY_ROW)
    assert isinstance(verdict, BadLine)
    assert verdict.subject == subject


def test_label_and_subject_are_told_by_their_names_wherever_these_come_from() -> None:
    columns = [f"{name[:2]}{name[2:]}" for name in BY_ROW]  # other objects of the same text
    assert read_line(b"1,2,subject3", columns) == GoodLine((1.0, 2, 3))
