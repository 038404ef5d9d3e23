"""What comes from outside never makes a message long, wide or invisible."""

import pytest

from ingest.errors import IngestError, UnknownLayout
from ingest.texts import LONGEST_MESSAGE, cut, listed, one_line


def test_a_list_is_cut_and_says_how_much_is_left_out() -> None:
    assert listed(["a"]) == "a"
    assert listed([]) == "nothing"
    assert listed(range(10)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert listed(range(30_000)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 29990 more"
    assert listed(["x" * 81, "y"]) == f"{'x' * 80}..., y"


def test_a_text_is_cut_where_it_is_longer() -> None:
    assert (cut("x" * 200), cut("x" * 201)) == ("x" * 200, "x" * 200 + "...")


@pytest.mark.parametrize("one", ["x", "\0", "\U0010ffff", "\n"])
def test_an_error_is_short_and_keeps_what_to_do(one: str) -> None:
    text = str(UnknownLayout(f"found {one * (1 << 20)} in file.csv. Rename it. Not retryable."))
    assert len(text) <= LONGEST_MESSAGE
    assert text.startswith("found ")
    assert text.endswith(" in file.csv. Rename it. Not retryable.")
    assert "characters left out" in text


def test_an_error_is_one_line_of_characters_that_are_seen() -> None:
    assert str(IngestError("a\nb\r\t\x1b[31m\u202egnp.exe \udcff 無")) == (r"a\nb\r\t\x1b[31m\u202egnp.exe \udcff 無")


def test_a_message_that_fits_is_left_alone() -> None:
    assert one_line("x" * LONGEST_MESSAGE) == "x" * LONGEST_MESSAGE


def test_a_message_tells_how_much_of_its_middle_is_left_out() -> None:
    assert one_line("a" * 2500 + "b" * 2500) == f"{'a' * 1000} ... 3000 characters left out ... {'b' * 1000}"
