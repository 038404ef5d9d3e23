"""The Lambda function of the state DownloadCSV: a version of the Kaggle dataset, landed in raw/."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger

from ingest import archive, metrics
from ingest.for_readers import for_readers
from ingest.landing import land
from ingest.lock import Claim
from ingest.raw_zone import RETRIES, RawManifest, RawZone, storage_named
from ingest.readers import Published, Readers
from ingest.selection import MOST_SHOWN, chosen
from ingest.sources import kaggle as kaggle_source
from ingest.sources.kaggle_token import use_secret
from ingest.texts import cut
from ingest.versions import Versions, asked_for, holds_a_backfill, is_asked_anew, is_published

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = Logger(service="ingest")

DOWNLOAD_SHARE = 0.6
"""Of the time that the function has left: the rest is for landing what was downloaded."""


@dataclass(frozen=True)
class Settings:
    """The function's environment."""

    bucket: str
    dataset: str
    raw_prefix: str
    manifests_prefix: str
    processed_prefix: str
    database: str
    table: str
    view: str
    code_version: str
    max_source_bytes: int
    kaggle_secret_arn: str
    metrics_namespace: str
    stack: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings; a missing one raises KeyError with its name."""
        return cls(
            bucket=environment["BUCKET_NAME"],
            dataset=environment["DATASET_HANDLE"],
            raw_prefix=environment["RAW_PREFIX"],
            manifests_prefix=environment["MANIFESTS_PREFIX"],
            processed_prefix=environment["PROCESSED_PREFIX"],
            database=environment["DATABASE_NAME"],
            table=environment["TABLE_NAME"],
            view=environment["VIEW_NAME"],
            code_version=environment["CODE_VERSION"],
            max_source_bytes=int(environment["MAX_SOURCE_BYTES"]),
            kaggle_secret_arn=environment["KAGGLE_SECRET_ARN"],
            metrics_namespace=environment["METRICS_NAMESPACE"],
            stack=environment["STACK_NAME"],
        )


def lambda_handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Land a version where it has not landed yet; tell whether there is something to publish, and what readers see.

    Of the answer: `running` is the ARN of another execution that does the work, and then nothing was done; `changed` is
    whether a new snapshot is to be made. Where none is, `snapshot` is the one that readers are to see, with `rows` and
    `subjects` by its manifest (text, as Athena prints counts), and `again` says why it has to be published again, if
    so. `seen` is the snapshot that readers see now.

    `event` may hold `execution`, `started_at` (ISO 8601) and `input`, the execution's: `{}` for the newest version,
    `{"dataset_version": N}` for version N. Raises the classes of errors.py.
    """
    started = time.monotonic()
    settings = Settings.read(os.environ)
    snapshot = _snapshot(event.get("started_at"))
    logger.append_keys(execution=event.get("execution"), snapshot=snapshot)
    s3 = boto3.client("s3", config=RETRIES)
    with storage_named():
        running = _running(s3, settings, event.get("execution"))
    if running is not None:
        return _left_to(running)
    use_secret(settings.kaggle_secret_arn)
    zone = RawZone(s3, settings.bucket, settings.raw_prefix, settings.manifests_prefix)
    readers = _readers(s3, settings)

    with storage_named():
        published = readers.look()
    versions = asked_for(settings.dataset, event.get("input"))
    logger.info("asked Kaggle", dataset=versions.dataset, version=versions.wanted, newest=versions.newest)
    with storage_named():
        found = _landed(settings, zone, versions, snapshot, published, _download_seconds(context))
        if not found["changed"]:
            if is_asked_anew(versions, published.newest):
                published = readers.remember(published, versions.handle, versions.newest)
            found |= for_readers(readers, published, found["message"])
    result = {
        "running": None,
        "snapshot": snapshot,
        "seen": None if published.view is None else published.view.snapshot,
        "again": None,
        "rows": None,
        "subjects": None,
        "dataset": versions.dataset,
        "dataset_handle": versions.handle,
        "newest_version": versions.newest,
        "code_version": settings.code_version,
        "raw_manifest": zone.manifest_key(found["raw_version"]),
        **found,
    }
    metrics.publish(settings.metrics_namespace, settings.stack, _age(published), _seconds(started))
    logger.info(
        "done",
        changed=result["changed"],
        raw_version=result["raw_version"],
        again=result["again"],
        outcome=result["message"],
    )
    return result


def _readers(s3: S3Client, settings: Settings) -> Readers:
    return Readers(
        s3,
        boto3.client("glue", config=RETRIES),
        bucket=settings.bucket,
        manifests_prefix=settings.manifests_prefix,
        processed_prefix=settings.processed_prefix,
        database=settings.database,
        table=settings.table,
        view=settings.view,
    )


