"""Metadata of stage files: in the Parquet footer, what made the file and what is in it; read from the object's tail.

A large source file has several stage files, each with the metadata of its part.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mhealth.checksums import Sums, added
from mhealth.io.records import UNREADABLE, typed
from mhealth.io.storage import Storage, io_threads
from mhealth.paths import stage_part_key
from mhealth.raw.manifest import RawFile

Footer = bytes
"""The end of a Parquet file, from its footer on."""

FOOTER_KEY = b"mhealth"
_TAIL_BYTES = 64 * 1024
_PARQUET_END = 8
"""A Parquet file ends with its footer's length (4 bytes) and its magic number (4 bytes)."""


@dataclass(frozen=True)
class StagedSubject:
    """A subject in a stage file: data lines that count for it, rows, checksums of its values as parsed."""

    subject: int
    lines: int
    rows: int
    sums: Sums = field(default_factory=dict)


@dataclass(frozen=True)
class StageMetadata:
    """What made a stage file (`code_version`, `raw_key`, `sha256`, `raw`) and what is in it.

    `raw` is `RawFile.identity`. `part` counts from 0; `parts` is the number of stage files of the source file.
    `read_metadata` adds up those of all parts.
    """

    code_version: str
    raw_key: str
    sha256: str
    lines: int
    rows: int
    quarantined: int
    subjects: tuple[StagedSubject, ...]
    part: int = 0
    parts: int = 1
    raw: str = ""

    def stage_keys(self, stage_key: str) -> list[str]:
        """The keys of all stage files of the source file; `stage_key` is that of the first."""
        return [stage_part_key(stage_key, part) for part in range(self.parts)]

    def encoded(self) -> bytes:
        """The value of the footer's entry."""
        return json.dumps(asdict(self)).encode()

    def made_from(self, file: RawFile, code_version: str) -> bool:
        """Whether this code made it from this file, with the same content and manifest entry."""
        return (self.code_version, self.raw, self.raw_key, self.sha256, self.lines) == (
            code_version,
            file.identity,
            file.raw_key,
            file.sha256,
            file.lines,
        ) and (file.subject is None or all(staged.subject == file.subject for staged in self.subjects))


def read_footer(storage: Storage, key: str) -> pq.FileMetaData:
    """The footer of a Parquet object, from its tail alone. Raises FileNotFoundError, pyarrow.ArrowInvalid."""
    tail = storage.tail(key, _TAIL_BYTES)
    length = _footer_bytes(tail)
    if tail[-4:] == b"PAR1" and length > len(tail):
        tail = storage.tail(key, length)
    return parsed_footer(tail)


def footer_of(path: Path) -> Footer:
    """The footer of a Parquet file."""
    with path.open("rb") as file:
        file.seek(-_PARQUET_END, os.SEEK_END)
        file.seek(-_footer_bytes(file.read()), os.SEEK_END)
        return file.read()


def parsed_footer(footer: Footer) -> pq.FileMetaData:
    """What a footer says. Raises pyarrow.ArrowInvalid."""
    return pq.read_metadata(pa.BufferReader(footer))


def _footer_bytes(end: bytes) -> int:
    return int.from_bytes(end[-_PARQUET_END:-4], "little") + _PARQUET_END


def read_metadata(storage: Storage, stage_key: str) -> StageMetadata | None:
    """The metadata of a source file's stage files, of which the first is `stage_key`.

    None where one of them does not exist or has no metadata, or where they were not made by one run from one file.
    """
    first = _read_metadata(storage, stage_key)
    if first is None or first.parts == 1:
        return first
    others = [_read_metadata(storage, key) for key in first.stage_keys(stage_key)[1:]]
    return _of_all_parts([first, *others])


def _read_metadata(storage: Storage, key: str) -> StageMetadata | None:
    try:
        found = json.loads((read_footer(storage, key).metadata or {})[FOOTER_KEY])
        found["subjects"] = tuple(typed(StagedSubject(**subject)) for subject in found["subjects"])
        return typed(StageMetadata(**found))
    except (FileNotFoundError, pa.ArrowInvalid, *UNREADABLE):
        return None


def _of_all_parts(parts: Sequence[StageMetadata | None]) -> StageMetadata | None:
    """The metadata of all parts added up; None where one is missing or was made by something else than the others."""
    found: list[StageMetadata] = [part for part in parts if part is not None]
    if [part.part for part in found] != list(range(len(parts))):
        return None
    if len({(part.code_version, part.raw, part.raw_key, part.sha256, part.parts) for part in found}) > 1:
        return None
    subjects: dict[int, list[StagedSubject]] = {}
    for part in found:
        for staged in part.subjects:
            subjects.setdefault(staged.subject, []).append(staged)
    return replace(
        found[0],
        lines=sum(part.lines for part in found),
        rows=sum(part.rows for part in found),
        quarantined=sum(part.quarantined for part in found),
        subjects=tuple(
            StagedSubject(
                subject,
                sum(staged.lines for staged in of_parts),
                sum(staged.rows for staged in of_parts),
                added([staged.sums for staged in of_parts]),
            )
            for subject, of_parts in sorted(subjects.items())
        ),
    )


def read_metadata_of(storage: Storage, stage_keys: list[str]) -> list[StageMetadata | None]:
    """`read_metadata` of several source files, at the same time."""
    with io_threads(len(stage_keys)) as threads:
        return list(threads.map(lambda key: read_metadata(storage, key), stage_keys))
