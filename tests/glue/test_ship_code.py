"""The way of the Glue code to the data bucket, against a real S3 API and a real address that waits for the answer."""

from __future__ import annotations

import io
import json
import threading
import traceback
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.moto_api._internal.models import moto_api_backend

import ship_code


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, aws_endpoint: str) -> Iterator[Any]:
    moto_api_backend.reset()  # moto is this process's, with what tests before left in it
    for name, value in {
        "AWS_ENDPOINT_URL": aws_endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="data")
    yield client
    client.close()


@pytest.fixture
def answers() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address that CloudFormation waits at, and what arrived there."""
    arrived: list[dict[str, Any]] = []

    class Waiting(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            arrived.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Waiting) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/answer", arrived
        server.shutdown()
        thread.join()


class Context:
    log_stream_name = "2026/11/24/stream"


def event(kind: str, address: str, **properties: Any) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": address,
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "ShippedGlueCode",
        "ResourceProperties": {"Bucket": "data", "Prefix": "code", "Settings": {"RecordingStart": "2014"}} | properties,
    }


def test_create_ships_scripts_and_package(s3: Any, answers: tuple[str, list[dict[str, Any]]]) -> None:
    address, arrived = answers
    ship_code.lambda_handler(event("Create", address), Context())
    (answer,) = arrived
    assert answer["Status"] == "SUCCESS"
    prefix = answer["Data"]["ScriptPrefix"]
    assert prefix == f"code/{answer['Data']['Hash']}"
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="data")["Contents"]]
    assert keys == [f"{prefix}/convert_parquet.py", f"{prefix}/glue_transform.py", f"{prefix}/mhealth.zip"]
    zipped = s3.get_object(Bucket="data", Key=f"{prefix}/mhealth.zip")["Body"].read()
    names = zipfile.ZipFile(io.BytesIO(zipped)).namelist()
    folder = Path(ship_code.__file__).parent
    modules = {path.relative_to(folder).as_posix() for path in folder.glob("mhealth/**/*.py")}
    assert set(names) == modules
    assert modules >= {"mhealth/__init__.py", "mhealth/io/__init__.py", "mhealth/raw/parser.py"}


def test_failure_is_told_with_its_reason(s3: Any, answers: tuple[str, list[dict[str, Any]]]) -> None:
    address, arrived = answers
    ship_code.lambda_handler(event("Update", address, Bucket="no-such-bucket"), Context())
    (answer,) = arrived
    assert answer["Status"] == "FAILED"
    assert "NoSuchBucket" in answer["Reason"]
    assert "2026/11/24/stream" in answer["Reason"]


@pytest.mark.notices(
    "glue/ship_code.py", 'logging.getLogger("urllib3").setLevel(logging.ERROR)', 'logging.getLogger("urllib3")'
)
def test_an_answer_that_cannot_be_put_shows_no_signature(s3: Any, caplog: pytest.LogCaptureFixture) -> None:
    asked = event("Create", "http://127.0.0.1:9/answer?X-Amz-Signature=5ca1ab1e")
    with caplog.at_level("INFO"), pytest.raises(ConnectionError, match=r"127\.0\.0\.1 took no answer") as failed:
        ship_code.lambda_handler(asked, Context())
    # Lambda logs the whole traceback, causes included.
    assert "5ca1ab1e" not in "".join(traceback.format_exception(failed.value)) + caplog.text


def test_delete_takes_the_code_back_with_all_versions_and_nothing_else(
    s3: Any, answers: tuple[str, list[dict[str, Any]]]
) -> None:
    address, arrived = answers
    s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
    for neighbour in ("code.txt", "codebook/a", "processed/snapshot=1/a"):
        s3.put_object(Bucket="data", Key=neighbour, Body=b"")
    for _ in range(2):
        ship_code.lambda_handler(event("Create", address), Context())
    ship_code.lambda_handler(event("Delete", address) | {"PhysicalResourceId": "ShippedGlueCode"}, Context())
    assert arrived[-1]["Status"] == "SUCCESS"
    left = s3.list_object_versions(Bucket="data")
    assert [version["Key"] for version in left["Versions"]] == ["code.txt", "codebook/a", "processed/snapshot=1/a"]
    assert "DeleteMarkers" not in left


def test_delete_of_what_was_never_shipped_succeeds(s3: Any, answers: tuple[str, list[dict[str, Any]]]) -> None:
    address, arrived = answers
    ship_code.lambda_handler(event("Delete", address) | {"PhysicalResourceId": "ShippedGlueCode"}, Context())
    assert arrived[-1]["Status"] == "SUCCESS"


def test_version_changes_with_code_path_and_setting_only() -> None:
    code = {"convert_parquet.py": b"a", "mhealth/x.py": b"b"}
    version = ship_code.code_version(code, {"RecordingStart": "2014"})
    assert ship_code.code_version(dict(code), {"RecordingStart": "2014"}) == version
    others = {
        ship_code.code_version({"convert_parquet.py": b"a!", "mhealth/x.py": b"b"}, {"RecordingStart": "2014"}),
        ship_code.code_version({"convert_parquet.py": b"a", "mhealth/y.py": b"b"}, {"RecordingStart": "2014"}),
        ship_code.code_version({"convert_parquet.py": b"", "mhealth/x.py": b"ab"}, {"RecordingStart": "2014"}),
        ship_code.code_version(code, {"RecordingStart": "2015"}),
    }
    assert len(others | {version}) == 5


def test_package_is_the_same_bytes_for_the_same_code() -> None:
    code = {"convert_parquet.py": b"a", "mhealth/x.py": b"b"}
    assert ship_code.package(code) == ship_code.package(dict(code))
