"""The Lambda function of the states WriteReport and ReportFailure.

It writes a page on the published snapshot to reports/S.html, or on the failed run to reports/S-failed.html.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from snapshot_report.changes import Changes, changes
from snapshot_report.costs import Stage, Usage, stages
from snapshot_report.failed import FailedRun, read_failure, totals
from snapshot_report.failed_page import render_failed
from snapshot_report.manifests import Snapshot, publication_key, read_raw_version, read_snapshot, snapshot_key
from snapshot_report.page import render
from snapshot_report.quarantine import find_quarantine, read_quarantine
from snapshot_report.queries import Athena
from snapshot_report.report import Report
from snapshot_report.signals import Choice, Panel, choose, panels
from snapshot_report.stages import Timing, read_timing
from snapshot_report.storage import Bucket
from snapshot_report.trend import earlier_runs, report_key, run_number

logger = Logger(service="report")


@dataclass(frozen=True)
class Settings:
    """The function's environment."""

    bucket: str
    manifests_prefix: str
    quarantine_prefix: str
    reports_prefix: str
    database: str
    table: str
    work_group: str
    rows_statement: str
    signals_statement: str
    download_function: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings. Raises KeyError for a missing one."""
        return cls(
            bucket=environment["BUCKET_NAME"],
            manifests_prefix=environment["MANIFESTS_PREFIX"],
            quarantine_prefix=environment["QUARANTINE_PREFIX"],
            reports_prefix=environment["REPORTS_PREFIX"],
            database=environment["DATABASE_NAME"],
            table=environment["TABLE_NAME"],
            work_group=environment["WORK_GROUP"],
            rows_statement=environment["ROWS_STATEMENT"],
            signals_statement=environment["SIGNALS_STATEMENT"],
            download_function=environment["DOWNLOAD_FUNCTION"],
        )


def lambda_handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's interface
    """Write the report of the run that `event` describes; return its URI and size, and the cause of a failed run.

    The state WriteReport makes `event`: `execution`, `snapshot`, `raw_manifest`, `before` (the snapshot that was
    published when the run began, None for none), `rows`, `verify_query`, `job_seconds`, `dpus`. The state ReportFailure
    makes another one: `execution`, `started_at`, `failed_state`, `dpus`, and `run`, the data of the state machine.
    Raises the classes of errors.py.
    """
    settings = Settings.read(os.environ)
    bucket = Bucket(boto3.client("s3"), settings.bucket)
    # A warm environment still has the keys of the invocation before: None removes one.
    logger.append_keys(execution=event["execution"], snapshot=event.get("snapshot"))
    if "failed_state" in event:
        failed = _failed(settings, bucket, event)
        page, own, key = render_failed(failed), totals(failed), _key(settings, failed.number, failed=True)
        told = {"cause": failed.failure.cause}
    else:
        report = _report(settings, bucket, event)
        page, own, key = render(report), report.run, _key(settings, report.snapshot.number, failed=False)
        told = {}
    uri = bucket.put_page(key, page, own.metadata())
    logger.info("report written", uri=uri, bytes=len(page))
    return {"uri": uri, "bytes": len(page), **told}


def _key(settings: Settings, number: int, *, failed: bool) -> str:
    return report_key(settings.reports_prefix, number, failed=failed)


def _report(settings: Settings, bucket: Bucket, event: Mapping[str, Any]) -> Report:
    prefix = settings.manifests_prefix
    key, raw_key = snapshot_key(prefix, event["snapshot"]), event["raw_manifest"]
    snapshot = read_snapshot(bucket.document(key), key)
    athena = Athena(boto3.client("athena"), bucket, settings.database, settings.work_group)
    counts = athena.counts(settings.rows_statement, snapshot.number)
    choice = choose(counts)
    before = event["before"]
    verified = athena.bytes_scanned(event["verify_query"])
    return Report(
        snapshot=snapshot,
        raw=read_raw_version(bucket.document(raw_key), raw_key),
        published_at=str(bucket.document(publication_key(prefix, snapshot.number)).get("published_at")),
        execution=event["execution"],
        counts=counts,
        rows_verified=int(event["rows"]),
        quarantine=read_quarantine(bucket, settings.quarantine_prefix, snapshot.sources),
        stages=_stages(settings, _timing(event), event["job_seconds"], event["dpus"], verified),
        choice=choice,
        panels=_panels(settings, athena, snapshot, choice) if choice else [],
        before=before,
        changes=_changes(bucket, prefix, before, snapshot),
        bucket=settings.bucket,
        earlier=earlier_runs(bucket, settings.reports_prefix, snapshot.number),
    )


def _failed(settings: Settings, bucket: Bucket, event: Mapping[str, Any]) -> FailedRun:
    run, number = event["run"], run_number(event["started_at"])
    download = run.get("download") or {}
    raw_key = str(download.get("raw_manifest") or "")
    found = bucket.document_or_none(raw_key) if raw_key else None
    raw = None if found is None else read_raw_version(found, raw_key)
    timing = _timing(event)
    parsed = raw is not None and "ConvertParquet" in timing.seconds
    seconds = {
        stage: run[data]["seconds"]
        for stage, data in (("ConvertParquet", "convert"), ("GlueTransform", "transform"))
        if data in run
    }
    failed = FailedRun(
        number=number,
        execution=event["execution"],
        started_at=event["started_at"],
        failure=read_failure(event["failed_state"], run),
        seen=download.get("seen"),
        dataset=str(download.get("dataset", "")),
        raw=raw,
        quarantine=find_quarantine(bucket, settings.quarantine_prefix, raw.files) if raw and parsed else None,
        stages=_stages(settings, timing, seconds, event["dpus"], 0),
        bucket=settings.bucket,
        runs=[],
    )
    earlier = earlier_runs(bucket, settings.reports_prefix, number)
    return replace(failed, runs=[*earlier, totals(failed)])


def _timing(event: Mapping[str, Any]) -> Timing:
    return read_timing(boto3.client("stepfunctions"), event["execution"])


def _stages(
    settings: Settings, timing: Timing, job_seconds: Mapping[str, float], dpus: float, verify_bytes: int
) -> list[Stage]:
    function = boto3.client("lambda").get_function_configuration(FunctionName=settings.download_function)
    return stages(timing, Usage(job_seconds, dpus, function["MemorySize"], verify_bytes))


def _panels(settings: Settings, athena: Athena, snapshot: Snapshot, choice: Choice) -> list[Panel]:
    table = boto3.client("glue").get_table(DatabaseName=settings.database, Name=settings.table)["Table"]
    columns = table["StorageDescriptor"]["Columns"]
    statement = settings.signals_statement.format(
        snapshot=snapshot.number, subject=choice.subject, activity_id=choice.activity_id
    )
    return panels(athena.rows(statement), {column["Name"]: column.get("Comment", "") for column in columns})


def _changes(bucket: Bucket, prefix: str, before: int | None, now: Snapshot) -> Changes | None:
    if before is None:
        return None
    key = snapshot_key(prefix, before)
    found = bucket.document_or_none(key)
    return None if found is None else changes(read_snapshot(found, key), now)
