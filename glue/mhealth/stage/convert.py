"""Converts one raw CSV, or a part of one, to a stage and a quarantine object: one Spark task of job 1."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import pyarrow.parquet as pq

from mhealth.checksums import Sums, added, sums_by_subject
from mhealth.io.connect import storage_at
from mhealth.paths import quarantine_part_key, stage_part_key
from mhealth.raw.manifest import RawFile
from mhealth.raw.parser import ParsedBlock, parse
from mhealth.raw.reader import read_lines, skip_header
from mhealth.raw.splits import WHOLE, Part, open_part
from mhealth.schema import SUBJECT
from mhealth.stage.metadata import StagedSubject, StageMetadata
from mhealth.stage.numbering import Numbering, PartCounts, part_counts
from mhealth.stage.parallel import parallel_map
from mhealth.stage.quarantine import count_rejected, write_rejected
from mhealth.stage.writer import StageWriter


@dataclass(frozen=True)
class ConvertTask:
    """A file to convert, or a part of it: keys of input and outputs, and the version of the code."""

    data_uri: str
    file: RawFile
    stage_key: str
    quarantine_key: str
    code_version: str
    replaces_rejected: bool = True
    """Whether there may be a quarantine object of an earlier run."""
    threads: int = 1
    """How many of the file's blocks are parsed at the same time."""
    part: Part = WHOLE
    counts: PartCounts | None = field(default=None, hash=False)
    """What `count_part` found in the part; None for a whole file."""
    start: Numbering | None = field(default=None, hash=False)
    """The numbering of the part's first line; None for a whole file, which begins with `first_numbering`."""

    @property
    def first_numbering(self) -> Numbering:
        """The numbering of the file's first line.

        Line numbers are those of the source. A raw file always has a header; a source without one has a line less.
        """
        return Numbering(next_line=self.file.header_lines, subject=self.file.subject)


@dataclass(frozen=True)
class Converted:
    """The result of a task: data lines found, rows and rejected lines as counted in the files written, seconds."""

    name: str
    lines: int
    rows: int
    quarantined: int
    seconds: float
    part: int = 0


def convert(task: ConvertTask) -> Converted:
    """Convert one file, or a part of it.

    Writes nothing to the storage unless the data lines are as many as the raw manifest says (of a part: as `count_part`
    found) and are the rows and the rejected lines together. The caller compares the counts of `Converted`. Raises
    FileNotFoundError where the raw object is gone.
    """
    started = time.perf_counter()
    storage = storage_at(task.data_uri)
    part, expected, quarantine_key = task.part.number, task.file.lines, task.quarantine_key
    if task.counts:
        expected, quarantine_key = task.counts.data_lines, quarantine_part_key(task.quarantine_key, part)
    with tempfile.TemporaryDirectory() as folder:
        parquet, rejected = Path(folder) / "stage.parquet", Path(folder) / "rejected.jsonl"
        with open_part(storage, task.file.raw_key, task.part) as raw, rejected.open("wb") as quarantine:
            metadata = _write(task, raw, parquet, quarantine)
        rows = pq.read_metadata(parquet).num_rows
        quarantined = count_rejected(rejected)
        if metadata.lines == expected == rows + quarantined:
            if quarantined:
                storage.upload(rejected, quarantine_key)
            elif task.replaces_rejected:
                storage.delete([quarantine_key])
            storage.upload(parquet, stage_part_key(task.stage_key, part))
    seconds = round(time.perf_counter() - started, 3)
    return Converted(task.file.name, metadata.lines, rows, quarantined, seconds, part)


def count_part(task: ConvertTask) -> PartCounts:
    """Read a part of a file and count what the numbers of the parts behind it depend on. Raises FileNotFoundError."""
    with open_part(storage_at(task.data_uri), task.file.raw_key, task.part) as raw:
        skipped, blocks = _parsed(task, raw)
        found = part_counts(blocks, task.file.columns, task.file.subject)
    return replace(found, lines=found.lines + skipped)


def _parsed(task: ConvertTask, raw: BinaryIO) -> tuple[int, Iterator[ParsedBlock]]:
    """The number of header lines, and the lines behind them, parsed."""
    skipped, items = 0, read_lines(raw)
    if not task.part.number:
        skipped, items = skip_header(items)
    parsed = parallel_map(lambda item: list(parse(item, task.file.columns)), items, task.threads)
    return skipped, itertools.chain.from_iterable(parsed)


def _write(task: ConvertTask, raw: BinaryIO, parquet: Path, quarantine: BinaryIO) -> StageMetadata:
    file = task.file
    skipped, blocks = _parsed(task, raw)
    start = task.start or task.first_numbering
    numbering = replace(start, next_line=start.next_line + skipped, counts={})
    lines = rows = bad = 0
    sums: dict[int, Sums] = {}
    with StageWriter(parquet, file.columns) as writer:
        for block in blocks:
            numbered = numbering.number(block, file.columns)
            for line, (_, _, verdict) in zip(numbered.bad_lines, block.bad, strict=True):
                write_rejected(quarantine, file.source, line, verdict)
            parsed = dict(zip(file.columns, block.values, strict=True))
            parsed.pop(SUBJECT, None)
            for subject, some in sums_by_subject(numbered.subjects, numbered.samples, parsed).items():
                sums[subject] = added([sums.get(subject, {}), some])
            writer.add(block, numbered)
            lines += block.data_lines
            rows += len(numbered.lines)
            bad += len(block.bad)
        subjects = tuple(
            StagedSubject(subject, count.lines, count.rows, sums.get(subject, {}))
            for subject, count in sorted(numbering.counts.items())
        )
        part = task.part
        made_from = (task.code_version, file.raw_key, file.sha256)
        metadata = StageMetadata(*made_from, lines, rows, bad, subjects, part.number, part.of, file.identity)
        writer.finish(metadata)
    return metadata
