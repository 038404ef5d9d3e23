"""State of our own that cannot be read is told by name and key, and never taken for a first run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ingest.errors import StateUnreadable, StorageUnavailable
from ingest.raw_zone import RawManifest, RawZone
from local_aws.testing import faults
from local_aws.testing.faults import Fault
from tests.interrupted import faulty
from tests.lambda_ingest.conftest import DATASET, Surroundings
from tests.lambda_ingest.test_download_and_upload import ROW, publish

__all__ = ["faulty"]

KEYS = ["manifests/claim.json", "manifests/raw/version=1.json"]


@pytest.fixture
def place(surroundings: Surroundings) -> Surroundings:
    """A version that landed and is published."""
    surroundings.write("mHealth_subject1.log", ROW)
    publish(surroundings, surroundings.run(started_at="2026-11-24T00:00:00Z"))
    return surroundings


@pytest.mark.sample(4)
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("content", "reported"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"\xff", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"null", "has no object but None"),
        (b"[1]", r"has no object but \[1\]"),
        (b"{}", "has no "),
    ],
    ids=["empty", "cut", "no text", "deep", "null", "list", "nothing in it"],
)
def test_an_object_that_is_none_of_ours_is_told_by_its_key(
    place: Surroundings, key: str, content: bytes, reported: str
) -> None:
    place.s3.put_object(Bucket=place.bucket, Key=key, Body=content)
    with pytest.raises(StateUnreadable, match=rf"^s3://{place.bucket}/{key} {reported}.*[Dd]elete.*Not retryable"):
        place.run(execution="arn:run", started_at="2026-11-25T00:00:00Z")


@pytest.mark.parametrize(
    ("key", "change", "reported"),
    [
        (KEYS[0], {"execution": None}, " None as execution"),
        (KEYS[1], {"files": {}}, " {} as files"),
        (KEYS[1], {"files": [{"name": "a"}]}, ", in file 0 of its list, no source"),
        (KEYS[1], {"files": ["a"]}, ", in file 0 of its list, no object but 'a'"),
    ],
)
def test_a_value_of_another_kind_is_told_by_its_name(
    place: Surroundings, key: str, change: dict[str, Any], reported: str
) -> None:
    content = place.read_json(key) if key != KEYS[0] else {}
    place.put_json(key, content | change)
    with pytest.raises(StateUnreadable) as refused:
        place.run(execution="arn:run", started_at="2026-11-25T00:00:00Z")
    assert f"{key} has{reported}" in str(refused.value)


@pytest.mark.sample(3)
@pytest.mark.notices("lambda_ingest/ingest/raw_zone.py", "except self._s3.exceptions.NoSuchKey:", "except ClientError:")
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "AccessDenied", ClientError),
        (503, "SlowDown", StorageUnavailable),
        (500, "InternalError", StorageUnavailable),
    ],
)
def test_what_cannot_be_read_is_not_taken_for_missing(
    faulty: None, place: Surroundings, key: str, status: int, code: str, error: type[Exception]
) -> None:
    before = place.keys()
    faults.inject(Fault("s3", "GetObject", key, times=float("inf"), status=status, code=code))
    with pytest.raises(error):
        place.run(execution="arn:run", started_at="2026-11-25T00:00:00Z")
    assert {name: when for name, when in place.keys().items() if name != KEYS[0]} == before


MANIFEST: RawManifest = {
    "dataset": DATASET,
    "raw_version": 7,
    "landed": 1,
    "files": [],
    "skipped": [],
    "skipped_files": 0,
}


@pytest.mark.parametrize(("status", "code"), [(409, "ConditionalRequestConflict"), (412, "PreconditionFailed")])
def test_a_manifest_that_came_beside_another_write_is_written_again(
    faulty: None, surroundings: Surroundings, status: int, code: str
) -> None:
    zone = RawZone(surroundings.s3, surroundings.bucket, "raw", "manifests")
    fault = faults.inject(Fault("s3", "PutObject", times=2, status=status, code=code))
    assert zone.put_manifest(MANIFEST) == MANIFEST
    assert len(fault.hits) == 3
    assert surroundings.read_json("manifests/raw/version=7.json") == MANIFEST


@pytest.mark.parametrize(("status", "code"), [(409, "ConditionalRequestConflict"), (412, "PreconditionFailed")])
def test_the_manifest_of_the_quicker_writer_stands(
    faulty: None, surroundings: Surroundings, status: int, code: str
) -> None:
    zone = RawZone(surroundings.s3, surroundings.bucket, "raw", "manifests")
    quicker = json.dumps({**MANIFEST, "landed": 2}).encode()
    key = "manifests/raw/version=7.json"

    def come_between(**_: object) -> None:
        surroundings.s3.meta.events.unregister("before-send.s3.PutObject", come_between)
        surroundings.s3.put_object(Bucket=surroundings.bucket, Key=key, Body=quicker)

    faults.inject(Fault("s3", "PutObject", skip=1, status=status, code=code))
    surroundings.s3.meta.events.register("before-send.s3.PutObject", come_between)
    assert zone.put_manifest(MANIFEST)["landed"] == 2
    assert surroundings.read_json(key)["landed"] == 2


def test_a_manifest_that_is_never_written_fails_by_name(faulty: None, surroundings: Surroundings) -> None:
    zone = RawZone(surroundings.s3, surroundings.bucket, "raw", "manifests")
    faults.inject(Fault("s3", "PutObject", times=float("inf"), status=412, code="PreconditionFailed"))
    with pytest.raises(StorageUnavailable, match=r"took no write of manifests/raw/version=7\.json.*Retryable"):
        zone.put_manifest(MANIFEST)
