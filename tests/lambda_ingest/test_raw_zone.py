"""A version's manifest is written once, also where S3 is asked by two at a time."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from ingest import raw_zone
from ingest.errors import StorageUnavailable
from ingest.raw_zone import RawManifest, RawZone, _Stream

OURS = RawManifest(dataset="a/b", raw_version=1, landed=2, files=[], skipped=[])
THEIRS = RawManifest(dataset="a/b", raw_version=1, landed=1, files=[], skipped=[])
_CONFLICT = b"<Error><Code>ConditionalRequestConflict</Code><Message>another write is on its way</Message></Error>"


class _Raw:
    def stream(self, *_: Any, **__: Any) -> list[bytes]:
        return [_CONFLICT]


@pytest.fixture
def s3(aws: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(raw_zone, "_CONFLICT_SECONDS", 0)
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=aws, **keys)
    yield client
    client.close()


@pytest.fixture
def zone(s3: Any) -> RawZone:
    bucket = f"data-{uuid4()}"
    s3.create_bucket(Bucket=bucket)
    return RawZone(s3, bucket, "raw", "manifests")


def conflicts(s3: Any, times: int) -> list[str]:
    """Let S3 answer so many writes with 409; the list grows with each."""
    answered: list[str] = []

    def answer(request: Any, **_: Any) -> AWSResponse | None:
        if len(answered) == times:
            return None
        answered.append(request.url)
        return AWSResponse(request.url, 409, {"Content-Type": "application/xml"}, _Raw())

    s3.meta.events.register("before-send.s3.PutObject", answer)
    return answered


def test_a_write_that_conflicts_with_another_is_tried_again(s3: Any, zone: RawZone) -> None:
    answered = conflicts(s3, 2)
    assert zone.put_manifest(OURS) == OURS
    assert len(answered) == 2
    assert zone.manifest(1) == OURS


def test_objects_that_are_not_deleted_are_an_error(s3: Any, zone: RawZone, monkeypatch: pytest.MonkeyPatch) -> None:
    zone.put(1, "left", iter([b"a"]))
    refused = {"Errors": [{"Key": "raw/version=1/left.csv", "Code": "AccessDenied"}]}
    monkeypatch.setattr(s3, "delete_objects", lambda **_: refused)
    with pytest.raises(StorageUnavailable, match=r"1 of 1 objects below raw/version=1/ .*/left\.csv: AccessDenied"):
        zone.remove_others(OURS)


def test_after_a_conflict_the_quicker_writers_manifest_stands(s3: Any, zone: RawZone) -> None:
    assert zone.put_manifest(THEIRS) == THEIRS
    conflicts(s3, 1)
    assert zone.put_manifest(OURS) == THEIRS


def test_conflicts_that_do_not_end_are_an_error(s3: Any, zone: RawZone) -> None:
    conflicts(s3, 99)
    with pytest.raises(ClientError, match="ConditionalRequestConflict"):
        zone.put_manifest(OURS)
    assert zone.manifest(1) is None


def test_every_object_that_no_file_names_is_deleted_batch_by_batch(
    s3: Any, zone: RawZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_zone, "_DELETE_BATCH", 2)
    keys = [f"raw/version=1/{name}" for name in "abcdef"]
    for key in [*keys, "raw/version=10/a"]:
        s3.put_object(Bucket=zone._bucket, Key=key, Body=b"")
    named: Any = {"raw_key": keys[2]}
    assert zone.remove_others({**OURS, "files": [named]}) == 5
    left = s3.list_objects_v2(Bucket=zone._bucket)["Contents"]
    assert [one["Key"] for one in left] == [keys[2], "raw/version=10/a"]


def test_blocks_are_read_as_a_file_in_pieces_of_any_size() -> None:
    stream = _Stream(iter([b"abc", b"", b"defg", b"h"]))
    assert [stream.read(2), stream.read(2), stream.read(0), stream.read(), stream.read(1)] == [
        *(b"ab", b"cd", b"", b"efgh", b"")
    ]
