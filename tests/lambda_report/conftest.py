"""The bucket that tests of the report read and write."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from snapshot_report.storage import Bucket


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    """A bucket of moto, on a real socket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    s3 = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )
    s3.create_bucket(Bucket="data")
    yield Bucket(s3, "data")
    s3.close()
    server.stop()
