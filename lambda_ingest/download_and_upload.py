"""The Lambda function of the state DownloadCSV: a version of the dataset, landed in raw/. Its work is in ingest/."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from ingest import metrics
from ingest.lock import ExecutionLock
from ingest.raw_zone import RawZone
from ingest.readers import Published, Readers
from ingest.run import Run
from ingest.s3 import RETRIES, translate_s3_errors
from ingest.settings import Settings
from ingest.sources.registry import source_of

logger = Logger(service="ingest")

DOWNLOAD_SHARE = 0.6
"""Of the time that the function has left: the rest is for landing what was downloaded."""


def lambda_handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Land a version where it has not landed yet; tell whether there is something to publish, and what readers see.

    Of the answer: `running` is the ARN of another execution that does the work, and then nothing was done; `changed` is
    whether a new snapshot is to be made. Where none is, `snapshot` is the one that readers are to see, with `rows` and
    `subjects` by its manifest (text, as Athena prints counts), and `again` says why it has to be published again, if
    so. `seen` is the snapshot that readers see now.

    `event` may hold `execution`, `started_at` (ISO 8601), `allow_missing_subjects`, the stack's parameter (`true` or
    `false`), and `input`, the execution's: `{}` for the newest version, `{"dataset_version": N}` for version N. With
    `"allow_missing_subjects": true` the input overrides the parameter; the answer has what applies. Raises the classes
    of ingest/errors.py.
    """
    started = time.monotonic()
    settings = Settings.read(os.environ)
    snapshot, execution = _snapshot(event.get("started_at")), event.get("execution")
    logger.append_keys(execution=execution, snapshot=snapshot)
    s3 = boto3.client("s3", config=RETRIES)
    if execution is not None:  # invoked by hand, the function needs no lock
        lock = ExecutionLock(s3, boto3.client("stepfunctions"), settings.bucket, settings.manifests_prefix)
        with translate_s3_errors():
            running = lock.acquire(execution)
        if running is not None:
            return _skipped(running)
    run = Run(
        source_of(settings.source_uri, os.environ),
        RawZone(s3, settings.bucket, settings.raw_prefix, settings.manifests_prefix),
        Readers(
            s3,
            boto3.client("glue", config=RETRIES),
            bucket=settings.bucket,
            manifests_prefix=settings.manifests_prefix,
            processed_prefix=settings.processed_prefix,
            database=settings.database,
            table=settings.table,
            view=settings.view,
        ),
        snapshot,
        settings.code_version,
        settings.max_source_bytes,
    )
    result, published = run.answer(event.get("input"), _download_seconds(context))
    if not result["allow_missing_subjects"]:
        result["allow_missing_subjects"] = event.get("allow_missing_subjects") == "true"
    result["allow_missing_subjects"] = json.dumps(result["allow_missing_subjects"])  # as the job's argument has it
    seconds = round(time.monotonic() - started, 3)
    metrics.publish(settings.metrics_namespace, settings.stack, _age(published), seconds)
    reported = {name: result[name] for name in ("changed", "raw_version", "again")}
    logger.info("done", **reported, outcome=result["message"])
    return result


def _skipped(running: str) -> dict[str, Any]:
    """Tell that another execution does this one's work."""
    message = f"Nothing was done: {running} is running and does this work."
    logger.info("done", changed=False, outcome=message)
    unknown = ["snapshot", "seen", "again", "rows", "subjects", "dataset", "dataset_handle"]
    unknown += ["raw_version", "newest_version", "code_version", "raw_manifest", "allow_missing_subjects"]
    nothing = {"files": 0, "lines": 0, "bytes": 0}
    return {"changed": False, "running": running, "message": message, **dict.fromkeys(unknown), **nothing}


def _download_seconds(context: Any) -> float | None:
    """Return how long the download may take, None where nobody says when the function ends."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return None if remaining is None else DOWNLOAD_SHARE * remaining() / 1000


def _snapshot(started_at: str | None) -> int:
    """Return the run's snapshot number: the UTC time of its start as yyyymmddHHMMSS."""
    started = datetime.fromisoformat(started_at) if started_at else datetime.now(UTC)
    if started.tzinfo is None:
        started = started.replace(tzinfo=UTC)
    return int(started.astimezone(UTC).strftime("%Y%m%d%H%M%S"))


def _age(published: Published) -> float | None:
    """Return the seconds since readers see what they see, None before the first publication."""
    return None if published.view is None else (datetime.now(UTC) - published.view.since).total_seconds()
