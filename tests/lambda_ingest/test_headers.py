"""A line is a header where it names columns, whatever parts its fields; a data line or a remark is none."""

import pytest

from headers import is_header, names_of

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
