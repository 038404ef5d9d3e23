from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, IncompleteReadError, ResponseStreamingError

from local_aws.testing import faults
from local_aws.testing.faults import Fault
from mhealth.io.connect import storage_at
from mhealth.io.s3 import S3Storage
from mhealth.io.storage import Storage, StorageError, io_threads
from tests.glue.world import put_quickly
from tests.interrupted import faulty

__all__ = ["faulty"]


@pytest.fixture(params=["file", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """The same promises in a folder and in a bucket."""
    if request.param == "file":
        return storage_at(f"file://{tmp_path}/bucket")
    request.getfixturevalue("aws")
    boto3.client("s3").create_bucket(Bucket="a-bucket")
    return storage_at("s3://a-bucket")


def test_what_is_put_is_read(storage: Storage) -> None:
    storage.put("a/b.json", b"0123456789", {"rows": "1"})
    assert storage.read("a/b.json") == b"0123456789"
    assert storage.size("a/b.json") == 10
    assert storage.head("a/b.json", 3) == b"012"
    assert storage.head("a/b.json", 30) == b"0123456789"
    assert storage.tail("a/b.json", 3) == b"789"
    assert storage.tail("a/b.json", 30) == b"0123456789"
    with storage.open("a/b.json") as stream:
        assert [stream.read(6), stream.read(6), stream.read(6)] == [b"012345", b"6789", b""]
    with storage.open("a/b.json", 7) as stream:
        assert [stream.read(2), stream.read(6), stream.read(6)] == [b"78", b"9", b""]


def test_an_empty_object_is_an_object(storage: Storage) -> None:
    storage.put("a/empty", b"")
    assert (storage.read("a/empty"), storage.tail("a/empty", 5), storage.size("a/empty")) == (b"", b"", 0)


@pytest.mark.parametrize("reader", ["read", "open"])
def test_what_is_not_there_is_not_found(storage: Storage, reader: str) -> None:
    storage.put("other", b"")
    with pytest.raises(FileNotFoundError):
        getattr(storage, reader)("nothing")
    with pytest.raises(FileNotFoundError):
        storage.tail("nothing", 8)
    assert storage.size("nothing") is None


def test_a_file_becomes_an_object_and_the_next_replaces_it(storage: Storage, tmp_path: Path) -> None:
    for content in (b"first", b"second"):
        path = tmp_path / "local"
        path.write_bytes(content)
        storage.upload(path, "x/y z=1/[a].parquet")
        assert storage.read("x/y z=1/[a].parquet") == content
        assert not path.exists()


def test_an_object_becomes_a_file_to_read(storage: Storage, tmp_path: Path) -> None:
    storage.put("x/y z=1/[a].parquet", b"content")
    storage.download("x/y z=1/[a].parquet", tmp_path / "local")
    assert (tmp_path / "local").read_bytes() == b"content"
    with pytest.raises(FileNotFoundError):
        storage.download("x/nothing", tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    assert [found.key for found in storage.objects("")] == ["x/y z=1/[a].parquet"]


@pytest.fixture
def in_parts(aws: str, monkeypatch: pytest.MonkeyPatch) -> S3Storage:
    """An object of ten bytes, which is fetched in three parts."""
    boto3.client("s3").create_bucket(Bucket="a-bucket")
    storage = S3Storage("a-bucket")
    storage.put("long", b"0123456789")
    monkeypatch.setattr("mhealth.io.s3._PART_BYTES", 4)
    return storage


def test_a_long_object_is_fetched_in_parts(in_parts: S3Storage, tmp_path: Path) -> None:
    in_parts.download("long", tmp_path / "local")
    assert (tmp_path / "local").read_bytes() == b"0123456789"


@pytest.mark.notices("glue/mhealth/io/s3.py", ', IfMatch=answer["ETag"]', "")
def test_an_object_that_is_replaced_while_it_is_fetched_is_no_mixture(in_parts: S3Storage, tmp_path: Path) -> None:
    get = in_parts._client.get_object

    def replaced(**request: Any) -> Any:
        if request["Range"] == "bytes=0-3":
            answer = get(**request)
            in_parts.put("long", b"abcdefghij")
            return answer
        return get(**request)

    in_parts._client.get_object = replaced  # type: ignore[method-assign]
    with pytest.raises(StorageError, match=r"s3://a-bucket/long was replaced while it was read"):
        in_parts.download("long", tmp_path / "local")


def test_the_etag_of_what_was_sent_is_that_of_the_object(storage: Storage, tmp_path: Path) -> None:
    told = []
    for content in (b"first", b"other"):
        (tmp_path / "local").write_bytes(content)
        told.append(storage.upload(tmp_path / "local", "a/key"))
        assert [found.etag for found in storage.objects("a/")] == [told[-1]]
    assert told[0] != told[1]


def test_a_copy_is_another_object(storage: Storage) -> None:
    storage.put("a/1", b"content")
    storage.copy("a/1", "b/2")
    storage.delete(["a/1"])
    assert storage.read("b/2") == b"content"


def test_objects_and_folders_are_those_of_the_prefix(storage: Storage) -> None:
    for key in ("p/s=1/a", "p/s=1/b/c", "p/s=2/a", "p2/s=1/a", "p/loose"):
        storage.put(key, b"xy")
    assert [(found.key, found.size) for found in storage.objects("p/s=1/")] == [("p/s=1/a", 2), ("p/s=1/b/c", 2)]
    assert [found.key for found in storage.objects("p/s=")] == ["p/s=1/a", "p/s=1/b/c", "p/s=2/a"]
    assert storage.folders("p/") == ["p/s=1/", "p/s=2/"]
    assert list(storage.objects("nothing/")) == []
    assert storage.folders("nothing/") == []


def test_what_is_deleted_is_gone_and_nothing_else(storage: Storage) -> None:
    for key in ("p/s=1/a", "p/s=2/a"):
        storage.put(key, b"")
    storage.delete(["p/s=1/a", "p/never"])
    assert [found.key for found in storage.objects("p/")] == ["p/s=2/a"]
    assert storage.folders("p/") == ["p/s=2/"]


def test_metadata_is_kept_in_a_bucket(aws: str) -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket="a-bucket")
    storage_at("s3://a-bucket").put("m.json", b"{}", {"rows": "12"})
    assert client.head_object(Bucket="a-bucket", Key="m.json")["Metadata"] == {"rows": "12"}


@pytest.mark.volume
def test_more_than_a_thousand_objects_are_listed_and_deleted(aws: str) -> None:
    boto3.client("s3").create_bucket(Bucket="a-bucket")
    storage = storage_at("s3://a-bucket")
    for place in range(1003):
        put_quickly("a-bucket", f"p/{place:04d}", b"")
    assert len(list(storage.objects("p/"))) == 1003
    storage.delete(f"p/{place:04d}" for place in range(1003))
    assert list(storage.objects("p/")) == []


def test_an_empty_object_has_no_range_on_the_real_s3(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    boto3.client("s3").create_bucket(Bucket="a-bucket")
    storage = storage_at("s3://a-bucket")
    storage.put("empty", b"")
    get = storage._client.get_object  # type: ignore[attr-defined]

    def refuse_ranges(**request: str) -> object:
        if "Range" in request:
            raise ClientError({"Error": {"Code": "InvalidRange"}}, "GetObject")
        return get(**request)

    monkeypatch.setattr(storage._client, "get_object", refuse_ranges)  # type: ignore[attr-defined]
    assert storage.tail("empty", 8) == b""


def test_deleting_grows_with_the_keys(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = storage_at("s3://a-bucket")
    asked: list[int] = []

    def delete(**request: Any) -> dict[str, Any]:
        asked.append(len(request["Delete"]["Objects"]))
        return {}

    monkeypatch.setattr(storage._client, "delete_objects", delete)  # type: ignore[attr-defined]
    keys = [f"p/{place}" for place in range(100_500)]
    storage.delete(keys)
    assert asked == [1000] * 100 + [500]


def test_a_refused_delete_is_an_error(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = storage_at("s3://a-bucket")
    answer = {"Errors": [{"Key": "p/1", "Code": "AccessDenied", "Message": "no"}]}
    monkeypatch.setattr(storage._client, "delete_objects", lambda **_: answer)  # type: ignore[attr-defined]
    with pytest.raises(
        StorageError, match=r"1 of 1 objects were not deleted, the first is s3://a-bucket/p/1: AccessDenied no"
    ):
        storage.delete(["p/1"])


def test_a_folder_may_lose_its_last_object_while_another_worker_writes_to_it(tmp_path: Path) -> None:
    storage = storage_at(f"file://{tmp_path}")

    def come_and_go(name: str) -> None:
        for _ in range(500):
            storage.put(f"quarantine/version=1/{name}", b"x")
            assert storage.read(f"quarantine/version=1/{name}") == b"x"
            storage.delete([f"quarantine/version=1/{name}"])

    with io_threads(2) as workers:
        for done in [workers.submit(come_and_go, name) for name in ("one", "two")]:
            done.result()
    assert not (tmp_path / "quarantine").exists()


@pytest.fixture
def cut_off(aws: str, faulty: None) -> Storage:
    """An object of 7000 bytes in a bucket, of which the first answer breaks off in the middle."""
    boto3.client("s3").create_bucket(Bucket="a-bucket")
    storage = storage_at("s3://a-bucket")
    storage.put("long", bytes(7000))
    faults.inject(Fault("s3", "GetObject", cut="amid"))
    return storage


@pytest.mark.notices(
    "glue/mhealth/io/s3.py", 'cast("BinaryIO", _Answer(answer["Body"]))', 'cast("BinaryIO", answer["Body"])'
)
def test_an_object_that_is_cut_off_is_no_shorter_object(cut_off: Storage) -> None:
    read = []
    with pytest.raises((IncompleteReadError, ResponseStreamingError)), cut_off.open("long") as stream:  # noqa: PT012
        while block := stream.read(1000):
            read.append(block)
    assert len(b"".join(read)) == 3500


@pytest.mark.notices("glue/mhealth/io/s3.py", "attempt == ATTEMPTS", "True")
def test_an_answer_that_broke_off_is_asked_for_again(cut_off: Storage) -> None:
    assert cut_off.read("long") == bytes(7000)


def test_a_copy_keeps_its_content_when_the_original_is_replaced(storage: Storage) -> None:
    storage.put("a/original", b"first")
    storage.copy("a/original", "b/copy")
    storage.put("a/original", b"second")
    assert (storage.read("a/original"), storage.read("b/copy")) == (b"second", b"first")
    storage.delete(["a/original"])
    assert storage.read("b/copy") == b"first"
