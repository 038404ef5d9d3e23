from __future__ import annotations

import io
import tracemalloc
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhealth.io.connect import storage_at
from mhealth.raw.splits import WHOLE, Part, divide, open_part
from tests.glue.world import World


class Remembered:
    """The one method of a storage that a part is read by; answers come in the pieces that a network gives."""

    def __init__(self, data: bytes, most: int = 1 << 30) -> None:
        self.data = data
        self.most = most

    def open(self, key: str, start: int = 0) -> BinaryIO:
        assert key == "raw/version=1/all.csv"
        most = self.most

        class Dripping(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                return super().read(most if size is None or size < 0 else min(size, most))

        return Dripping(self.data[start:])


def read(data: bytes, part: Part, most: int = 1 << 30) -> bytes:
    with open_part(Remembered(data, most), "raw/version=1/all.csv", part) as stream:  # type: ignore[arg-type]
        return b"".join(iter(lambda: stream.read(4), b""))


def in_parts(data: bytes, bounds: list[int], most: int = 1 << 30) -> list[bytes]:
    places = [0, *sorted(bounds), len(data)]
    return [
        read(data, Part(number, len(places) - 1, places[number], places[number + 1]), most)
        for number in range(len(places) - 1)
    ]


@pytest.mark.notices("glue/mhealth/raw/splits.py", "max(0, part.start - 1)", "part.start")
@pytest.mark.parametrize(
    ("bound", "first", "second"),
    [
        (1, b"aa\n", b"b\n\ncc"),
        (2, b"aa\n", b"b\n\ncc"),  # the line feed itself is of the line before
        (3, b"aa\n", b"b\n\ncc"),  # a line begins just there
        (4, b"aa\nb\n", b"\ncc"),
        (5, b"aa\nb\n", b"\ncc"),
        (6, b"aa\nb\n\n", b"cc"),
        (7, b"aa\nb\n\ncc", b""),  # no line begins in the second part
        (8, b"aa\nb\n\ncc", b""),
        (0, b"", b"aa\nb\n\ncc"),
    ],
)
def test_a_line_is_of_the_part_in_which_it_begins(bound: int, first: bytes, second: bytes) -> None:
    assert in_parts(b"aa\nb\n\ncc", [bound]) == [first, second]


@given(
    lines=st.lists(st.binary(max_size=6).map(lambda line: line.replace(b"\n", b"")), max_size=12),
    ended=st.booleans(),
    places=st.lists(st.floats(0, 1), max_size=5),
    most=st.integers(1, 9),
)
def test_parts_are_whole_lines_and_together_the_file(
    lines: list[bytes], ended: bool, places: list[float], most: int
) -> None:
    data = b"\n".join(lines) + (b"\n" if ended else b"")
    found = in_parts(data, [round(place * len(data)) for place in places], most)
    assert b"".join(found) == data
    filled = [part for part in found if part]
    assert all(part.endswith(b"\n") for part in filled[:-1])


def test_a_part_within_a_long_line_is_empty_and_needs_no_memory_of_its_length() -> None:
    class Endless(io.RawIOBase):
        left = 30_000_000

        def open(self, _: str, start: int) -> Endless:
            self.left -= start
            return self

        def read(self, size: int = -1) -> bytes:
            self.left -= size
            return b"x" * size if self.left > 0 else b""

    tracemalloc.start()
    with open_part(Endless(), "all.csv", Part(1, 3, 10_000_000, 20_000_000)) as stream:  # type: ignore[arg-type]
        assert stream.read() == b""
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6_000_000


@pytest.mark.parametrize(("lines", "parts"), [(0, 1), (1_999_999, 1), (2_000_000, 2), (18_500_000, 18)])
def test_only_a_file_of_two_million_lines_is_divided(world: World, lines: int, parts: int) -> None:
    world.add("all", b"7" * 1000, columns=["ecg_1"])
    found = divide(storage_at(world.data_uri), "raw/version=1/all.csv", lines)
    assert len(found) == parts
    if parts == 1:
        assert found == [WHOLE]
        return
    assert (found[0].start, found[-1].end) == (0, 1006)
    assert [part.end for part in found[:-1]] == [part.start for part in found[1:]]
    assert max((part.end or 0) - part.start for part in found) <= -(-1006 // parts)


def test_a_large_file_that_is_gone_is_told(world: World) -> None:
    with pytest.raises(FileNotFoundError, match=r"raw/version=1/all\.csv does not exist"):
        divide(storage_at(world.data_uri), "raw/version=1/all.csv", 5_000_000)
