"""Lines on a terminal of 80 columns, and in a pipe."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from mhealth_ops.operations.telling import print_wrapped

WORDS = "ConvertParquet  " + " ".join(f"word{number:02}" for number in range(30))


def printed(text: str, *, terminal: bool) -> list[str]:
    out = io.StringIO()
    print_wrapped(Console(file=out, width=80, force_terminal=terminal, no_color=True), Text(text), 16)
    return out.getvalue().splitlines()


def test_a_long_line_is_continued_at_its_indent() -> None:
    first, *more = printed(WORDS, terminal=True)
    assert first.startswith("ConvertParquet  word00 word01")
    assert len(more) > 1
    assert all(line.startswith(" " * 16 + "word") for line in more)
    assert all(len(line) <= 80 for line in [first, *more])
    assert " ".join([first, *more]).split() == WORDS.split()


def test_an_address_that_is_longer_than_a_line_is_whole() -> None:
    address = "s3://" + "b" * 100
    assert "".join(line.strip() for line in printed(f"report      {address}", terminal=True)).endswith("b" * 40)


@pytest.mark.parametrize("text", ["short", "", WORDS])
def test_in_a_pipe_a_line_stays_one(text: str) -> None:
    assert printed(text, terminal=False) == [text]
