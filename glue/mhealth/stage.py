"""Stage files: their keys, the note in their footer that says what made them, and reading it from the object's tail."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

from mhealth.raw_manifest import RawFile
from mhealth.storage import Storage, many
from mhealth.value_sums import Sums

FOOTER_KEY = b"mhealth"
_TAIL_BYTES = 64 * 1024
_PARQUET_END = 8
"""A Parquet file ends with its footer's length (4 bytes) and its magic number (4 bytes)."""


def sibling_key(raw_key: str, prefix: str, suffix: str) -> str:
    """The key beside a raw object's: another first component, another suffix.

    >>> sibling_key("raw/version=1/mHealth_subject1.csv", "stage", ".parquet")
    'stage/version=1/mHealth_subject1.parquet'
    """
    rest = raw_key.partition("/")[2]
    return f"{prefix}/{rest.removesuffix('.csv')}{suffix}"


@dataclass(frozen=True)
class StagedSubject:
    """A subject in a stage file: data lines that count for it, rows, and the sums of its values as they were parsed."""

    subject: int
    lines: int
    rows: int
    sums: Sums = field(default_factory=dict)


@dataclass(frozen=True)
class StageNote:
    """What a stage file's footer says: what made it (`code_version`, `raw_key`, `sha256`) and what is in it."""

    code_version: str
    raw_key: str
    sha256: str
    lines: int
    rows: int
    quarantined: int
    subjects: tuple[StagedSubject, ...]

    def encoded(self) -> bytes:
        """The note as the footer's value."""
        return json.dumps(asdict(self)).encode()

    def made_from(self, file: RawFile, code_version: str) -> bool:
        """Whether this code made it from this very file."""
        return (self.code_version, self.raw_key, self.sha256, self.lines) == (
            code_version,
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


def read_note(storage: Storage, key: str) -> StageNote | None:
    """The note of the stage object `key`; None where there is no such object, or none with a note."""
    try:
        found = json.loads((read_footer(storage, key).metadata or {})[FOOTER_KEY])
        found["subjects"] = tuple(StagedSubject(**subject) for subject in found["subjects"])
        return StageNote(**found)
    except (FileNotFoundError, pa.ArrowInvalid, KeyError, TypeError, ValueError):
        return None


def read_notes(storage: Storage, keys: list[str]) -> list[StageNote | None]:
    """The notes of several stage objects, read side by side."""
    with many(len(keys)) as threads:
        return list(threads.map(lambda key: read_note(storage, key), keys))
