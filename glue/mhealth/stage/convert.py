"""Converts one raw CSV, or a part of one, to a stage and a quarantine object: the work of one Spark task of job 1."""

from __future__ import annotations

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
from mhealth.raw.parser import Piece, parse
from mhealth.raw.reader import read_lines, skip_header
from mhealth.raw.splits import WHOLE, Part, open_part
from mhealth.schema import SUBJECT
from mhealth.stage.metadata import StagedSubject, StageNote
from mhealth.stage.numbering import Numbering, Stretch, stretch_of
from mhealth.stage.parallel import ahead
from mhealth.stage.quarantine import count_rejected, write_rejected
from mhealth.stage.writer import StageWriter


@dataclass(frozen=True)
class ConvertTask:
    """One file to convert, or a part of it: from where, to where, by which code."""

    data_uri: str
    file: RawFile
    stage_key: str
    quarantine_key: str
    code_version: str
    threads: int = 1
    """How many of the file's blocks are parsed at the same time."""
    part: Part = WHOLE
    stretch: Stretch | None = field(default=None, hash=False)
    """Of a part: what `survey` found in it."""
    start: Numbering | None = field(default=None, hash=False)
    """Of a part: the numbering of its first line. Of a file it begins anew."""

    @property
    def first_numbering(self) -> Numbering:
        """The numbering of the file's first line. Where the source has no header, the raw file has one line more."""
        return Numbering(next_line=self.file.header_lines, subject=self.file.subject)


@dataclass(frozen=True)
class Converted:
    """What came of a task: data lines found, rows and rejected lines as counted in the files written, seconds."""

    name: str
    lines: int
    rows: int
    quarantined: int
    seconds: float
    part: int = 0


def convert(task: ConvertTask) -> Converted:
    """Convert one file, or a part of it.

    Nothing is written to the storage where the data lines are not as many as the raw manifest says (of a part: as
    `survey` found), or are not the rows and the rejected lines together: the caller compares the counts of `Converted`.
    Raises FileNotFoundError where the raw object is gone.
    """
    started = time.perf_counter()
    storage = storage_at(task.data_uri)
    part, expected, quarantine_key = task.part.number, task.file.lines, task.quarantine_key
    if task.stretch:
        expected, quarantine_key = task.stretch.data_lines, quarantine_part_key(task.quarantine_key, part)
    with tempfile.TemporaryDirectory() as folder:
        parquet, rejected = Path(folder) / "stage.parquet", Path(folder) / "rejected.jsonl"
        with open_part(storage, task.file.raw_key, task.part) as raw, rejected.open("wb") as quarantine:
            note = _write(task, raw, parquet, quarantine)
        rows = pq.read_metadata(parquet).num_rows
        quarantined = count_rejected(rejected)
        if note.lines == expected == rows + quarantined:
            if quarantined:
                storage.upload(rejected, quarantine_key)
            else:
                storage.delete([quarantine_key])
            storage.upload(parquet, stage_part_key(task.stage_key, part))
    seconds = round(time.perf_counter() - started, 3)
    return Converted(task.file.name, note.lines, rows, quarantined, seconds, part)


def survey(task: ConvertTask) -> Stretch:
    """Read a part of a file for what it means to the numbers of the parts behind it. Raises FileNotFoundError."""
    with open_part(storage_at(task.data_uri), task.file.raw_key, task.part) as raw:
        skipped, blocks = _parsed(task, raw)
        pieces = (piece for block in blocks for piece in block)
        found = stretch_of(pieces, task.file.columns, task.file.subject)
    return replace(found, lines=found.lines + skipped)


def _parsed(task: ConvertTask, raw: BinaryIO) -> tuple[int, Iterator[list[Piece]]]:
    """The number of lines that are a header, and what the others say."""
    skipped, items = 0, read_lines(raw)
    if not task.part.number:
        skipped, items = skip_header(items)
    return skipped, ahead(lambda item: list(parse(item, task.file.columns)), items, task.threads)


def _write(task: ConvertTask, raw: BinaryIO, parquet: Path, quarantine: BinaryIO) -> StageNote:
    file = task.file
    skipped, blocks = _parsed(task, raw)
    start = task.start or task.first_numbering
    numbering = replace(start, next_line=start.next_line + skipped, counts={})
    lines = rows = bad = 0
    sums: dict[int, Sums] = {}
    with StageWriter(parquet, file.columns) as writer:
        for pieces in blocks:
            for piece in pieces:
                numbered = numbering.number(piece, file.columns)
                for line, (_, _, verdict) in zip(numbered.bad_lines, piece.bad, strict=True):
                    write_rejected(quarantine, file.source, line, verdict)
                parsed = dict(zip(file.columns, piece.values, strict=True))
                parsed.pop(SUBJECT, None)
                for subject, some in sums_by_subject(numbered.subjects, numbered.samples, parsed).items():
                    sums[subject] = added([sums.get(subject, {}), some])
                writer.add(piece, numbered)
                lines += piece.data_lines
                rows += len(numbered.lines)
                bad += len(piece.bad)
        subjects = tuple(
            StagedSubject(subject, count.lines, count.rows, sums.get(subject, {}))
            for subject, count in sorted(numbering.counts.items())
        )
        part = task.part
        made_from = (task.code_version, file.raw_key, file.sha256)
        note = StageNote(*made_from, lines, rows, bad, subjects, part.number, part.of, file.identity)
        writer.finish(note)
    return note
