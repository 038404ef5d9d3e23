"""Splits a large raw CSV into parts of whole lines, which several Spark tasks convert."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO

from mhealth.io.storage import Storage

PART_LINES = 1_000_000
"""The data lines of a part, at least. A file with fewer than twice as many is not divided (layout 2: 110 MB a part)."""

_COPIED_BYTES = 1 << 20


@dataclass(frozen=True)
class Part:
    """The lines that begin at bytes `start` to `end` (excluded) of a file; part `number` (from 0) of `of`."""

    number: int = 0
    of: int = 1
    start: int = 0
    end: int | None = None


WHOLE = Part()


def is_large(lines: int) -> bool:
    """Whether a file of so many data lines is divided."""
    return lines >= 2 * PART_LINES


def divide(storage: Storage, raw_key: str, lines: int) -> list[Part]:
    """The parts of a raw object with so many data lines, of about the same size.

    Raises FileNotFoundError where the object is gone.
    """
    if not is_large(lines):
        return [WHOLE]
    count = lines // PART_LINES
    size = storage.size(raw_key)
    if size is None:
        raise FileNotFoundError(f"{storage.root}/{raw_key} does not exist")
    bounds = [size * number // count for number in range(count + 1)]
    return [Part(number, count, bounds[number], bounds[number + 1]) for number in range(count)]


def open_part(storage: Storage, raw_key: str, part: Part) -> BinaryIO:
    """A stream over the whole lines of a part; `read(n)` needs memory for n bytes only."""
    if part.of == 1:
        return storage.open(raw_key)
    # From the byte before: it is a line feed if a line begins at the start.
    position = max(0, part.start - 1)
    return io.BufferedReader(_LinesThatBegin(storage.open(raw_key, position), position, part), _COPIED_BYTES)


class _LinesThatBegin(io.RawIOBase):
    """The bytes of the lines that begin in a part, from a stream that begins one byte before the part."""

    def __init__(self, stream: BinaryIO, position: int, part: Part) -> None:
        self._stream = stream
        self._position = position
        self._end = part.end
        self._inside = part.start == 0
        self._over = part.start == part.end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer with what comes next; 0 at the end."""
        while not self._over:
            chunk = self._stream.read(len(buffer))
            self._over = not chunk
            wanted = self._wanted(chunk)
            self._position += len(chunk)
            if wanted:
                buffer[: len(wanted)] = wanted
                return len(wanted)
        return 0

    def _wanted(self, chunk: bytes) -> bytes:
        start = 0
        if not self._inside:
            start = chunk.find(b"\n") + 1
            if not start:
                # A line from an earlier part fills this one: no line begins in it.
                self._over = self._over or self._is_past(len(chunk))
                return b""
            self._inside = True
            if self._is_past(start):
                self._over = True
                return b""
        if self._is_past(len(chunk)):
            # The part's last line ends at the first line feed at or behind the part's last byte.
            assert self._end is not None
            last = chunk.find(b"\n", max(start, self._end - 1 - self._position)) + 1
            if last:
                self._over = True
                return chunk[start:last]
        return chunk[start:]

    def _is_past(self, place: int) -> bool:
        """Whether a line that begins at this index of the chunk is behind the part."""
        return self._end is not None and self._position + place >= self._end

    def close(self) -> None:
        self._stream.close()
        super().close()
