"""A prefix of S3 as the source: moto's S3 on a real socket, and its faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from ingest.entries import Entry
from ingest.errors import (
    InvalidInput,
    NoUsableFiles,
    SourceChanged,
    SourceDenied,
    SourceNotFound,
    SourceTooLarge,
    SourceUnavailable,
    StorageUnavailable,
)
from ingest.sources.base import DatasetSource
from ingest.sources.registry import SOURCES, source_of
from local_aws.testing import faults
from local_aws.testing.faults import Fault
from tests.interrupted import faulty
from tests.lambda_ingest.conftest import Surroundings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["faulty"]

ROW = b"\t".join([b"1.5"] * 23) + b"\t0\n"
OTHER = b"\t".join([b"2.5"] * 23) + b"\t1\n"


class Bucket:
    """A bucket with a dataset below study/mhealth/, and what is none of it beside."""

    def __init__(self, s3: S3Client) -> None:
        self.s3 = s3
        self.name = f"source-{uuid4()}"
        s3.create_bucket(Bucket=self.name)
        self.put("study/mhealth-old/mHealth_subject9.log", ROW)
        self.put("study/mHealth_subject8.log", ROW)

    @property
    def uri(self) -> str:
        return f"s3://{self.name}/study/mhealth"

    def put(self, key: str, content: bytes) -> None:
        self.s3.put_object(Bucket=self.name, Key=key, Body=content)

    def write(self, name: str, content: bytes) -> None:
        self.put(f"study/mhealth/{name}", content)

    def delete(self, name: str) -> None:
        self.s3.delete_object(Bucket=self.name, Key=f"study/mhealth/{name}")

    def source(self) -> DatasetSource:
        return source_of(self.uri, {})


@pytest.fixture
def bucket(surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    bucket = Bucket(surroundings.s3)
    monkeypatch.setenv("SOURCE_URI", bucket.uri)
    return bucket


def version(bucket: Bucket) -> int:
    return bucket.source().latest_version()


def entries(source: DatasetSource, max_bytes: int = 10**6) -> list[Entry]:
    with source.download(source.latest_version(), max_bytes=max_bytes) as found:
        return list(found)


@pytest.mark.notices("lambda_ingest/ingest/sources/s3.py", 'self._folder = f"{prefix}/"', "self._folder = prefix")
def test_the_objects_below_the_prefix_are_the_files_and_are_read_any_number_of_times(bucket: Bucket) -> None:
    bucket.write("b/mHealth_subject2.log", OTHER)
    bucket.write("mHealth_subject1.log", ROW)
    bucket.write("b/", b"")  # what a console makes for a folder
    found = entries(bucket.source())
    assert [(one.path, one.size) for one in found] == [
        ("b/mHealth_subject2.log", len(OTHER)),
        ("mHealth_subject1.log", len(ROW)),
    ]
    for one, right in zip((*found, *found), (OTHER, ROW, OTHER, ROW), strict=True):
        with one.open() as content:
            assert (content.read(3), content.read()) == (right[:3], right[3:])


@pytest.mark.notices(
    "lambda_ingest/ingest/sources/s3.py", "(one.key[below:], one.size, one.etag)", "(one.key[below:], one.size)"
)
def test_the_same_content_is_the_same_version_and_other_content_another_one(bucket: Bucket) -> None:
    bucket.write("mHealth_subject1.log", ROW)
    first = version(bucket)
    assert 10**9 <= first < 2**31
    bucket.write("mHealth_subject1.log", ROW)
    bucket.put("study/mhealth-old/mHealth_subject7.log", ROW)
    assert version(bucket) == first
    seen = {first}
    bucket.write("mHealth_subject1.log", OTHER)  # as long as before
    seen.add(version(bucket))
    bucket.write("mHealth_subject2.log", ROW)
    seen.add(version(bucket))
    bucket.delete("mHealth_subject2.log")
    bucket.write("mHealth_subject3.log", ROW)
    seen.add(version(bucket))
    bucket.write("readme.txt", b"")
    seen.add(version(bucket))
    assert len(seen) == 5
    for name in ("mHealth_subject3.log", "readme.txt"):
        bucket.delete(name)
    bucket.write("mHealth_subject1.log", ROW)
    assert version(bucket) == first


def test_more_objects_than_a_page_are_listed(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    for number in range(5):
        bucket.write(f"{number}.txt", b"")
    assert len(bucket.s3.list_objects_v2(Bucket=bucket.name)["Contents"]) == 2, "a page"
    assert len(entries(bucket.source())) == 5


def test_what_changed_is_landed_and_the_rest_is_referenced(bucket: Bucket, surroundings: Surroundings) -> None:
    bucket.write("mHealth_subject1.log", ROW)
    bucket.write("mHealth_subject2.log", ROW)
    bucket.write("readme.txt", b"about")
    first = surroundings.run(started_at="2026-11-21T00:00:00Z")
    assert (first["changed"], first["files"], first["lines"]) == (True, 2, 2)
    assert (first["dataset"], first["dataset_handle"]) == (bucket.uri, bucket.uri)
    assert first["raw_version"] == first["newest_version"] == version(bucket)
    manifest = surroundings.read_json(first["raw_manifest"])
    assert (manifest["dataset"], manifest["skipped"]) == (
        bucket.uri,
        [{"name": "readme.txt", "reason": "neither .csv nor .log"}],
    )
    surroundings.publish(first)

    again = surroundings.run(started_at="2026-11-22T00:00:00Z")
    assert (again["changed"], again["raw_version"]) == (False, first["raw_version"])

    bucket.write("mHealth_subject2.log", OTHER)
    second = surroundings.run(started_at="2026-11-23T00:00:00Z")
    assert second["changed"] is True
    assert second["raw_version"] != first["raw_version"]
    keys = {name: file["raw_key"] for name, file in surroundings.files(second["raw_version"]).items()}
    assert keys == {
        "mHealth_subject1": f"raw/version={first['raw_version']}/mHealth_subject1.csv",
        "mHealth_subject2": f"raw/version={second['raw_version']}/mHealth_subject2.csv",
    }
    assert surroundings.read(keys["mHealth_subject2"]).splitlines()[-1] == OTHER.strip().replace(b"\t", b",")


def test_the_same_bytes_under_another_etag_are_another_version_and_nothing_is_landed_for_them(
    bucket: Bucket, surroundings: Surroundings
) -> None:
    bucket.write("mHealth_subject1.log", ROW)
    first = surroundings.run(started_at="2026-11-21T00:00:00Z")
    surroundings.publish(first)
    key = {"Bucket": bucket.name, "Key": "study/mhealth/mHealth_subject1.log"}
    upload = bucket.s3.create_multipart_upload(**key)["UploadId"]
    part = bucket.s3.upload_part(**key, UploadId=upload, PartNumber=1, Body=ROW)["ETag"]
    bucket.s3.complete_multipart_upload(
        **key, UploadId=upload, MultipartUpload={"Parts": [{"ETag": part, "PartNumber": 1}]}
    )
    second = surroundings.run(started_at="2026-11-22T00:00:00Z")
    assert (second["changed"], second["raw_version"]) == (True, version(bucket))
    assert second["raw_version"] != first["raw_version"]
    raw = f"raw/version={first['raw_version']}/mHealth_subject1.csv"
    assert surroundings.files(second["raw_version"])["mHealth_subject1"]["raw_key"] == raw
    assert [each for each in surroundings.keys() if each.startswith("raw/")] == [raw]  # noqa: SIM118 - no mapping


def test_content_that_comes_back_is_published_again_and_not_landed_again(
    bucket: Bucket, surroundings: Surroundings
) -> None:
    bucket.write("mHealth_subject1.log", ROW)
    first = surroundings.run(started_at="2026-11-21T00:00:00Z")
    surroundings.publish(first)
    bucket.write("mHealth_subject1.log", OTHER)
    surroundings.publish(surroundings.run(started_at="2026-11-22T00:00:00Z"))
    landed = surroundings.read(first["raw_manifest"])
    bucket.write("mHealth_subject1.log", ROW)
    back = surroundings.run(started_at="2026-11-23T00:00:00Z")
    assert (back["changed"], back["raw_version"]) == (True, first["raw_version"])
    assert surroundings.read(first["raw_manifest"]) == landed


@pytest.fixture
def two_versions(bucket: Bucket, surroundings: Surroundings) -> tuple[int, int]:
    """Two versions that were published; the bucket has the second."""
    bucket.write("mHealth_subject1.log", ROW)
    first = surroundings.run(started_at="2026-11-21T00:00:00Z")
    surroundings.publish(first)
    bucket.write("mHealth_subject1.log", OTHER)
    second = surroundings.run(started_at="2026-11-22T00:00:00Z")
    surroundings.publish(second)
    return first["raw_version"], second["raw_version"]


@pytest.mark.notices(
    "lambda_ingest/ingest/versions.py", "if versions.counts else then == versions.newest", "if True else None"
)
@pytest.mark.parametrize("goes_up", [True, False], ids=["to a higher number", "to a lower number"])
def test_a_backfill_stays_until_the_content_is_another_one(
    two_versions: tuple[int, int], goes_up: bool, bucket: Bucket, surroundings: Surroundings
) -> None:
    first, second = two_versions
    backfill = surroundings.run(started_at="2026-11-23T00:00:00Z", input={"dataset_version": first})
    assert (backfill["changed"], backfill["raw_version"], backfill["newest_version"]) == (True, first, second)
    surroundings.publish(backfill)
    daily = surroundings.run(started_at="2026-11-24T00:00:00Z", input={})
    assert (daily["changed"], daily["raw_version"]) == (False, first)
    assert "was backfilled and stays" in daily["message"]
    while True:  # other content, until its number is on the wanted side of the second's
        bucket.write("mHealth_subject1.log", OTHER * len(str(uuid4())) + ROW * (1 + uuid4().int % 50))
        if (version(bucket) > second) == goes_up:
            break
    changed = surroundings.run(started_at="2026-11-25T00:00:00Z", input={})
    assert (changed["changed"], changed["raw_version"]) == (True, version(bucket))


@pytest.mark.parametrize("asked", [1, 1234567890, 10**40])
def test_a_version_that_neither_landed_nor_is_there_is_refused(
    two_versions: tuple[int, int], asked: int, surroundings: Surroundings
) -> None:
    before = surroundings.keys()
    with pytest.raises(
        InvalidInput, match=rf"version {asked} of s3://.*only what is there now: version {two_versions[1]}"
    ):
        surroundings.run(started_at="2026-11-24T00:00:00Z", input={"dataset_version": asked})
    assert surroundings.keys() == before


Change = Callable[[Bucket], None]


@pytest.mark.parametrize(
    "change",
    [lambda bucket: bucket.write("mHealth_subject2.log", OTHER), lambda bucket: bucket.delete("mHealth_subject2.log")],
    ids=["replaced", "deleted"],
)
def test_an_object_that_changes_while_it_is_read_is_noticed_and_the_next_try_lands_what_is_there(
    change: Change, bucket: Bucket, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.write("mHealth_subject1.log", ROW)
    bucket.write("mHealth_subject2.log", ROW)
    real = SOURCES["s3"].latest_version

    def then_changed(source: DatasetSource) -> int:
        listed = real(source)
        change(bucket)
        return listed

    with monkeypatch.context() as patch:
        patch.setattr(SOURCES["s3"], "latest_version", then_changed)
        with pytest.raises(SourceChanged, match=r"mHealth_subject2\.log as it was listed.*Retryable"):
            surroundings.run(started_at="2026-11-21T00:00:00Z")
    assert not [key for key in list(surroundings.keys()) if key.startswith("manifests/raw/")]
    assert surroundings.run(started_at="2026-11-21T00:00:00Z")["raw_version"] == version(bucket)


@pytest.mark.notices("lambda_ingest/ingest/sources/s3.py", "Key=one.key, IfMatch=one.etag)", "Key=one.key)")
def test_an_object_that_changes_between_two_reads_is_noticed(bucket: Bucket) -> None:
    bucket.write("mHealth_subject1.log", ROW)
    (one,) = entries(bucket.source())
    with one.open() as content:
        assert content.read() == ROW
    bucket.write("mHealth_subject1.log", OTHER)
    with pytest.raises(SourceChanged, match=r"read s3://.*mHealth_subject1\.log as it was listed"), one.open():
        pass


def test_a_bucket_that_is_not_there_is_named(surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_URI", f"s3://nobody-{uuid4()}/study")
    with pytest.raises(SourceNotFound, match=r"list s3://nobody-.*no such bucket.*SourceUri.*Not retryable"):
        surroundings.run()


def test_an_empty_prefix_is_named(bucket: Bucket, surroundings: Surroundings) -> None:
    bucket.write("", b"")  # the folder itself
    with pytest.raises(SourceNotFound, match=r"s3://.*/study/mhealth/ holds no object.*Put them there, or correct"):
        surroundings.run()


def test_a_prefix_without_a_file_that_is_read_is_named(bucket: Bucket, surroundings: Surroundings) -> None:
    bucket.write("readme.txt", b"about")
    with pytest.raises(NoUsableFiles, match=r"no \.csv or \.log file, but readme\.txt.*Compare SOURCE_URI"):
        surroundings.run()


def test_more_bytes_than_are_accepted_are_refused_before_anything_is_read(bucket: Bucket) -> None:
    bucket.write("mHealth_subject1.log", ROW)
    bucket.write("mHealth_subject2.log", ROW)
    assert len(entries(bucket.source(), max_bytes=2 * len(ROW))) == 2
    with pytest.raises(SourceTooLarge, match=r"have 188 bytes unpacked, or more; at most 187.*MaxSourceBytes"):
        entries(bucket.source(), max_bytes=2 * len(ROW) - 1)


def test_more_objects_than_are_accepted_are_refused(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.archive_files.MOST_ENTRIES", 1)
    bucket.write("a.log", ROW)
    assert version(bucket)
    bucket.write("b.log", ROW)
    with pytest.raises(SourceTooLarge, match="2 entries or more; at most 1 are read"):
        version(bucket)


@pytest.mark.parametrize("operation", ["ListObjectsV2", "GetObject"])
@pytest.mark.parametrize(
    ("fault", "error", "reported"),
    [
        (
            {"status": 403, "code": "AccessDenied"},
            SourceDenied,
            "S3 refused to .*role may list .*docs/data.md.*Not retr",
        ),
        ({"status": 400, "code": "KMS.DisabledException"}, SourceDenied, "S3 refused to .*decrypt.*Not retryable"),
        ({"status": 503, "code": "SlowDown"}, SourceUnavailable, r"S3 did not .*SlowDown.*\. Retryable"),
        ({"cut": "before"}, SourceUnavailable, r"S3 did not .*\. Retryable"),
    ],
    ids=["forbidden", "key", "busy", "cut"],
)
def test_what_s3_refuses_is_named(
    faulty: None,
    operation: str,
    fault: dict[str, Any],
    error: type[Exception],
    reported: str,
    bucket: Bucket,
    surroundings: Surroundings,
) -> None:
    bucket.write("mHealth_subject1.log", ROW)
    operations = ("ListObjects", "ListObjectsV2") if operation == "ListObjectsV2" else (operation,)
    key = r"study/mhealth/.*" if operation == "GetObject" else ".*"
    # The lock and the records are read before; of the bucket's own listings none has this prefix.
    injected = faults.inject(Fault("s3", operations, key, times=100, **fault))
    with pytest.raises(error, match=reported):
        entries_read(bucket.source())
    assert injected.hits


def entries_read(source: DatasetSource) -> None:
    for one in entries(source):
        with one.open() as content:
            content.read()


def test_an_archived_object_is_named(faulty: None, bucket: Bucket) -> None:
    bucket.write("mHealth_subject1.log", ROW)
    faults.inject(Fault("s3", "GetObject", "study/.*", status=403, code="InvalidObjectState"))
    with pytest.raises(SourceDenied, match=r"mHealth_subject1\.log: the object is archived.*Restore the object"):
        entries_read(bucket.source())


def test_an_answer_that_breaks_off_is_named_and_no_manifest_is_written(
    faulty: None, bucket: Bucket, surroundings: Surroundings
) -> None:
    bucket.write("mHealth_subject1.log", ROW * 1000)
    faults.inject(Fault("s3", "GetObject", "study/.*", cut="amid", times=100))
    with pytest.raises(SourceUnavailable, match=r"S3 did not read s3://.*mHealth_subject1\.log after several attempts"):
        surroundings.run()
    assert not [key for key in list(surroundings.keys()) if key.startswith("manifests/")]


@pytest.mark.notices(
    "lambda_ingest/ingest/sources/s3.py",
    'yield cast("IO[bytes]", _Content(body, what))',
    "with _named(what): yield body",
)
def test_what_s3_does_wrong_with_the_own_bucket_is_not_laid_on_the_source(
    faulty: None, bucket: Bucket, surroundings: Surroundings
) -> None:
    bucket.write("mHealth_subject1.log", ROW)
    faults.inject(Fault("s3", "PutObject", "raw/.*", times=100, status=503, code="SlowDown"))
    with pytest.raises(StorageUnavailable, match="S3 failed after several attempts"):
        surroundings.run()


@pytest.mark.parametrize(
    "uri",
    [
        *("s3://bucket", "s3://bucket/", "s3://bucket/a/", "s3://bucket//a", "s3://bucket/../a", "s3://bucket/.a"),
        *("s3://b/a", "s3://Bucket/a", "s3://bucket/a*", "s3://bucket/${aws:username}", "s3://bucket/a b", "s3:///a"),
        *("s3://bucket/" + "a/" * 8 + "a", "s3://bucket/a\n", "s3://bucket/\xe4", "s3://bucket/a?versionId=1"),
    ],
    ids=ascii,
)
def test_what_is_no_prefix_is_refused_before_anything_is_asked(uri: str) -> None:
    with pytest.raises(SourceNotFound, match=r"is no prefix of S3\. Expected s3://BUCKET/PREFIX in SOURCE_URI"):
        source_of(uri, {})


@pytest.mark.parametrize(
    "uri", ["", "mhealth", "someone/mhealth", "http://a/b", "S3://bucket/a", "s3:bucket/a", "://a/b"]
)
def test_what_is_no_source_is_refused_with_those_that_there_are(uri: str) -> None:
    with pytest.raises(
        SourceNotFound, match=r"is no source\. Expected kaggle://OWNER/DATASET or s3://BUCKET/PREFIX in"
    ):
        source_of(uri, {})
