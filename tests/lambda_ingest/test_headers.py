"""A line is a header where it names columns, whatever parts its fields; a data line or a remark is none."""

import pytest

from ingest.column_names import SENSORS
from ingest.headers import headers_among, is_header, names_of

NAMES = [f"channel_{chr(97 + place)}" for place in range(12)]


@pytest.mark.parametrize(
    ("line", "header"),
    [
        pytest.param(",".join(NAMES), True, id="twelve unknown names"),
        pytest.param(";".join(NAMES), True, id="semicolons"),
        pytest.param("\t".join(NAMES) + "\r", True, id="tabs and a carriage return"),
        pytest.param(",".join(f'"{name}"' for name in NAMES), True, id="quoted"),
        pytest.param(",".join([*NAMES, *["7"] * 11]), True, id="fewer numbers than names"),
        pytest.param(",".join([*NAMES, *["7"] * 12]), False, id="as many numbers as names"),
        pytest.param(",".join(map(str, range(24))), True, id="counted from 0"),
        pytest.param("\t".join(map(str, range(1, 25))), True, id="counted from 1"),
        pytest.param(",".join(map(str, range(2, 26))), False, id="counted from 2"),
        pytest.param("\t".join(["0"] * 24), False, id="numbers"),
        pytest.param("\t".join(["1,5"] * 24), False, id="numbers with a comma"),
        pytest.param(",".join(['"1.5"'] * 24), False, id="quoted numbers"),
        pytest.param(",".join(["nan", "NA", "null", "-Infinity", "?", ""] * 4), False, id="missing values"),
        pytest.param("made on a Tuesday by hand", False, id="a remark"),
        pytest.param("ecg_1 chest_acc_x", True, id="two that are known"),
        pytest.param("subject activity", False, id="two words of every day"),
        pytest.param("", False, id="blank"),
    ],
)
def test_a_header_is_told_from_data_and_remarks(line: str, header: bool) -> None:
    assert is_header(line.encode()) is header


def test_a_field_that_is_empty_is_one_between_tabs_and_none_between_spaces() -> None:
    assert names_of(b"a\t\tb\t", b"\t") == ["a", "", "b"]
    assert names_of(b"\ta\tb\r", b"\t") == ["", "a", "b"]
    assert names_of(b" a   b ", b" ") == ["a", "b"]
    assert names_of(b"a\t\tb", b" ") == []
    # Behind the last field it is none, whatever parts the others.
    assert names_of(b"\ta b\t\t", b" ") == ["a", "b"]
    assert names_of(b"\ta,b\t", b",") == ["a", "b"]


NUMBERS = b"1.5,-2,3e4,0\n" * 3


@pytest.mark.parametrize(
    ("line", "header"),
    [
        pytest.param(b"ecg_1,ecg_2,label,subject", True, id="names that are known"),
        pytest.param(b"ecg_1;ecg_2", True, id="by other delimiters"),
        pytest.param(b"\xef\xbb\xbfecg_1,ecg_2,label", True, id="behind the byte-order mark of another file"),
        pytest.param(b",Unnamed: 0,ecg_1,ecg_2", True, id="behind an index"),
        pytest.param(b'"ecg_1","ecg_2"\r', True, id="quoted"),
        pytest.param(b"alpha,beta,gamma,delta", True, id="as many unknown names as fields"),
        pytest.param(b"alpha,beta,gamma", False, id="fewer"),
        pytest.param(b"alpha beta gamma delta", False, id="as many words parted by something else"),
        pytest.param(b"alpha;beta;gamma;delta", False, id="as many words parted by semicolons"),
        pytest.param(b"x,x,x,x", False, id="the same word again and again"),
        pytest.param(b"nan,null,inf,NA", False, id="values that are missing"),
        pytest.param(b"broken,ecg_1,3,4", False, id="a data line with two bad fields"),
        pytest.param(b"broken,again,3,4", False, id="as many numbers as words"),
        pytest.param(b"subject1,walking,3,4", False, id="a subject and an activity by name"),
        pytest.param(b"# put together on a Tuesday by somebody who had no time to look", False, id="a remark"),
        pytest.param(b"1,2,3,0", False, id="data"),
    ],
)
def test_a_header_among_data_is_told_from_bad_lines_and_remarks(line: bytes, header: bool) -> None:
    found = list(headers_among(NUMBERS + line + b"\n" + NUMBERS, b",", 4))
    assert found == ([(len(NUMBERS), line)] if header else [])
    assert list(headers_among(line, b",", 4)) == ([(0, line)] if header else [])


def test_every_layouts_own_header_is_found_by_any_delimiter() -> None:
    for delimiter in (b",", b"\t", b" ", b"  ", b";"):
        line = delimiter.join(name.encode() for name in (*SENSORS, "label"))
        assert [found for _, found in headers_among(NUMBERS + line, b",", 24)] == [line]
