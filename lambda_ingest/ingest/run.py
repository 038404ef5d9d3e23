"""One run: the wanted version is landed where it has not landed, and compared with what is published."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from aws_lambda_powertools import Logger

from ingest.for_readers import for_readers
from ingest.landing import land
from ingest.raw_zone import RawManifest, RawZone
from ingest.readers import Published, Readers
from ingest.s3 import translate_s3_errors
from ingest.selection import MOST_SHOWN, chosen
from ingest.sources.base import DatasetSource
from ingest.texts import cut
from ingest.versions import Versions, asked_for, is_asked_anew, is_pinned_to_backfill, is_published

_logger = Logger(service="ingest", child=True)


@dataclass(frozen=True)
class Run:
    """One run, with what it reads from and writes to. `snapshot` is its number, `code_version` that of the jobs."""

    source: DatasetSource
    zone: RawZone
    readers: Readers
    snapshot: int
    code_version: str
    max_source_bytes: int

    def answer(self, execution_input: Any, download_seconds: float | None) -> tuple[dict[str, Any], Published]:
        """Land what is to be landed; return the function's answer, and what readers see.

        The download may take so many seconds, None for any time. Raises the classes of errors.py.
        """
        with translate_s3_errors():
            published = self.readers.look()
        versions = asked_for(self.source, execution_input)
        _logger.info("asked the source", dataset=versions.dataset, version=versions.wanted, newest=versions.newest)
        with translate_s3_errors():
            found = self._landed(versions, published, download_seconds)
            if not found["changed"]:
                if is_asked_anew(versions, published.newest):
                    published = self.readers.remember(published, versions.handle, versions.newest)
                found |= for_readers(self.readers, published, found["message"])
        answer = {
            "running": None,
            "snapshot": self.snapshot,
            "seen": None if published.view is None else published.view.snapshot,
            "again": None,
            "rows": None,
            "subjects": None,
            "dataset": versions.dataset,
            "dataset_handle": versions.handle,
            "newest_version": versions.newest,
            "code_version": self.code_version,
            "raw_manifest": self.zone.manifest_key(found["raw_version"]),
            "allow_missing_subjects": versions.allow_missing_subjects,
            **found,
        }
        return answer, published

    def _landed(self, versions: Versions, published: Published, seconds: float | None) -> dict[str, Any]:
        """Land the wanted version where it has not landed; tell what it consists of and whether it is published."""
        current = published.newest
        manifest = None
        if current is not None and is_pinned_to_backfill(versions, self.code_version, current):
            manifest = self.zone.landed(versions.dataset, current["raw_version"])
        backfilled = manifest is not None
        if manifest is not None:
            versions = replace(versions, wanted=manifest["raw_version"])
        else:
            manifest = self.zone.landed(versions.dataset, versions.wanted)
        is_new = manifest is None
        if manifest is None:
            manifest = self._land(versions, published.seen_version, seconds)
        changed = not is_published(manifest, self.code_version, current)
        if current is not None and published.seen != current["snapshot"] and is_asked_anew(versions, current):
            changed = True  # Readers were rolled back: whoever asks for a version is shown it.
        message = _backfilled(versions) if backfilled and not changed else _message(manifest, is_new, changed)
        return {
            "changed": changed,
            "raw_version": versions.wanted,
            "files": len(manifest["files"]),
            "lines": sum(file["lines"] for file in manifest["files"]),
            "bytes": sum(file["bytes"] for file in manifest["files"]),
            "message": message,
        }

    def _land(self, versions: Versions, published: int | None, seconds: float | None) -> RawManifest:
        started = time.monotonic()
        with self.source.download(versions.wanted, max_bytes=self.max_source_bytes, seconds=seconds) as entries:
            files, skipped = chosen(entries)
            _logger.info(
                "recognised",
                files=len(files),
                first=[cut(file.entry.path) for file in files[:MOST_SHOWN]],
                skipped=skipped.count,
            )
            manifest = land(
                self.zone,
                files,
                skipped,
                dataset=versions.dataset,
                version=versions.wanted,
                snapshot=self.snapshot,
                published=published,
            )
        _logger.info("landed", files=len(manifest["files"]), seconds=round(time.monotonic() - started, 3))
        return manifest


def _backfilled(versions: Versions) -> str:
    return (
        f"Version {versions.wanted} of {versions.dataset} was backfilled and stays: the source has had nothing newer "
        f"than version {versions.newest} since. An execution with that number as dataset_version publishes it."
    )


def _message(manifest: RawManifest, is_new: bool, changed: bool) -> str:
    what = f"Version {manifest['raw_version']} of {manifest['dataset']}"
    if not changed:
        return f"{what} is published already, made by the same code: there is nothing to do."
    if not is_new:
        return f"{what} had landed before and is not published yet, was made by other code, or is not what readers see."
    own = sum(f"/version={manifest['raw_version']}/" in file["raw_key"] for file in manifest["files"])
    return f"{what} landed: {len(manifest['files'])} files, {own} of them new or changed."
