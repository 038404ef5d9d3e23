"""A source file's bytes through the project, as a run takes them: recognised, landed as raw CSV, converted."""

from __future__ import annotations

import io
import json
import struct
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ingest import layouts, raw_csv
from mhealth.io.connect import storage_at
from mhealth.raw import reader, splits
from mhealth.raw.manifest import RawFile
from mhealth.stage.convert import ConvertTask
from mhealth.stage.executor import convert_all
from mhealth.stage.metadata import read_metadata
from tests.input.reference import Outcome, Row


@dataclass(frozen=True)
class Sizes:
    """Where blocks and parts end, and how long a line may be; by default those of a real run."""

    source_block: int = raw_csv.BLOCK_BYTES
    raw_block: int = reader.BLOCK_BYTES
    slow_block: int = 16 << 10
    line_limit: int = 64 << 10
    held_whole: int = raw_csv.LONGEST_LINE
    part_lines: int = splits.PART_LINES


@contextmanager
def sizes_in_use(sizes: Sizes) -> Iterator[None]:
    """Let the project work with other sizes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.raw_csv.BLOCK_BYTES", sizes.source_block)
        patch.setattr("ingest.raw_csv.LONGEST_LINE", sizes.held_whole)
        patch.setattr("mhealth.raw.reader.read_lines.__defaults__", (sizes.raw_block,))
        patch.setattr("mhealth.raw.parser._LINE_BY_LINE_BYTES", sizes.slow_block)
        patch.setattr("mhealth.raw.splits.PART_LINES", sizes.part_lines)
        for module in ("raw.reader", "raw.parser", "raw.grammar"):
            patch.setattr(f"mhealth.{module}.LINE_LIMIT", sizes.line_limit)
        yield


class OneByOne:
    """In place of Spark, which job 1 needs only to spread its tasks: they run here, one after the other."""

    defaultParallelism = 1  # noqa: N815 - SparkContext's name for it

    def __init__(self, items: Sequence[Any] = ()) -> None:
        self._items = items

    def parallelize(self, items: Sequence[Any], _: int) -> OneByOne:
        return OneByOne(items)

    def map(self, work: Callable[[Any], Any]) -> OneByOne:
        return OneByOne([work(item) for item in self._items])

    def collect(self) -> list[Any]:
        return list(self._items)


@dataclass(frozen=True)
class Found:
    """What the project made of a file: rows as the stage has them, rejected lines as the quarantine object has them."""

    columns: tuple[str, ...]
    subject: int | None
    function_lines: int
    job_lines: int
    rows: list[Row]
    rejected: list[dict[str, Any]]
    subjects: dict[int, tuple[int, int]]


def through_the_project(name: str, source: bytes, sizes: Sizes | None = None) -> Found:
    """Raises what the function raises on a file that it refuses."""
    with tempfile.TemporaryDirectory() as folder, sizes_in_use(sizes or Sizes()):
        return _through(Path(folder), name, source)


def _through(folder: Path, name: str, source: bytes) -> Found:
    stem = name.rpartition(".")[0]
    head = source[: layouts.HEAD_BYTES]
    recognised = layouts.recognise(name, stem, head, whole=len(head) == len(source))
    raw = raw_csv.RawLines(recognised)
    content = b"".join(raw.convert(io.BytesIO(source)))
    (folder / "raw.csv").write_bytes(content)
    header_lines = 1 if recognised.header else 0
    file = RawFile(stem, name, recognised.subject, recognised.columns, header_lines, raw.sha256, raw.lines, "raw.csv")
    uri = f"file://{folder}"
    task = ConvertTask(uri, file, "stage.parquet", "rejected.jsonl", "c0de")
    (done,) = convert_all(OneByOne(), storage_at(uri), [task])  # type: ignore[arg-type]
    if done.lines != raw.lines:
        return Found(recognised.columns, recognised.subject, raw.lines, done.lines, [], [], {})
    metadata = read_metadata(storage_at(uri), "stage.parquet")
    assert metadata is not None
    assert metadata.made_from(file, "c0de")
    rejected = folder / "rejected.jsonl"
    return Found(
        recognised.columns,
        recognised.subject,
        raw.lines,
        done.lines,
        [row for key in metadata.stage_keys("stage.parquet") for row in _rows(folder / key, recognised.columns)],
        [json.loads(line) for line in rejected.read_bytes().split(b"\n")[:-1]] if rejected.exists() else [],
        {counted.subject: (counted.lines, counted.rows) for counted in metadata.subjects},
    )


def _rows(path: Path, columns: tuple[str, ...]) -> list[Row]:
    sensors = [name for name in columns if name not in ("label", "subject")]
    return [
        Row(
            row["subject"],
            row["line"],
            row["sample"],
            row["label"],
            {name: struct.pack("<d", row[name]) for name in sensors},
        )
        for row in pq.ParquetFile(path).read().to_pylist()
    ]


def assert_same(found: Found, expected: Outcome, name: str) -> None:
    """Rows bit for bit, rejected lines by number, reason and text, counts of function and job."""
    assert found.function_lines == expected.data_lines
    assert found.job_lines == expected.data_lines
    assert found.rows == expected.rows
    assert [entry["line"] for entry in found.rejected] == [entry.line for entry in expected.rejected]
    for reported, wanted in zip(found.rejected, expected.rejected, strict=True):
        assert set(reported) == {"file", "line", "reason", "text"}
        assert reported["file"] == name
        assert (reported["reason"], reported["text"]) == (wanted.reason, wanted.text)
    assert found.subjects == expected.subjects
    assert len(found.rows) + len(found.rejected) == expected.data_lines
