"""What the tests of the local Athena share: a server of their own, and one small table made by hand."""

from __future__ import annotations

import dataclasses
import datetime
import io
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

from local_aws.athena import provider as athena
from local_aws_harness.served import serve
from local_aws_harness.waiting import HANG

START = datetime.datetime(2014, 1, 1)
SCHEMA = pa.schema(
    {
        "id": pa.string(),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "x": pa.float64(),
        "n": pa.int32(),
        "activity": pa.string(),
    }
)


def at(seconds: float) -> datetime.datetime:
    return START + datetime.timedelta(seconds=seconds)


# snapshot, subject -> rows
ROWS: dict[tuple[int, int], list[tuple[Any, ...]]] = {
    (1, 1): [("1-0", at(0), 99.0, 9, "old")],
    (2, 1): [
        ("1-0", at(0), 1.5, 1, "walking"),
        ("1-1", at(0.02), -2.0, 2, "walking"),
        ("1-2", at(0.04), None, 3, "null class"),
    ],
    (2, 3): [
        ("3-0", at(0), 0.0001, 4, "running"),
        ("3-1", at(60), 12345678.5, 5, 'jump "front", back'),
    ],
}
TABLE = """CREATE EXTERNAL TABLE readings (id string, `timestamp` timestamp, x double, n int, activity string)
PARTITIONED BY (snapshot bigint, subject int) STORED AS PARQUET LOCATION 's3://{bucket}/readings/'"""
VIEW = """CREATE OR REPLACE VIEW current AS
SELECT id, "timestamp", x, n, activity, snapshot, subject FROM readings WHERE snapshot = 2"""


def parquet(rows: list[tuple[Any, ...]], schema: pa.Schema = SCHEMA) -> bytes:
    columns = [pa.array([row[place] for row in rows], one.type) for place, one in enumerate(schema)]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), buffer, compression="zstd")
    return buffer.getvalue()


class QueryFailed(Exception):
    def __init__(self, execution: dict[str, Any]) -> None:
        self.execution = execution
        super().__init__(execution["Status"].get("StateChangeReason"))


@dataclass
class Athena:
    """Plain boto3 clients of a local Athena, a database and a bucket of one's own."""

    endpoint: str
    database: str = field(default_factory=lambda: f"db_{uuid.uuid4().hex[:8]}")
    bucket: str = field(default_factory=lambda: f"bucket-{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        self.client = self._client("athena")
        self.glue = self._client("glue")
        self.s3 = self._client("s3")
        self.s3.create_bucket(Bucket=self.bucket)
        self.glue.create_database(DatabaseInput={"Name": self.database})

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def start(self, sql: str, **more: Any) -> str:
        request = {
            "QueryExecutionContext": {"Database": self.database},
            "ResultConfiguration": {"OutputLocation": f"s3://{self.bucket}/results/"},
        }
        return str(self.client.start_query_execution(QueryString=sql, **{**request, **more})["QueryExecutionId"])

    def wait(self, execution_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + HANG
        while time.monotonic() < deadline:
            execution: dict[str, Any] = self.client.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return execution
            time.sleep(0.01)
        raise AssertionError("the query does not end")

    def execute(self, sql: str, **more: Any) -> dict[str, Any]:
        """Run a statement to its end; raises QueryFailed unless it succeeded."""
        execution = self.wait(self.start(sql, **more))
        if execution["Status"]["State"] != "SUCCEEDED":
            raise QueryFailed(execution)
        return execution

    def rows(self, execution_id: str) -> list[list[str | None]]:
        pages = self.client.get_paginator("get_query_results").paginate(QueryExecutionId=execution_id)
        return [
            [value.get("VarCharValue") for value in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]
        ]

    def query(self, sql: str, **more: Any) -> list[list[str | None]]:
        """The rows of a SELECT without its header."""
        return self.rows(self.execute(sql, **more)["QueryExecutionId"])[1:]

    def statement(self, sql: str) -> list[str]:
        """The lines that a statement answers; there is no header."""
        return ["\t".join(value or "" for value in row) for row in self.rows(self.execute(sql)["QueryExecutionId"])]

    def scanned(self, sql: str) -> int:
        return int(self.execute(sql)["Statistics"]["DataScannedInBytes"])

    def put(self, key: str, content: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)

    def key(self, snapshot: int, subject: int) -> str:
        return f"readings/snapshot={snapshot}/subject={subject}/part-00000.parquet"

    def make_readings(self) -> None:
        """The table `readings` with its partitions and the view `current` of its second snapshot."""
        self.execute(TABLE.format(bucket=self.bucket))
        for (snapshot, subject), rows in ROWS.items():
            self.put(self.key(snapshot, subject), parquet(rows))
            self.execute(f"ALTER TABLE readings ADD PARTITION (snapshot = {snapshot}, subject = {subject})")
        self.execute(VIEW)


def as_role(athena: Athena, *denied: str, on: str = "*") -> Athena:
    """The same Athena for a role that may do everything but what is named, on all resources or those named."""
    iam, sts = athena._client("iam"), athena._client("sts")
    name = f"role-{len(iam.list_roles()['Roles'])}"
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    statements: list[dict[str, Any]] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    statements += [{"Effect": "Deny", "Action": action, "Resource": on} for action in denied]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=document)
    granted = sts.assume_role(RoleArn=arn, RoleSessionName="asking")["Credentials"]
    other: Athena = object.__new__(Athena)
    for one in dataclasses.fields(Athena):
        setattr(other, one.name, getattr(athena, one.name))
    other.client = boto3.client(
        "athena",
        endpoint_url=athena.endpoint,
        region_name="us-east-1",
        aws_access_key_id=granted["AccessKeyId"],
        aws_secret_access_key=granted["SecretAccessKey"],
        aws_session_token=granted["SessionToken"],
    )
    return other


@contextmanager
def running(folder: Path) -> Iterator[Athena]:
    """A local Athena on a free port, in an empty AWS."""
    with serve(folder, athena.install) as served:
        yield Athena(served.world.endpoint)
