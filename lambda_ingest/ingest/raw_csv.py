"""A source file's bytes as the raw CSV: the lines one to one, parted by commas, a header on top, no index column."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Protocol

from ingest.headers import headers_among
from ingest.layouts import BYTE_ORDER_MARK, Recognised, names_other_columns

BLOCK_BYTES = 1 << 20
"""How much is read at once. What is held in memory is a few times this, however large the file or a line is."""

LONGEST_LINE = 1 << 20
"""A longer line is not held whole. It is no row: it becomes one quoted field, which job 1 rejects, or stays blank."""

# A line end before it and one after it: a pattern that begins with one literal byte is 25 times as fast as one with \A.
_BLANK_LINE = re.compile(rb"\n[ \t\r\x0b\x0c]*\n")
_TABS_TO_COMMAS = bytes.maketrans(b"\t", b",")
# A line's first field with its comma, unless nothing but whitespace comes behind it: a data line does not become blank.
# One with odd quotes stays and makes a field too many. No quantifier gives back, so a line is read once.
_FIRST_FIELD = re.compile(rb"""^(?:[^",\r\n]*+|[ \t]*+"(?:[^"\n]|"")*+"[ \t]*+),(?![ \t\r\x0b\x0c]*+$)""", re.MULTILINE)


class Readable(Protocol):
    """What a source is read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""
        ...


class RawLines:
    """Converts one source file; after `convert` is exhausted `sha256`, `size` (bytes) and `lines` tell of it.

    `other_header` is the first line among the data that names other columns than the file's, with its number.
    """

    def __init__(self, recognised: Recognised) -> None:
        self._recognised = recognised
        self._hash = hashlib.sha256()
        self.size = 0
        self.lines = 0  # data lines: neither header nor blank
        self.other_header: tuple[int, bytes] | None = None
        self._ends = recognised.blank_lines + (1 if recognised.header else 0)  # line ends so far

    @property
    def sha256(self) -> str:
        """The source file's SHA-256, in hexadecimal digits."""
        return self._hash.hexdigest()

    def convert(self, source: Readable) -> Iterator[bytes]:
        """Yield the raw CSV in blocks."""
        yield self._top()
        pending = b""  # the beginning of a line whose end is not read yet
        long_line: _LongLine | None = None
        for block in self._content(source):
            data = block
            if pending or long_line:
                first, newline, rest = block.partition(b"\n")
                if long_line is None and len(pending) + len(first) > LONGEST_LINE:
                    long_line = _LongLine()
                    first, pending = pending + first, b""
                if long_line is not None:
                    yield long_line.part(first)
                    if not newline:
                        continue
                    yield self._ended(long_line) + newline
                    self._ends += 1
                    long_line, data = None, rest
            whole, newline, rest = data.rpartition(b"\n")
            if newline:
                yield self._without_index(self._converted(pending + whole + newline))
                pending = b""
            pending += rest
        if long_line is not None:
            yield self._ended(long_line)
        elif pending:
            yield self._without_index(self._converted(pending))

    def _without_index(self, lines: bytes) -> bytes:
        """Take away the first fields of lines of the raw CSV, as many as were found to be an index."""
        for _ in self._recognised.dropped:
            lines = _FIRST_FIELD.sub(b"", lines)
        return lines

    def _ended(self, long_line: _LongLine) -> bytes:
        self.lines += long_line.quoted
        return b'"' if long_line.quoted else b""

    def _top(self) -> bytes:
        found = self._recognised
        if not found.header:
            return ",".join(found.columns).encode() + b"\n"
        # Blank lines before the header go below it: it is on top, and the lines after it keep their numbers.
        return self._without_index(self._line(found.header)) + b"\n" * found.blank_lines

    def _content(self, source: Readable) -> Iterator[bytes]:
        """Yield what comes after a byte-order mark and the header; count and hash everything."""
        skip = self._recognised.offset
        first = True
        while block := source.read(BLOCK_BYTES):
            self._hash.update(block)
            self.size += len(block)
            if first and block.startswith(BYTE_ORDER_MARK):
                skip += len(BYTE_ORDER_MARK)
            first = False
            yield block[skip:]
            skip = max(0, skip - len(block))

    def _converted(self, lines: bytes) -> bytes:
        """Convert whole lines (the last may lack its end) and count those with data."""
        delimiter = self._recognised.delimiter
        self._look_for_header(lines)
        last_end = b"" if lines.endswith(b"\n") else b"\n"
        if _BLANK_LINE.search(b"\n" + lines + last_end):
            self.lines += sum(1 for line in lines.split(b"\n") if line.strip())
        else:
            self.lines += lines.count(b"\n") + len(last_end)
            if delimiter == b"\t" and b"," not in lines and b'"' not in lines:
                return lines.translate(_TABS_TO_COMMAS)
        if delimiter == b",":
            return lines
        return b"\n".join(map(self._line, lines.split(b"\n")))

    def _look_for_header(self, lines: bytes) -> None:
        """Look for the header of another file that was put behind this one: what follows it has its columns."""
        if self.other_header is not None:
            return
        found = self._recognised
        for start, line in headers_among(lines, found.delimiter, len(found.dropped) + len(found.columns)):
            if names_other_columns(line, found):
                self.other_header = self._ends + lines.count(b"\n", 0, start) + 1, line
                return
        self._ends += lines.count(b"\n")

    def _line(self, line: bytes) -> bytes:
        delimiter = self._recognised.delimiter
        if delimiter == b",":
            return line
        content = line.rstrip(b"\r\n")
        end = line[len(content) :]
        if not content.strip():
            return end
        if delimiter == b"\t":
            fields = content.split(b"\t")
        else:
            fields = [field for field in content.replace(b"\t", b" ").split(b" ") if field]
        if b"," in content or b'"' in content:
            fields = [b'"' + _doubled(field) + b'"' if b"," in field or b'"' in field else field for field in fields]
        return b",".join(fields) + end


class _LongLine:
    """A line that is passed on as it is read: blank until its first character, from there on one quoted field."""

    def __init__(self) -> None:
        self.quoted = False

    def part(self, text: bytes) -> bytes:
        if self.quoted:
            return _doubled(text)
        content = text.lstrip()
        self.quoted = bool(content)
        return text[: len(text) - len(content)] + (b'"' + _doubled(content) if content else b"")


def _doubled(text: bytes) -> bytes:
    return text.replace(b'"', b'""')
