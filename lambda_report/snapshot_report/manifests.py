"""The manifests of a run, as far as the report reads them: sources, files and checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from snapshot_report.errors import ManifestUnreadable


@dataclass(frozen=True)
class Source:
    """The counts of a source file in the snapshot: data lines, rows, rejected lines."""

    name: str
    raw_key: str
    sha256: str
    lines: int
    rows: int
    quarantined: int


@dataclass(frozen=True)
class File:
    """A file of the snapshot; `carried` if it was copied from the previous snapshot."""

    key: str
    subject: int
    rows: int
    bytes: int
    carried: bool


@dataclass(frozen=True)
class Check:
    """A check of the jobs' audit."""

    name: str
    expected: str
    found: str
    passed: bool


@dataclass(frozen=True)
class Snapshot:
    """A snapshot manifest (manifests/snapshots/S.json)."""

    number: int
    dataset: str
    raw_version: int
    code_version: str
    recording_start: str
    columns: tuple[str, ...]
    sources: tuple[Source, ...]
    files: tuple[File, ...]
    checks: tuple[Check, ...]

    @property
    def rows(self) -> int:
        """Rows of all files."""
        return sum(file.rows for file in self.files)

    @property
    def rows_by_subject(self) -> dict[int, int]:
        """Rows of each subject."""
        rows: dict[int, int] = {}
        for file in self.files:
            rows[file.subject] = rows.get(file.subject, 0) + file.rows
        return rows

    @property
    def lines(self) -> int:
        """Data lines of all sources."""
        return sum(source.lines for source in self.sources)

    @property
    def quarantined(self) -> int:
        """Rejected lines of all sources."""
        return sum(source.quarantined for source in self.sources)


@dataclass(frozen=True)
class RawFile:
    """A source file in the raw zone; `bytes` is the size of the source, `lines` its data lines."""

    name: str
    source: str
    layout: str
    bytes: int
    raw_key: str
    lines: int = 0


@dataclass(frozen=True)
class Skipped:
    """A file of the dataset that was skipped because it is no recording, with the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class RawVersion:
    """A raw manifest (manifests/raw/version=V.json); `skipped` lists the first of `skipped_files` skipped files."""

    version: int
    files: tuple[RawFile, ...]
    skipped: tuple[Skipped, ...]
    skipped_files: int


def snapshot_key(prefix: str, number: int) -> str:
    """The key of a snapshot's manifest."""
    return f"{prefix}/snapshots/{number}.json"


def publication_key(prefix: str, number: int) -> str:
    """The key of a snapshot's publication record."""
    return f"{prefix}/publications/{number}.json"


def read_snapshot(document: Mapping[str, Any], key: str) -> Snapshot:
    """Parse the snapshot manifest of `key`. Raises ManifestUnreadable where a field is missing."""
    try:
        return Snapshot(
            number=int(document["snapshot"]),
            dataset=str(document["dataset"]),
            raw_version=int(document["raw_version"]),
            code_version=str(document["code_version"]),
            recording_start=str(document["recording_start"]),
            columns=tuple(map(str, document["columns"])),
            sources=tuple(
                Source(
                    name=str(each["name"]),
                    raw_key=str(each["raw_key"]),
                    sha256=str(each["sha256"]),
                    lines=int(each["lines"]),
                    rows=int(each["rows"]),
                    quarantined=int(each["quarantined"]),
                )
                for each in document["sources"]
            ),
            files=tuple(
                File(
                    key=str(each["key"]),
                    subject=int(each["subject"]),
                    rows=int(each["rows"]),
                    bytes=int(each["bytes"]),
                    carried=each["carried"] is True,
                )
                for each in document["files"]
            ),
            checks=tuple(
                Check(str(each["name"]), str(each["expected"]), str(each["found"]), each["passed"] is True)
                for each in document["checks"]
            ),
        )
    except _OTHERWISE as error:
        raise _unlike("snapshot manifest", key, error) from error


def read_raw_version(document: Mapping[str, Any], key: str) -> RawVersion:
    """Parse the raw manifest of `key`. Raises ManifestUnreadable where a field is missing."""
    try:
        return RawVersion(
            version=int(document["raw_version"]),
            files=tuple(
                RawFile(
                    name=str(each["name"]),
                    source=str(each["source"]),
                    layout=str(each["layout"]),
                    bytes=int(each["bytes"]),
                    raw_key=str(each["raw_key"]),
                    lines=int(each["lines"]),
                )
                for each in document["files"]
            ),
            skipped=tuple(Skipped(str(each["name"]), str(each["reason"])) for each in document["skipped"]),
            # Older manifests list all of them and have no count.
            skipped_files=int(document.get("skipped_files", len(document["skipped"]))),
        )
    except _OTHERWISE as error:
        raise _unlike("raw manifest", key, error) from error


_OTHERWISE = (KeyError, TypeError, ValueError, OverflowError)
"""The errors of access to a document that is malformed."""


def _unlike(what: str, key: str, error: Exception) -> ManifestUnreadable:
    return ManifestUnreadable(
        f"the {what} {key} is not as this code expects it ({type(error).__name__}: {error}). Report and jobs have "
        "different versions, or it was changed: deploy both together. Not retryable."
    )
