from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhealth.raw.parser import parse_line_by_line
from mhealth.stage.numbering import Numbering, SubjectCount, part_counts, starts

BY_ROW = ["ecg_1", "label", "subject"]
OWN = ["ecg_1", "label"]


def numbered(
    data: str, columns: list[str], subject: int | None, blocks: int
) -> tuple[list[tuple[int, int, int]], list[int], Numbering]:
    """(line, sample, subject) of the good lines, line numbers of the bad ones; the lines come in several blocks."""
    numbering = Numbering(next_line=2, subject=subject)
    lines = data.splitlines(keepends=True)
    size = -(-len(lines) // blocks)
    good: list[tuple[int, int, int]] = []
    bad: list[int] = []
    for start in range(0, len(lines), size):
        found = numbering.number(parse_line_by_line("".join(lines[start : start + size]).encode(), columns), columns)
        good += list(zip(found.lines.tolist(), found.samples.tolist(), found.subjects.tolist(), strict=True))
        bad += found.bad_lines
    return good, bad, numbering


@pytest.mark.parametrize("blocks", [1, 2, 3, 6])
def test_a_rejected_line_uses_up_a_sample_and_a_blank_one_does_not(blocks: int) -> None:
    good, bad, numbering = numbered("1,0\nx,0\n\n2,0\ny,0\n3,0\n", OWN, 7, blocks)
    assert good == [(2, 0, 7), (5, 2, 7), (7, 4, 7)]
    assert bad == [3, 6]
    assert numbering.counts == {7: SubjectCount(lines=5, rows=3)}


@pytest.mark.parametrize("blocks", [1, 2, 4, 8])
def test_samples_count_among_the_lines_of_their_subject(blocks: int) -> None:
    data = "1,0,subject1\n2,0,subject2\nx,0,subject2\n3,0,subject1\nbroken\n4,0,subject1\n5,0,subject2\n6,0,1\n"
    good, bad, numbering = numbered(data, BY_ROW, None, blocks)
    assert good == [(2, 0, 1), (3, 0, 2), (5, 1, 1), (7, 3, 1), (8, 2, 2), (9, 4, 1)]
    assert bad == [4, 6]
    assert numbering.counts == {1: SubjectCount(lines=5, rows=4), 2: SubjectCount(lines=3, rows=2)}


@pytest.mark.parametrize("blocks", [1, 2, 3, 5])
def test_unreadable_lines_at_the_top_count_for_the_subject_after_them(blocks: int) -> None:
    good, bad, numbering = numbered("a\nb\n\n1,0,3\n2,0,3\n", BY_ROW, None, blocks)
    assert good == [(5, 2, 3), (6, 3, 3)]
    assert bad == [2, 3]
    assert numbering.counts == {3: SubjectCount(lines=4, rows=2)}


def test_a_rejected_line_after_a_rejected_line_follows_it() -> None:
    good, _, numbering = numbered("1,0,1\nx,0,2\nbroken\n2,0,2\n3,0,1\n", BY_ROW, None, 1)
    assert good == [(2, 0, 1), (5, 2, 2), (6, 1, 1)]
    assert numbering.counts[2] == SubjectCount(lines=3, rows=1)


@pytest.mark.parametrize("blocks", [1, 2, 4])
def test_a_rejected_line_follows_the_line_before_it_over_blocks(blocks: int) -> None:
    good, _, numbering = numbered("1,0,1\n2,0,2\nbroken\n3,0,1\n", BY_ROW, None, blocks)
    assert good == [(2, 0, 1), (3, 0, 2), (5, 1, 1)]
    assert numbering.counts == {1: SubjectCount(lines=2, rows=2), 2: SubjectCount(lines=2, rows=1)}


@pytest.mark.parametrize(
    ("subject", "columns", "line"), [(7, OWN, "1,0\n"), (None, BY_ROW, "1,0,7\n")], ids=["own", "by-row"]
)
def test_a_part_counts_on_from_the_parts_before_it(subject: int | None, columns: list[str], line: str) -> None:
    numbering = Numbering(next_line=2, subject=subject, before={7: 5})
    block = parse_line_by_line((line * 3).encode(), columns)
    samples = [numbering.number(block, columns).samples.tolist() for _ in range(3)]
    assert samples == [[5, 6, 7], [8, 9, 10], [11, 12, 13]]


def test_a_file_without_any_readable_subject_counts_for_none() -> None:
    good, bad, numbering = numbered("a\nb\n", BY_ROW, None, 2)
    assert (good, bad, numbering.counts) == ([], [2, 3], {})


def in_parts(data: str, columns: list[str], subject: int | None, places: list[int]) -> list[tuple[int, int, int]]:
    """(line, sample, subject) of the good lines, where each part is numbered without reading those before it."""
    lines = data.splitlines(keepends=True)
    bounds = [0, *sorted(place % (len(lines) + 1) for place in places), len(lines)]
    blocks = [
        [parse_line_by_line("".join(lines[start:end]).encode(), columns)] if start < end else []
        for start, end in itertools.pairwise(bounds)
    ]
    parts = [part_counts(some, columns, subject) for some in blocks]
    good: list[tuple[int, int, int]] = []
    for numbering, some in zip(starts(Numbering(2, subject), parts), blocks, strict=True):
        for block in some:
            found = numbering.number(block, columns)
            good += list(zip(found.lines.tolist(), found.samples.tolist(), found.subjects.tolist(), strict=True))
    return good


@pytest.mark.notices("glue/mhealth/stage/numbering.py", "count(self._current, part.unnamed)", "pass")
@pytest.mark.parametrize("places", [[1], [2], [3], [5], [1, 2], [2, 2, 4], [1, 2, 3, 4, 5, 6, 7]])
def test_parts_are_numbered_as_if_read_in_one_go(places: list[int]) -> None:
    data = "x\n\nbroken\n1,0,subject1\nx,0,subject2\nbroken\n2,0,subject2\n3,0,1\n"
    assert in_parts(data, BY_ROW, None, places) == [(5, 2, 1), (8, 2, 2), (9, 3, 1)]


def test_parts_of_one_subjects_file_are_numbered_as_if_read_in_one_go() -> None:
    assert in_parts("1,0\nx,0\n\n2,0\ny,0\n3,0\n", OWN, 7, [1, 3, 4]) == [(2, 0, 7), (5, 2, 7), (7, 4, 7)]


@given(
    lines=st.lists(st.sampled_from(["1,0,1", "1,0,2", "1,0,3", "x,0,1", "x,0,3", "broken", ""]), max_size=14),
    places=st.lists(st.integers(0, 14), max_size=4),
)
def test_any_parts_are_numbered_as_if_read_in_one_go(lines: list[str], places: list[int]) -> None:
    data = "".join(f"{line}\n" for line in lines)
    expected = numbered(data, BY_ROW, None, 1)[0] if lines else []
    assert in_parts(data, BY_ROW, None, places) == expected
