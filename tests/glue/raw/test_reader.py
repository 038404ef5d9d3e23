from __future__ import annotations

import io

import pytest

from mhealth.raw.reader import LINE_LIMIT, LineBlock, LongLine, read_lines, skip_header


@pytest.mark.parametrize("block", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"a\nbb\n\nccc\n", [b"a", b"bb", b"", b"ccc"], id="whole"),
        pytest.param(b"a\nbb", [b"a", b"bb"], id="no-final-newline"),
        pytest.param(b"a\r\nb\rc\x0bd\n", [b"a\r", b"b\rc\x0bd"], id="only-line-feeds-end-lines"),
        pytest.param(b"", [], id="empty"),
    ],
)
def test_blocks_hold_whole_lines_whatever_is_read_at_once(block: int, data: bytes, expected: list[bytes]) -> None:
    items = list(read_lines(io.BytesIO(data), block))
    assert all(isinstance(item, LineBlock) and item.data.endswith(b"\n") for item in items)
    assert [line for item in items for line in item.data[:-1].split(b"\n")] == expected  # type: ignore[union-attr]


def test_a_long_line_is_told_by_start_and_length() -> None:
    data = b"1,2\n" + b"x" * 1_000_000 + b"\r\n3,4\n"
    items = list(read_lines(io.BytesIO(data), 10_000))
    assert items == [LineBlock(b"1,2\n"), LongLine(b"x" * 65_536, 1_000_000, blank=False), LineBlock(b"3,4\n")]


def test_a_line_is_let_go_of_as_soon_as_it_is_known_to_be_long() -> None:
    """What is read at once may hold a line that is a little over the limit: the grammar refuses that one."""
    data = b"x" * 65_600 + b"\r\n"
    assert list(read_lines(io.BytesIO(data), 10)) == [LongLine(b"x" * 65_536, 65_600, blank=False)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_line_as_long_as_may_be_is_whole_wherever_a_block_ends(end: bytes) -> None:
    data = b"x" * LINE_LIMIT + end
    for block in (LINE_LIMIT - 1, LINE_LIMIT, LINE_LIMIT + 1, LINE_LIMIT + 2):
        first = next(read_lines(io.BytesIO(data + b"1\n"), block))
        assert isinstance(first, LineBlock)
        assert first.data.startswith(data)


def test_a_long_line_at_the_end_of_the_file_is_told() -> None:
    items = list(read_lines(io.BytesIO(b"1\n" + b" " * 200_000), 10_000))
    assert items == [LineBlock(b"1\n"), LongLine(b" " * LINE_LIMIT, 200_000, blank=True)]


def test_a_long_line_needs_no_memory_of_its_length() -> None:
    class Endless(io.RawIOBase):
        left = 300

        def read(self, size: int = -1) -> bytes:
            self.left -= 1
            return b"y" * size if self.left >= 0 else b""

    import tracemalloc

    tracemalloc.start()
    items = list(read_lines(Endless(), 100_000))  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert items == [LongLine(b"y" * LINE_LIMIT, 30_000_000, blank=False)]
    assert peak < 2_000_000


@pytest.mark.parametrize(
    ("data", "skipped", "rest"),
    [
        pytest.param(b"h\n1\n2\n", 1, b"1\n2\n", id="first-line"),
        pytest.param(b"\n \r\nh\n1\n", 3, b"1\n", id="after-blank-lines"),
        pytest.param(b"h", 1, b"", id="nothing-else"),
        pytest.param(b"", 0, b"", id="empty-file"),
        pytest.param(b"h" * 70_000 + b"\n1\n", 1, b"1\n", id="long-header"),
    ],
)
@pytest.mark.parametrize("block", [2, 1_000_000])
def test_the_header_is_the_first_line_that_is_not_blank(data: bytes, skipped: int, rest: bytes, block: int) -> None:
    count, items = skip_header(read_lines(io.BytesIO(data), block))
    assert count == skipped
    assert b"".join(item.data for item in items if isinstance(item, LineBlock)) == rest
