"""A local Athena for each engine, and on it a table as an analyst finds one: with units as comments, a view, a role."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import io
from collections.abc import Iterator

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local_aws.athena import provider
from local_aws.core.world import World
from local_aws.server import missing_operations
from local_aws_harness.athena_client import Athena
from local_aws_harness.athena_on_trino import needs_trino
from local_aws_harness.served import serve

SETTINGS = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
TABLE = """CREATE EXTERNAL TABLE samples (
  id string COMMENT 'subject and sample',
  `timestamp` timestamp,
  acceleration double COMMENT 'm/s^2',
  n int COMMENT 'the person\\'s count')
COMMENT 'one row a sample'
PARTITIONED BY (subject int COMMENT 'a person')
STORED AS PARQUET LOCATION 's3://{bucket}/samples/'"""
ROWS = {
    1: [("1-0", 0, 1.5, 1), ("1-1", 20, -2.25, 2), ("1-2", 40, None, 3)],
    3: [("3-0", 0, 0.5, 4), ("3-1", 20, 9.75, 5)],
}
"""Subject to id, milliseconds, acceleration and n."""
START = datetime.datetime(2014, 1, 1)


def file(subject: int) -> bytes:
    rows = ROWS[subject]
    columns = {
        "id": pa.array([row[0] for row in rows], pa.string()),
        "timestamp": pa.array([START + datetime.timedelta(milliseconds=row[1]) for row in rows], pa.timestamp("us")),
        "acceleration": pa.array([row[2] for row in rows], pa.float64()),
        "n": pa.array([row[3] for row in rows], pa.int32()),
    }
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module", params=["duckdb", pytest.param("trino", marks=needs_trino)])
def athena(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Athena]:
    """A local Athena with one of the engines, where clients find it by the usual environment variables."""

    def install(world: World) -> None:
        provider.install(dataclasses.replace(world, athena=request.param))

    with (
        pytest.MonkeyPatch.context() as patched,
        serve(tmp_path_factory.mktemp("clients"), missing_operations.install, install) as served,
        contextlib.closing(provider),  # type: ignore[type-var]
    ):
        for name, value in SETTINGS.items():
            patched.setenv(name, value)
        patched.setenv("AWS_ENDPOINT_URL", served.world.endpoint)
        patched.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the credentials that it was made with
        made = Athena(served.world.endpoint)
        made.execute(TABLE.format(bucket=made.bucket))
        for subject in ROWS:
            made.put(f"samples/subject={subject}/part-00000.parquet", file(subject))
            made.execute(f"ALTER TABLE samples ADD PARTITION (subject = {subject})")
        made.execute("CREATE VIEW persons AS SELECT subject, count(*) AS samples FROM samples GROUP BY subject")
        yield made
        patched.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture
def folder(athena: Athena, request: pytest.FixtureRequest) -> str:
    """A place in S3 of the test's own, `s3://BUCKET/NAME`."""
    return f"s3://{athena.bucket}/{request.node.name.replace('[', '-').replace(']', '')}"
