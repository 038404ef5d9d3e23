"""The bucket that tests of the report read and write, and charts that are drawn once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import vl_convert
from moto.server import ThreadedMotoServer

from snapshot_report.storage import Bucket

_drawn: dict[str, str] = {}


@pytest.fixture(scope="package", autouse=True)
def charts_are_drawn_once() -> Iterator[None]:
    """Draw a chart that was drawn before from memory: most pages here differ in a sentence or a table."""
    draw = vl_convert.vegalite_to_svg

    def drawn(chart: Any, **options: Any) -> str:
        asked = json.dumps([chart, options])
        if asked not in _drawn:
            _drawn[asked] = draw(chart, **options)
        return _drawn[asked]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vl_convert, "vegalite_to_svg", drawn)
        yield


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
