"""Rejected lines from real objects: bounded, whole, and the worst files first."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from mhealth.raw.grammar import BadLine, read_line
from mhealth.raw.reader import LINE_LIMIT
from mhealth.stage.quarantine import write_rejected
from snapshot_report.errors import ManifestUnreadable
from snapshot_report.manifests import Source
from snapshot_report.quarantine import read_quarantine
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


def source(name: str, quarantined: int, version: int = 7) -> Source:
    return Source(name, f"raw/version={version}/{name}.csv", "sha", 100, 100 - quarantined, quarantined)


def put(bucket: Bucket, name: str, *lines: object, version: int = 7) -> None:
    body = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
    bucket._s3.put_object(Bucket="data", Key=f"quarantine/version={version}/{name}.jsonl", Body=body.encode())


def entry(file: str, line: int, text: str = "x") -> dict[str, object]:
    return {"file": file, "line": line, "reason": "no number", "text": text}


def test_a_dataset_without_rejected_lines_has_no_object_to_read(bucket: Bucket) -> None:
    found = read_quarantine(bucket, "quarantine", [source("clean", 0)])
    assert (found.shown, found.total, found.files) == ((), 0, 0)


def test_the_files_with_most_rejected_lines_come_first_with_five_lines_each(bucket: Bucket) -> None:
    put(bucket, "few", entry("few.log", 3))
    put(bucket, "many", *[entry("many.log", line) for line in range(1, 10)], version=6)
    found = read_quarantine(bucket, "quarantine", [source("few", 1), source("many", 9, version=6)])
    assert [(line.file, line.line) for line in found.shown] == [
        *[("many.log", 1), ("many.log", 2), ("many.log", 3), ("many.log", 4), ("many.log", 5)],
        ("few.log", 3),
    ]
    assert (found.total, found.files) == (10, 2)


def test_twenty_files_are_shown_of_more(bucket: Bucket) -> None:
    for number in range(25):
        put(bucket, f"s{number:02}", entry(f"s{number:02}.log", 1))
    found = read_quarantine(bucket, "quarantine", [source(f"s{number:02}", 1) for number in range(25)])
    assert [line.file for line in found.shown] == [f"s{number:02}.log" for number in range(20)]
    assert (found.total, found.files) == (25, 25)


@pytest.mark.parametrize(
    "byte",
    [pytest.param(b"\x01", id="control"), pytest.param(b"\xff", id="no-utf-8"), pytest.param(b'"', id="quotes")],
)
def test_the_longest_entries_that_job_1_writes_are_shown(bucket: Bucket, byte: bytes) -> None:
    written = io.BytesIO()
    verdict = read_line(byte * LINE_LIMIT, ("ecg_1", "label"))
    assert isinstance(verdict, BadLine)
    for line in range(1, 8):
        write_rejected(written, "long.log", line, verdict)
    put(bucket, "long", written.getvalue().decode())
    found = read_quarantine(bucket, "quarantine", [source("long", 7)])
    assert [(line.line, line.text) for line in found.shown] == [(line, verdict.text) for line in range(1, 6)]


def test_an_object_of_one_endless_line_is_not_read_to_its_end(bucket: Bucket) -> None:
    put(bucket, "endless", "a" * 4_000_000)
    assert bucket.first_lines("quarantine/version=7/endless.jsonl", 5, 1000) == [b"a" * 1000]
    assert read_quarantine(bucket, "quarantine", [source("endless", 2)]).shown == ()


def test_what_is_no_entry_and_an_object_that_is_gone_are_left_out(bucket: Bucket) -> None:
    put(bucket, "odd", "not json\n", {"file": "odd.log"}, entry("odd.log", 4))
    found = read_quarantine(bucket, "quarantine", [source("odd", 3), source("gone", 1)])
    assert [(line.file, line.line) for line in found.shown] == [("odd.log", 4)]
    assert found.total == 4


@pytest.mark.parametrize(("body", "reported"), [(b"[1]", "it is a list"), (b"{", "is no JSON object")])
def test_a_manifest_that_somebody_changed_is_refused_by_its_address(bucket: Bucket, body: bytes, reported: str) -> None:
    bucket._s3.put_object(Bucket="data", Key="manifests/odd.json", Body=body)
    with pytest.raises(ManifestUnreadable, match=rf"s3://data/manifests/odd\.json .*{reported}|{reported}"):
        bucket.document("manifests/odd.json")


def test_a_manifest_that_is_gone_is_named_or_none(bucket: Bucket) -> None:
    assert bucket.document_or_none("manifests/none.json") is None
    with pytest.raises(ManifestUnreadable, match=r"there is no object s3://data/manifests/none\.json"):
        bucket.document("manifests/none.json")
