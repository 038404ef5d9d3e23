"""The Lambda function of the state DownloadCSV: the dataset's current Kaggle version, landed in raw/."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3

import archive
import kaggle_source
from landing import land
from raw_zone import RawManifest, RawZone
from source_files import chosen

logger = logging.getLogger("ingest")
logger.setLevel(logging.INFO)


@dataclass(frozen=True)
class Settings:
    """The function's environment."""

    bucket: str
    dataset: str
    raw_prefix: str
    manifests_prefix: str
    code_version: str
    max_source_bytes: int

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings; a missing one raises KeyError with its name."""
        return cls(
            bucket=environment["BUCKET_NAME"],
            dataset=environment["DATASET_HANDLE"],
            raw_prefix=environment["RAW_PREFIX"],
            manifests_prefix=environment["MANIFESTS_PREFIX"],
            code_version=environment["CODE_VERSION"],
            max_source_bytes=int(environment["MAX_SOURCE_BYTES"]),
        )


def lambda_handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Land the current version where it has not landed yet; tell whether there is something to publish.

    `event` may hold `execution` and `started_at` (ISO 8601). Raises the classes of errors.py.
    """
    settings = Settings.read(os.environ)
    snapshot = _snapshot(event.get("started_at"))
    zone = RawZone(boto3.client("s3"), settings.bucket, settings.raw_prefix, settings.manifests_prefix)

    version = kaggle_source.current_version(settings.dataset)
    _log("asked Kaggle", dataset=settings.dataset, version=version, execution=event.get("execution"))
    manifest = zone.landed(settings.dataset, version)
    is_new = manifest is None
    if manifest is None:
        manifest = _land(settings, zone, version, snapshot)
    changed = not _is_published(manifest, settings.code_version, zone.current())

    result = {
        "changed": changed,
        "snapshot": snapshot,
        "raw_version": version,
        "code_version": settings.code_version,
        "raw_manifest": zone.manifest_key(version),
        "files": len(manifest["files"]),
        "lines": sum(file["lines"] for file in manifest["files"]),
        "bytes": sum(file["bytes"] for file in manifest["files"]),
        "message": _message(manifest, is_new=is_new, changed=changed),
    }
    _log("done", **result)
    return result


def _land(settings: Settings, zone: RawZone, version: int, snapshot: int) -> RawManifest:
    started = time.monotonic()
    with kaggle_source.downloaded(settings.dataset, version, max_bytes=settings.max_source_bytes) as path:
        _log("downloaded", bytes=path.stat().st_size, seconds=_seconds(started))
        with archive.opened(path, max_bytes=settings.max_source_bytes) as entries:
            files, skipped = chosen(entries)
            _log("recognised", files=[file.entry.path for file in files], skipped=skipped)
            manifest = land(zone, files, skipped, dataset=settings.dataset, version=version, snapshot=snapshot)
    _log("landed", files=len(manifest["files"]), seconds=_seconds(started))
    return manifest


def _is_published(manifest: RawManifest, code_version: str, current: Mapping[str, Any] | None) -> bool:
    if current is None:
        return False
    same = current["raw_version"] == manifest["raw_version"] and current["code_version"] == code_version
    # Another dataset can have landed under the same version number since.
    return bool(same and manifest["landed"] <= current["snapshot"])


def _snapshot(started_at: str | None) -> int:
    """Return the run's snapshot number: the UTC time of its start as yyyymmddHHMMSS."""
    started = datetime.fromisoformat(started_at) if started_at else datetime.now(UTC)
    if started.tzinfo is None:
        started = started.replace(tzinfo=UTC)
    return int(started.astimezone(UTC).strftime("%Y%m%d%H%M%S"))


def _message(manifest: RawManifest, *, is_new: bool, changed: bool) -> str:
    what = f"Version {manifest['raw_version']} of {manifest['dataset']}"
    if not changed:
        return f"{what} is published already, made by the same code: there is nothing to do."
    if not is_new:
        return f"{what} had landed before and is not published yet, or was made by other code."
    own = sum(f"/version={manifest['raw_version']}/" in file["raw_key"] for file in manifest["files"])
    return f"{what} landed: {len(manifest['files'])} files, {own} of them new or changed."


def _seconds(started: float) -> float:
    return round(time.monotonic() - started, 3)


def _log(step: str, **fields: object) -> None:
    logger.info(json.dumps({"step": step, **fields}))
