"""docs/guarantees.md and the tests' markers `notices` say the same.

`python -m tools.guarantees` breaks what they name, and shows that the tests notice.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.guarantees import PAGE, Break, Promise, breaks, breaks_of, has_failed, promises, unmatched, what_to_run
from tools.paths import ROOT

SOURCE = """
@pytest.mark.notices("a.py", "x = 1", "x = 2")
@pytest.mark.notices("b.py", 'say("x")', "pass", case="one-2")
def test_it(): ...

def test_another(): ...
"""


def test_a_marker_says_what_is_broken_and_by_which_case_it_is_noticed() -> None:
    assert list(breaks_of(SOURCE, "tests/test_a.py")) == [
        Break("a.py", "x = 1", "x = 2", "tests/test_a.py::test_it"),
        Break("b.py", 'say("x")', "pass", "tests/test_a.py::test_it[one-2]"),
    ]


def test_a_row_without_a_marker_and_a_marker_without_a_row_are_told() -> None:
    row, marker = Promise("it holds", "a.py", "t.py::test_a"), Break("a.py", "1", "2", "t.py::test_a")
    assert unmatched([row], [marker]) == []
    assert unmatched([row, row], [marker]) == ["a.py t.py::test_a"]
    assert unmatched([], [marker]) == ["a.py t.py::test_a"]


def test_a_story_is_run_from_its_begin_and_another_test_alone(tmp_path: Path) -> None:
    (tmp_path / "story.py").write_text("pytestmark = pytest.mark.story\n")
    (tmp_path / "single.py").write_text("")
    assert what_to_run(Break("a.py", "1", "2", "story.py::test_b"), tmp_path) == ["story.py"]
    assert what_to_run(Break("a.py", "1", "2", "single.py::test_b"), tmp_path) == ["-x", "single.py::test_b"]


@pytest.mark.parametrize(
    ("line", "failed"),
    [
        ("FAILED t.py::test_b - assert 1 == 2", True),
        ("FAILED t.py::test_b", True),
        ("FAILED t.py::test_b[one-2] - KeyError", True),
        ("FAILED t.py::test_before - assert 1 == 2", False),
        ("ERROR t.py::test_b - KeyError", False),
    ],
)
def test_only_its_own_test_notices_a_break(line: str, failed: bool) -> None:
    assert has_failed("t.py::test_b", f"{line}\n1 failed in 0.01s\n") is failed


def test_every_row_is_read() -> None:
    rows = [line for line in PAGE.read_text().split("\n") if line.startswith("| ")]
    headings = [line for line in rows if line.startswith("| guarantee |")]
    assert len(promises()) == len(rows) - len(headings) >= 30


def test_each_row_has_its_marker_and_each_marker_its_row() -> None:
    assert unmatched(promises(), breaks()) == []


@pytest.mark.parametrize("each", breaks(), ids=lambda each: f"{each.test.partition('::')[2]}: {each.code}")
def test_the_code_that_a_marker_names_exists(each: Break) -> None:
    assert each.code in (ROOT / each.file).read_text()
