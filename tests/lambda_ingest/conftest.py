"""The handler's surroundings: a loopback Kaggle API over a folder, and S3 from moto, both on real sockets."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer

from mhealth_ops.kaggle.api import KaggleApi
from tests.glue.world import put_quickly

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

DATASET = "someone/mhealth"


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    """The endpoint of a moto server; port 0 lets the system choose a free one."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@dataclass
class Surroundings:
    folder: Path
    api: KaggleApi
    s3: S3Client
    bucket: str
    glue: GlueClient
    database: str

    def write(self, name: str, content: bytes | str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def run(self, **event: Any) -> dict[str, Any]:
        from download_and_upload import lambda_handler

        return lambda_handler(event, None)

    def read(self, key: str) -> bytes:
        with self.s3.get_object(Bucket=self.bucket, Key=key)["Body"] as body:
            return body.read()

    def read_json(self, key: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.read(key))
        return content

    def put_json(self, key: str, content: Mapping[str, object]) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=json.dumps(content).encode())

    def publish(self, result: Mapping[str, Any]) -> None:
        """Do what the jobs and the state machine do after a run that has something to publish."""
        snapshot = result["snapshot"]
        self.write_snapshot(snapshot, **{key: result[key] for key in ("dataset", "raw_version", "code_version")})
        self.show(f"SELECT id FROM mhealth_snapshots WHERE snapshot = {snapshot}")
        names = ("snapshot", "dataset", "dataset_handle", "raw_version", "newest_version", "code_version")
        now = datetime.now(UTC).isoformat()
        record = {key: result[key] for key in names} | {"execution": "arn:run", "published_at": now}
        self._store_json(f"manifests/publications/{snapshot}.json", record)

    def write_snapshot(self, snapshot: int, **facts: Any) -> None:
        """A snapshot of two subjects, five rows and seven, with its manifest."""
        keys = [f"processed/snapshot={snapshot}/subject={subject}/part-00000.parquet" for subject in (1, 2)]
        for key in keys:
            put_quickly(self.bucket, key, b"rows")
        files = [
            {"key": key, "subject": subject, "rows": rows, "bytes": 4}
            for subject, rows, key in zip((1, 2), (5, 7), keys, strict=True)
        ]
        self._store_json(f"manifests/snapshots/{snapshot}.json", {"snapshot": snapshot, **facts, "files": files})

    def _store_json(self, key: str, content: Mapping[str, object]) -> None:
        """Like `put_json`, but without a request: for what a test starts from."""
        put_quickly(self.bucket, key, json.dumps(content).encode())

    def show(self, sql: str) -> None:
        """Make the view, or move it."""
        text = base64.b64encode(json.dumps({"originalSql": sql}).encode()).decode()
        view: Any = {"Name": "mhealth", "ViewOriginalText": f"/* Presto View: {text} */"}
        try:
            self.glue.update_table(DatabaseName=self.database, TableInput=view)
        except self.glue.exceptions.EntityNotFoundException:
            self.glue.create_table(DatabaseName=self.database, TableInput=view)

    def drop(self, name: str) -> None:
        """Take the view or the table out of the catalog."""
        self.glue.delete_table(DatabaseName=self.database, Name=name)

    def keys(self) -> dict[str, str]:
        """Every key of the bucket with the time it was last written."""
        found = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {one["Key"]: one["LastModified"].isoformat() for one in found}

    def files(self, version: int) -> dict[str, dict[str, Any]]:
        return {file["name"]: file for file in self.read_json(f"manifests/raw/version={version}.json")["files"]}


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "KAGGLEHUB_CACHE", "KAGGLE_CONFIG_DIR"):
        monkeypatch.setenv(name, str(home))
    # For each client kagglehub looks six times through the sources of all that is on the stack, for who calls it. In a
    # test the stack is long: that would take a third of these tests' time.
    monkeypatch.setattr("kagglehub.clients.get_user_agent", lambda: "kagglehub")


@pytest.fixture
def kaggle(tmp_path: Path, environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[KaggleApi]:
    """A loopback Kaggle API over an empty folder, and the variables that lead there."""
    folder = tmp_path / "dataset"
    folder.mkdir()
    with KaggleApi(folder, tmp_path / "archives") as api:
        for name, value in api.environment.items():
            monkeypatch.setenv(name, value)
        yield api


@pytest.fixture
def surroundings(aws: str, kaggle: KaggleApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    bucket = f"data-{uuid4()}"
    variables = {
        "AWS_ENDPOINT_URL": aws,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "BUCKET_NAME": bucket,
        "SOURCE_URI": f"kaggle://{DATASET}",
        "RAW_PREFIX": "raw",
        "MANIFESTS_PREFIX": "manifests",
        "PROCESSED_PREFIX": "processed",
        "DATABASE_NAME": f"database-{bucket}",
        "TABLE_NAME": "mhealth_snapshots",
        "VIEW_NAME": "mhealth",
        "CODE_VERSION": "code-1",
        "MAX_SOURCE_BYTES": "1000000",
        "KAGGLE_SECRET_ARN": "",
        "METRICS_NAMESPACE": "mhealth",
        "STACK_NAME": "unit",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket)
    glue = boto3.client("glue")
    glue.create_database(DatabaseInput={"Name": variables["DATABASE_NAME"]})
    glue.create_table(DatabaseName=variables["DATABASE_NAME"], TableInput={"Name": variables["TABLE_NAME"]})
    yield Surroundings(kaggle.source, kaggle, s3, bucket, glue, variables["DATABASE_NAME"])
    s3.close()
    glue.close()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the function's logger writes: it took standard output when it was made, before a test could watch it."""
    from download_and_upload import logger

    written = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", written)
    return written
