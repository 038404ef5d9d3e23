"""Reads a raw CSV in blocks of whole lines. Memory depends neither on the file's size nor on its longest line."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

BLOCK_BYTES = 1024 * 1024
"""How much is read at once: 4 MB took more than half as long again to parse (docs/performance.md has the trial)."""

LINE_LIMIT = 64 * 1024
"""A longer line is rejected; of its text this much is kept."""


@dataclass(frozen=True)
class LineBlock:
    r"""Whole lines, each ended by a `\n` (added where the file ends without)."""

    data: bytes


@dataclass(frozen=True)
class LongLine:
    """A line over the limit: its first `LINE_LIMIT` bytes, its length in bytes, whether it is only whitespace."""

    start: bytes
    length: int
    blank: bool


class _LongLineReader:
    """Reads a long line chunk by chunk and keeps its start."""

    def __init__(self, start: bytes) -> None:
        self._start = start[:LINE_LIMIT]
        self._length = 0
        self._blank = True
        self._last = b""
        self.add(start)

    def add(self, part: bytes) -> None:
        self._length += len(part)
        self._blank = self._blank and not part.strip()
        self._last = part[-1:] or self._last

    def line(self) -> LongLine:
        # A carriage return before the line feed is part of the line's end.
        return LongLine(self._start, self._length - (self._last == b"\r"), self._blank)


def read_lines(stream: BinaryIO, block_bytes: int = BLOCK_BYTES) -> Iterator[LineBlock | LongLine]:
    """The lines of a file in order, in blocks of about `block_bytes`. Only a line feed ends a line."""
    carry = b""
    long_line: _LongLineReader | None = None
    while chunk := stream.read(block_bytes):
        if long_line is not None:
            rest, line_feed, chunk = chunk.partition(b"\n")
            long_line.add(rest)
            if not line_feed:
                continue
            yield long_line.line()
            long_line = None
        end = chunk.rfind(b"\n") + 1
        if end:
            yield LineBlock(b"".join((carry, memoryview(chunk)[:end])))  # one copy, not two
            carry = chunk[end:]
        else:
            carry += chunk
        if len(carry) > LINE_LIMIT + len(b"\r"):
            long_line = _LongLineReader(carry)
            carry = b""
    if long_line is not None:
        yield long_line.line()
    elif carry:
        yield LineBlock(carry + b"\n")


def skip_header(items: Iterator[LineBlock | LongLine]) -> tuple[int, Iterator[LineBlock | LongLine]]:
    """Take away the header, which is the first line that is not blank.

    Returns the number of lines taken away, and the rest.
    """
    skipped = 0
    for item in items:
        if isinstance(item, LongLine):
            skipped += 1
            if not item.blank:
                break
            continue
        start = 0
        while start < len(item.data):
            end = item.data.index(b"\n", start) + 1
            skipped += 1
            blank = not item.data[start:end].strip()
            start = end
            if not blank:
                rest = [LineBlock(item.data[start:])] if start < len(item.data) else []
                return skipped, itertools.chain(rest, items)
    return skipped, items
