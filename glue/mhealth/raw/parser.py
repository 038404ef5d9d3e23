"""Parses blocks of lines to typed columns: with pyarrow where possible, else line by line, with the same result."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from mhealth.raw.grammar import LARGEST_LABEL, BadLine, GoodLine, read_line, subject_number, too_long
from mhealth.raw.reader import LINE_LIMIT, LineBlock, LongLine
from mhealth.schema import LABEL, SUBJECT

Integers = npt.NDArray[np.int64]

_LINE_BY_LINE_BYTES = 16 * 1024
"""A block that pyarrow refuses is halved down to this size, so that a bad line costs few lines parsed in Python."""


@dataclass(frozen=True)
class ParsedBlock:
    """Consecutive lines, parsed.

    `values`: one array per column (double; int32 for label and subject), of the good lines. `good_lines` and
    `good_data`: the index of each good line among all lines and among the data lines of the block, from 0.
    `bad`: for each rejected line the same two indexes, and why.
    """

    values: list[pa.Array]
    lines: int
    data_lines: int
    good_lines: Integers
    good_data: Integers
    bad: list[tuple[int, int, BadLine]]


def parse(item: LineBlock | LongLine, columns: Sequence[str]) -> Iterator[ParsedBlock]:
    """Parse the lines of `item`, in order, to one or more blocks."""
    if isinstance(item, LongLine):
        verdict = None if item.blank else too_long(item.start, item.length)
        yield _parsed_block([verdict], columns)
        return
    data = item.data
    block = parse_fast(data, columns)
    if block is not None:
        yield block
        return
    middle = data.find(b"\n", len(data) // 2, len(data) - 1) + 1
    if len(data) <= _LINE_BY_LINE_BYTES or not middle:
        yield parse_line_by_line(data, columns)
        return
    yield from parse(LineBlock(data[:middle]), columns)
    yield from parse(LineBlock(data[middle:]), columns)


def parse_line_by_line(data: bytes, columns: Sequence[str]) -> ParsedBlock:
    """Parse whole lines by the grammar."""
    return _parsed_block([read_line(line, columns) for line in data[:-1].split(b"\n")], columns)


def _parsed_block(verdicts: Sequence[GoodLine | BadLine | None], columns: Sequence[str]) -> ParsedBlock:
    good: list[GoodLine] = []
    good_lines: list[int] = []
    good_data: list[int] = []
    bad: list[tuple[int, int, BadLine]] = []
    data_lines = 0
    for line, verdict in enumerate(verdicts):
        if verdict is None:
            continue
        if isinstance(verdict, GoodLine):
            good.append(verdict)
            good_lines.append(line)
            good_data.append(data_lines)
        else:
            bad.append((line, data_lines, verdict))
        data_lines += 1
    values = [
        pa.array([line.values[place] for line in good], column_type(column)) for place, column in enumerate(columns)
    ]
    return ParsedBlock(
        values, len(verdicts), data_lines, np.array(good_lines, np.int64), np.array(good_data, np.int64), bad
    )


def column_type(column: str) -> pa.DataType:
    """The type of a canonical column in the stage."""
    return pa.int32() if column in (LABEL, SUBJECT) else pa.float64()


def parse_fast(data: bytes, columns: Sequence[str]) -> ParsedBlock | None:
    """Parse whole lines with pyarrow; None unless every line is good and pyarrow agrees with the grammar."""
    # pyarrow takes a lone carriage return for a line's end, and drops a byte-order mark at the start of its input.
    lone_return = b"\r" in data and data.count(b"\r") != data.count(b"\r\n")
    if lone_return or _has_long_line(data) or data.startswith(codecs.BOM_UTF8):
        return None
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(data),
            # One block, in this thread: Spark decides on parallelism.
            pyarrow.csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=list(columns)),
            # A blank line is an error here, so that such a block is parsed line by line.
            pyarrow.csv.ParseOptions(quote_char=False, double_quote=False, ignore_empty_lines=False),
            pyarrow.csv.ConvertOptions(
                null_values=[],
                # Labels are read as doubles: they may be written 1.0, and pyarrow's integers may be hexadecimal.
                column_types={name: _SUBJECT_TEXT if name == SUBJECT else pa.float64() for name in columns},
            ),
        )
    except pa.ArrowInvalid:
        return None
    lines = int(np.count_nonzero(np.frombuffer(data, np.uint8) == _LINE_FEED))  # bytes.count takes six times as long
    if table.num_rows != lines:
        return None
    values = []
    for column, array in zip(columns, table.to_batches()[0].columns, strict=True):
        typed = _typed(column, array)
        if typed is None:
            return None
        values.append(typed)
    places = np.arange(lines, dtype=np.int64)
    return ParsedBlock(values, lines, lines, places, places, [])


_LINE_FEED = ord("\n")
_SUBJECT_TEXT = pa.dictionary(pa.int32(), pa.string())


def _has_long_line(data: bytes) -> bool:
    """Whether a line may be over the limit. Such a line fills at least one of these windows."""
    window = LINE_LIMIT // 2
    return any(data.find(b"\n", start, start + window) < 0 for start in range(0, len(data) - window, window))


def _typed(column: str, array: pa.Array) -> pa.Array | None:
    """The column in its type, or None where a value is not what the grammar allows."""
    if array.null_count:
        return None
    if column == SUBJECT:
        subjects = [subject_number(text) for text in array.dictionary.to_pylist()]
        if None in subjects:
            return None
        return pa.array(subjects, pa.int32()).take(array.indices)
    numbers = array.to_numpy()
    if not np.isfinite(numbers).all():
        return None
    if column != LABEL:
        return array
    if not ((numbers >= 0) & (numbers <= LARGEST_LABEL)).all():
        return None
    whole = numbers.astype(np.int32)
    return pa.array(whole) if (whole == numbers).all() else None
