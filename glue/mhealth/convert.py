"""Converts one raw CSV to a stage Parquet object and a quarantine object: the work of one Spark task of job 1."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow.parquet as pq

from mhealth.ahead import ahead
from mhealth.columns import SUBJECT
from mhealth.csv_blocks import parse
from mhealth.csv_lines import read_lines, skip_header
from mhealth.numbering import Numbering
from mhealth.quarantine import count_rejected, write_rejected
from mhealth.raw_manifest import RawFile
from mhealth.stage import StagedSubject, StageNote
from mhealth.stage_writer import StageWriter
from mhealth.storage import storage_at
from mhealth.value_sums import Sums, added, sums_by_subject


@dataclass(frozen=True)
class ConvertTask:
    """One file to convert: from where, to where, by which code."""

    data_uri: str
    file: RawFile
    stage_key: str
    quarantine_key: str
    code_version: str
    threads: int = 1
    """How many of the file's blocks are parsed at the same time."""


@dataclass(frozen=True)
class Converted:
    """What came of a task: data lines found, rows and rejected lines as counted in the files written, seconds."""

    name: str
    lines: int
    rows: int
    quarantined: int
    seconds: float


def convert(task: ConvertTask) -> Converted:
    """Convert one file.

    Nothing is written to the storage where the file's data lines are not as many as the raw manifest says, or are not
    the rows and the rejected lines together: the caller compares the counts of `Converted`. Raises FileNotFoundError
    where the raw object is gone.
    """
    started = time.perf_counter()
    storage = storage_at(task.data_uri)
    with tempfile.TemporaryDirectory() as folder:
        parquet, rejected = Path(folder) / "stage.parquet", Path(folder) / "rejected.jsonl"
        with storage.open(task.file.raw_key) as raw, rejected.open("wb") as quarantine:
            note = _write(task, raw, parquet, quarantine)
        rows = pq.read_metadata(parquet).num_rows
        quarantined = count_rejected(rejected)
        if note.lines == task.file.lines == rows + quarantined:
            if quarantined:
                storage.upload(rejected, task.quarantine_key)
            else:
                storage.delete([task.quarantine_key])
            storage.upload(parquet, task.stage_key)
    seconds = round(time.perf_counter() - started, 3)
    return Converted(task.file.name, note.lines, rows, quarantined, seconds)


def _write(task: ConvertTask, raw: BinaryIO, parquet: Path, quarantine: BinaryIO) -> StageNote:
    file = task.file
    skipped, items = skip_header(read_lines(raw))
    # Where the source has no header, the raw file has one line more than the source.
    numbering = Numbering(next_line=skipped + file.header_lines, subject=file.subject)
    lines = rows = bad = 0
    sums: dict[int, Sums] = {}
    with StageWriter(parquet, file.columns) as writer:
        for pieces in ahead(lambda item: list(parse(item, file.columns)), items, task.threads):
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
        note = StageNote(task.code_version, file.raw_key, file.sha256, lines, rows, bad, subjects)
        writer.finish(note)
    return note