def _running(s3: S3Client, settings: Settings, execution: str | None) -> str | None:
    """Take the claim; return the execution that holds it instead. Invoked by hand, the function needs none."""
    if execution is None:
        return None
    return Claim(s3, boto3.client("stepfunctions"), settings.bucket, settings.manifests_prefix).take(execution)


def _left_to(running: str) -> dict[str, Any]:
    """Tell that another execution does this one's work."""
    message = f"Nothing was done: {running} is running and does this work."
    logger.info("done", changed=False, outcome=message)
    unknown = ["snapshot", "seen", "again", "rows", "subjects", "dataset", "dataset_handle"]
    unknown += ["raw_version", "newest_version", "code_version", "raw_manifest"]
    nothing = {"files": 0, "lines": 0, "bytes": 0}
    return {"changed": False, "running": running, "message": message, **dict.fromkeys(unknown), **nothing}


def _download_seconds(context: Any) -> float | None:
    """Return how long the download may take, None where nobody says when the function ends."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return None if remaining is None else DOWNLOAD_SHARE * remaining() / 1000


def _landed(
    settings: Settings,
    zone: RawZone,
    versions: Versions,
    snapshot: int,
    published: Published,
    seconds: float | None,
) -> dict[str, Any]:
    """Land the wanted version where it has not landed; tell what it consists of and whether it is published."""
    current = published.newest
    manifest = None
    if current is not None and holds_a_backfill(versions, settings.code_version, current):
        manifest = zone.landed(versions.dataset, current["raw_version"])
    backfilled = manifest is not None
    if manifest is not None:
        versions = replace(versions, wanted=manifest["raw_version"])
    else:
        manifest = zone.landed(versions.dataset, versions.wanted)
    is_new = manifest is None
    if manifest is None:
        manifest = _land(settings, zone, versions, snapshot, published.seen_version, seconds)
    changed = not is_published(manifest, settings.code_version, current)
    if current is not None and published.seen != current["snapshot"] and is_asked_anew(versions, current):
        changed = True  # Readers were rolled back: whoever asks for a version is shown it.
    return {
        "changed": changed,
        "raw_version": versions.wanted,
        "files": len(manifest["files"]),
        "lines": sum(file["lines"] for file in manifest["files"]),
        "bytes": sum(file["bytes"] for file in manifest["files"]),
        "message": (
            _backfilled(versions) if backfilled and not changed else _message(manifest, is_new=is_new, changed=changed)
        ),
    }


def _backfilled(versions: Versions) -> str:
    return (
        f"Version {versions.wanted} of {versions.dataset} was backfilled and stays: Kaggle has had nothing newer than "
        f"version {versions.newest} since. An execution with that number as dataset_version publishes it."
    )


def _land(
    settings: Settings,
    zone: RawZone,
    versions: Versions,
    snapshot: int,
    published: int | None,
    seconds: float | None,
) -> RawManifest:
    started = time.monotonic()
    dataset, version = versions.dataset, versions.wanted
    with kaggle_source.downloaded(
        dataset,
        version,
        max_bytes=settings.max_source_bytes,
        seconds=seconds,
        told_as_current=versions.told_as_current,
    ) as path:
        logger.info("downloaded", bytes=path.stat().st_size, seconds=_seconds(started))
        with archive.opened(path, max_bytes=settings.max_source_bytes) as entries:
            files, skipped = chosen(entries)
            logger.info(
                "recognised",
                files=len(files),
                first=[cut(file.entry.path) for file in files[:MOST_SHOWN]],
                skipped=skipped.count,
            )
            manifest = land(
                zone, files, skipped, dataset=dataset, version=version, snapshot=snapshot, published=published
            )
    logger.info("landed", files=len(manifest["files"]), seconds=_seconds(started))
    return manifest


def _snapshot(started_at: str | None) -> int:
    """Return the run's snapshot number: the UTC time of its start as yyyymmddHHMMSS."""
    started = datetime.fromisoformat(started_at) if started_at else datetime.now(UTC)
    if started.tzinfo is None:
        started = started.replace(tzinfo=UTC)
    return int(started.astimezone(UTC).strftime("%Y%m%d%H%M%S"))


def _age(published: Published) -> float | None:
    """Return the seconds since readers see what they see, None before the first publication."""
    return None if published.view is None else (datetime.now(UTC) - published.view.since).total_seconds()


def _message(manifest: RawManifest, *, is_new: bool, changed: bool) -> str:
    what = f"Version {manifest['raw_version']} of {manifest['dataset']}"
    if not changed:
        return f"{what} is published already, made by the same code: there is nothing to do."
    if not is_new:
        return f"{what} had landed before and is not published yet, was made by other code, or is not what readers see."
    own = sum(f"/version={manifest['raw_version']}/" in file["raw_key"] for file in manifest["files"])
    return f"{what} landed: {len(manifest['files'])} files, {own} of them new or changed."


def _seconds(started: float) -> float:
    return round(time.monotonic() - started, 3)
