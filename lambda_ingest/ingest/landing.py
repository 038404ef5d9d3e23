"""Lands one version: each file is converted into raw/ as it is read, or referenced where it did not change."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ingest.errors import EmptyFile, UnknownLayout
from ingest.ingest_code import INGEST_CODE
from ingest.layouts import shown
from ingest.raw_csv import BLOCK_BYTES, RawLines
from ingest.raw_zone import FileEntry, RawManifest, RawZone
from ingest.selection import SkippedFiles, SourceFile
from ingest.texts import cut

FILES_AT_ONCE = 4
"""While one file waits for S3 another is converted. Each costs a few megabytes and a part of an upload in memory."""


def land(
    zone: RawZone,
    files: Sequence[SourceFile],
    skipped: SkippedFiles,
    *,
    dataset: str,
    version: int,
    snapshot: int,
    published: int | None = None,
) -> RawManifest:
    """Write what changed to raw/, then the version's manifest; return the one that stands. No other object stays.

    `published` is the version that readers see, None before the first publication: its files may be referenced.
    Raises EmptyFile for a file without a data line, UnknownLayout for one in which the columns change,
    SourceUnavailable where the archive proves damaged.
    """
    zone.forget(version)
    earlier: dict[str, list[FileEntry]] = {}
    for entry in zone.earlier_files(version, published):
        earlier.setdefault(entry["name"], []).append(entry)

    def landed(file: SourceFile) -> FileEntry:
        return _unchanged(file, earlier.get(file.name, [])) or _converted(zone, file, version)

    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        entries = list(pool.map(landed, files))
    manifest: RawManifest = {
        "dataset": dataset,
        "raw_version": version,
        "landed": snapshot,
        "files": entries,
        "skipped": skipped.first,
        "skipped_files": skipped.count,
    }
    standing = zone.put_manifest(manifest)
    zone.remove_others(standing)
    return standing


def _unchanged(file: SourceFile, earlier: Sequence[FileEntry]) -> FileEntry | None:
    """Return which of the `earlier` entries of this name has the raw object that this file would become again.

    The same code made them, so name and content decide on all else.
    """
    alike = [entry for entry in earlier if entry["bytes"] == file.entry.size]
    if not alike:
        return None
    digest = hashlib.sha256()
    with file.entry.open() as content:
        while block := content.read(BLOCK_BYTES):
            digest.update(block)
    entry = next((entry for entry in alike if entry["sha256"] == digest.hexdigest()), None)
    return {**entry, "source": file.entry.path} if entry else None


def _converted(zone: RawZone, file: SourceFile, version: int) -> FileEntry:
    raw = RawLines(file.recognised)
    with file.entry.open() as content:
        key = zone.put(version, file.name, raw.convert(content))
    if raw.lines == 0:
        raise EmptyFile(
            f"{cut(file.entry.path)} has no data line. Expected at least one. Fix or remove the file in the dataset. "
            "Not retryable."
        )
    if raw.other_header is not None:
        number, line = raw.other_header
        raise UnknownLayout(
            f"{cut(file.entry.path)} has a second header, on line {number}, that names other columns than those it "
            f"began with: {shown(line.strip())!r}. Expected the same columns in the same order to the end, as "
            f"{cut(', '.join(file.recognised.columns), 400)}. Part the file there in the dataset. Not retryable."
        )
    return {
        "name": file.name,
        "source": file.entry.path,
        "layout": file.recognised.layout,
        "subject": file.recognised.subject,
        "columns": list(file.recognised.columns),
        "dropped_columns": list(file.recognised.dropped),
        "header_lines": 1 if file.recognised.header else 0,
        "sha256": raw.sha256,
        "bytes": raw.size,
        "lines": raw.lines,
        "raw_key": key,
        "ingest_code": INGEST_CODE,
    }
