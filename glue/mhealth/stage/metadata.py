"""Stage files: the note in their footer that says what made them, and reading it from the object's tail.

A large source file has several, each with the note of its part.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

import pyarrow as pa
import pyarrow.parquet as pq

from mhealth.checksums import Sums, added
from mhealth.io.records import UNREADABLE, typed
from mhealth.io.storage import Storage, many
from mhealth.paths import stage_part_key
from mhealth.raw.manifest import RawFile

FOOTER_KEY = b"mhealth"
_TAIL_BYTES = 64 * 1024
_PARQUET_END = 8
"""A Parquet file ends with its footer's length (4 bytes) and its magic number (4 bytes)."""


@dataclass(frozen=True)
class StagedSubject:
    """A subject in a stage file: data lines that count for it, rows, and the sums of its values as they were parsed."""

    subject: int
    lines: int
    rows: int
    sums: Sums = field(default_factory=dict)


@dataclass(frozen=True)
class StageNote:
    """What a stage file's footer says: what made it (`code_version`, `raw_key`, `sha256`, `raw`) and what is in it.

    `raw` is the identity of the raw file, which changes with all that is known of it.

    `part` counts from 0, `parts` are as many as the source file has stage files. A note that was read from all of them
    is that of the source file.
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
        """The keys of all stage files of the source file, whose first one is `stage_key`."""
        return [stage_part_key(stage_key, part) for part in range(self.parts)]

    def encoded(self) -> bytes:
        """The note as the footer's value."""
        return json.dumps(asdict(self)).encode()

    def made_from(self, file: RawFile, code_version: str) -> bool:
        """Whether this code made it from this very file."""
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
    length = int.from_bytes(tail[-_PARQUET_END:-4], "little") + _PARQUET_END
    if tail[-4:] == b"PAR1" and length > len(tail):
        tail = storage.tail(key, length)
    return pq.read_metadata(pa.BufferReader(tail))


def read_note(storage: Storage, stage_key: str) -> StageNote | None:
    """The note of a source file's stage files, the first of which is `stage_key`.

    None where one of them does not exist or has no note, or where they do not belong together.
    """
    first = _read_note(storage, stage_key)
    if first is None or first.parts == 1:
        return first
    others = [_read_note(storage, key) for key in first.stage_keys(stage_key)[1:]]
    return _together([first, *others])


def _read_note(storage: Storage, key: str) -> StageNote | None:
    try:
        found = json.loads((read_footer(storage, key).metadata or {})[FOOTER_KEY])
        found["subjects"] = tuple(typed(StagedSubject(**subject)) for subject in found["subjects"])
        return typed(StageNote(**found))
    except (FileNotFoundError, pa.ArrowInvalid, *UNREADABLE):
        return None


def _together(notes: Sequence[StageNote | None]) -> StageNote | None:
    """The note of all parts together; None where one is missing or was made by something else than the others."""
    whole: list[StageNote] = [note for note in notes if note is not None]
    if [note.part for note in whole] != list(range(len(notes))):
        return None
    if len({(note.code_version, note.raw, note.raw_key, note.sha256, note.parts) for note in whole}) > 1:
        return None
    subjects: dict[int, list[StagedSubject]] = {}
    for note in whole:
        for staged in note.subjects:
            subjects.setdefault(staged.subject, []).append(staged)
    return replace(
        whole[0],
        lines=sum(note.lines for note in whole),
        rows=sum(note.rows for note in whole),
        quarantined=sum(note.quarantined for note in whole),
        subjects=tuple(
            StagedSubject(
                subject,
                sum(part.lines for part in parts),
                sum(part.rows for part in parts),
                added([part.sums for part in parts]),
            )
            for subject, parts in sorted(subjects.items())
        ),
    )


def read_notes(storage: Storage, stage_keys: list[str]) -> list[StageNote | None]:
    """The notes of several source files' stage files, read side by side."""
    with many(len(stage_keys)) as threads:
        return list(threads.map(lambda key: read_note(storage, key), stage_keys))
