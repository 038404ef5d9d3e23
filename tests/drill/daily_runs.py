"""Daily runs within this process: the handler, both jobs on one Spark, and the state machine's few steps after them.

S3 and Glue are moto's, Kaggle is the loopback API over a folder. A run can be made to end at any of its steps.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

import convert_parquet
import glue_transform
from local_aws.testing import faults
from local_aws.testing.faults import WRITES, Call, Fault
from mhealth.errors import MissingSubject
from mhealth_ops.kaggle.api import KaggleApi
from tests.end_to_end import sources
from tests.end_to_end.project import ROOT
from tests.glue.world import World, table_input

TABLE, VIEW = "mhealth_snapshots", "mhealth"
FIRST_RUN = datetime(2026, 11, 24, 3, 14, 54, tzinfo=UTC)

Step = Literal["landing", "raw manifest", "job 1", "job 2", "manifest", "catalog", "view", "record"]
"""Where a run may end: at a write that is denied it (the first five), or before this is done (the last three)."""

DENIED: Mapping[Step, tuple[str, str]] = {
    "landing": ("PutObject", "raw/.*"),
    "raw manifest": ("PutObject", "manifests/raw/.*"),
    "job 1": ("PutObject", "stage/.*"),
    "job 2": ("PutObject|CopyObject", "processed/.*"),
    "manifest": ("PutObject", "manifests/snapshots/.*"),
}
"""The operations and keys that are denied a run there."""

Outcome = Literal["published", "unchanged", "missing subject", "ended"]


@dataclass(frozen=True)
class Run:
    """What became of a run, its snapshot, and what it wrote: operation and key."""

    outcome: Outcome
    snapshot: int
    writes: list[tuple[str, str]]

    def written(self, operation: str, prefix: str) -> set[str]:
        """The keys below a prefix that an operation wrote."""
        return {key for done, key in self.writes if done == operation and key.startswith(prefix)}


@dataclass
class DailyRuns:
    """A bucket, a catalog and a dataset of their own; `code` is the code version that is deployed."""

    spark: SparkSession
    folder: Path
    code: str = "code-1"
    runs: int = 0
    bucket: str = field(default_factory=lambda: f"data-{uuid4()}")
    database: str = field(default_factory=lambda: f"database_{uuid4().hex}")

    def __post_init__(self) -> None:
        self.dataset = self.folder / "dataset"
        self.dataset.mkdir(parents=True)
        self._kaggle = KaggleApi(self.dataset, self.folder / "archives")
        self._kaggle.start()
        self._s3, self._glue = boto3.client("s3"), boto3.client("glue")
        self._s3.create_bucket(Bucket=self.bucket)
        self._glue.create_database(DatabaseInput={"Name": self.database})
        self._glue.create_table(DatabaseName=self.database, TableInput=table_input())  # type: ignore[arg-type]

    def close(self) -> None:
        self._kaggle.stop()
        self._s3.close()
        self._glue.close()

    def run(self, end_at: Step | None = None, *, spared: int = 0, missing_allowed: bool = True) -> Run:
        """One execution. Where it is denied a write it is granted the first `spared` of that kind."""
        snapshot_at = FIRST_RUN + timedelta(hours=self.runs)
        self.runs += 1
        operation, key = DENIED.get(end_at or "record", ("none", ""))
        denial = Fault("s3", operation, key, skip=spared, times=float("inf"), status=403, code="AccessDenied")
        with faults.watch("s3") as calls:
            faults.inject(denial)
            try:
                outcome = self._run(snapshot_at, end_at, missing_allowed)
            except (ClientError, S3UploadFailedError, Py4JJavaError, PySparkException):
                assert denial.hits[spared:], "a write failed that was not denied"
                outcome = "ended"
            finally:
                faults.clear()
            self._wait_for_tasks()
        denied = {id(call) for call in denial.hits[spared:]}
        return Run(outcome, _number(snapshot_at), [_told(call) for call in calls if _wrote(call, denied)])

    def _run(self, at: datetime, end_at: Step | None, missing_allowed: bool) -> Outcome:
        download = self._download(at)
        if not download["changed"]:
            return "unchanged"
        if end_at in ("landing", "raw manifest"):
            return "ended"
        arguments = {
            "data_uri": f"s3://{self.bucket}",
            "raw_manifest": download["raw_manifest"],
            "snapshot": download["snapshot"],
            "code_version": self.code,
        }
        world = World(Path("/nowhere"), f"{self.database}.{TABLE}")
        convert_parquet.main(world.convert_arguments(**arguments, max_bad_row_ratio=0.2))
        if end_at == "job 1":
            return "ended"
        allowed = str(missing_allowed).lower()
        try:
            glue_transform.main(world.transform_arguments(**arguments, view=VIEW, allow_missing_subjects=allowed))
        except MissingSubject:
            return "missing subject"
        if end_at in ("job 2", "manifest", "catalog"):
            return "ended"
        self._register(download["snapshot"])
        if end_at == "view":
            return "ended"
        self.publish(download["snapshot"])
        if end_at == "record":
            return "ended"
        self._record(download)
        return "published"

    def _download(self, at: datetime) -> dict[str, Any]:
        from download_and_upload import lambda_handler

        with pytest.MonkeyPatch.context() as environment:
            for name, value in self._kaggle.environment.items():
                environment.setenv(name, value)
            for name, value in {
                "BUCKET_NAME": self.bucket,
                "SOURCE_URI": "kaggle://someone/mhealth",
                "RAW_PREFIX": "raw",
                "MANIFESTS_PREFIX": "manifests",
                "PROCESSED_PREFIX": "processed",
                "DATABASE_NAME": self.database,
                "TABLE_NAME": TABLE,
                "VIEW_NAME": VIEW,
                "CODE_VERSION": self.code,
                "MAX_SOURCE_BYTES": "1000000",
                "KAGGLE_SECRET_ARN": "",
                "METRICS_NAMESPACE": "mhealth",
                "STACK_NAME": "drill",
            }.items():
                environment.setenv(name, value)
            return lambda_handler({"started_at": at.isoformat()}, None)

    def _register(self, snapshot: int) -> None:
        """What the crawler does: a partition for each folder of a subject."""
        prefix = f"processed/snapshot={snapshot}/"
        subjects = sorted({key.removeprefix(f"{prefix}subject=").partition("/")[0] for key in self.keys(prefix)})
        self._glue.batch_create_partition(
            DatabaseName=self.database,
            TableName=TABLE,
            PartitionInputList=[{"Values": [str(snapshot), subject]} for subject in subjects],
        )

    def publish(self, snapshot: int) -> None:
        """What PublishSnapshot does, and RollBack."""
        sql = json.dumps({"originalSql": f"SELECT * FROM {TABLE} WHERE snapshot = {snapshot}"})
        view = {"Name": VIEW, "ViewOriginalText": f"/* Presto View: {base64.b64encode(sql.encode()).decode()} */"}
        view["Description"] = str(snapshot)
        exists = self.published() is not None
        put = self._glue.update_table if exists else self._glue.create_table
        put(DatabaseName=self.database, TableInput=view)  # type: ignore[operator]

    def _record(self, download: Mapping[str, Any]) -> None:
        """What RecordSuccess puts, by its own definition."""
        states = json.loads((ROOT / "cloudformation" / "pipeline.asl.json").read_text())["States"]
        known = {f"$.download.{name}": value for name, value in download.items()}
        known |= {"$$.Execution.Id": "arn:run", "$$.State.EnteredTime": datetime.now(UTC).isoformat()}
        body = states["RecordSuccess"]["Parameters"]["Body"]
        record = {name.removesuffix(".$"): known[path] for name, path in body.items()}
        key = f"manifests/publications/{record['snapshot']}.json"
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=json.dumps(record).encode())

    def published(self) -> int | None:
        """The snapshot that the view names."""
        tables = self._glue.get_tables(DatabaseName=self.database)["TableList"]
        return next((int(table["Description"]) for table in tables if table["Name"] == VIEW), None)

    def registered(self) -> dict[int, set[int]]:
        """The subjects of each snapshot that has partitions."""
        found: dict[int, set[int]] = {}
        for page in self._glue.get_paginator("get_partitions").paginate(DatabaseName=self.database, TableName=TABLE):
            for partition in page["Partitions"]:
                snapshot, subject = map(int, partition["Values"])
                found.setdefault(snapshot, set()).add(subject)
        return found

    def table(self) -> list[sources.Row]:
        """What readers see: the files below the partitions of the published snapshot."""
        published = self.published()
        assert published is not None
        return sorted(
            row
            for subject in self.registered()[published]
            for key in self.keys(f"processed/snapshot={published}/subject={subject}/")
            for row in _rows(subject, self.content(key))
        )

    def keys(self, prefix: str) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [one["Key"] for page in pages for one in page.get("Contents", [])]

    def content(self, key: str) -> bytes:
        with self._s3.get_object(Bucket=self.bucket, Key=key)["Body"] as body:
            return body.read()

    def document(self, key: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.content(key))
        return content

    def _wait_for_tasks(self) -> None:
        """Wait for tasks that go on after their job has failed: what they write is this run's."""
        store = self.spark.sparkContext._jsc.sc().statusStore()
        while any(executor.activeTasks() for executor in _listed(store.executorList(True))):
            time.sleep(0.02)


def _listed(found: Any) -> list[Any]:
    return [found.apply(place) for place in range(found.size())]


def _number(at: datetime) -> int:
    return int(f"{at:%Y%m%d%H%M%S}")


def _wrote(call: Call, denied: set[int]) -> bool:
    return call.operation in WRITES and id(call) not in denied


def _told(call: Call) -> tuple[str, str]:
    return call.operation, call.key


def _rows(subject: int, content: bytes) -> list[sources.Row]:
    return [
        (
            row["id"],
            f"{row['timestamp']:%Y-%m-%d %H:%M:%S}.{row['timestamp'].microsecond // 1000:03d}",
            subject,
            tuple(row[name] for name in sources.NAMES),
            row["activity_id"],
            row["activity"],
        )
        for row in pq.ParquetFile(pa.BufferReader(content)).read().to_pylist()
    ]
