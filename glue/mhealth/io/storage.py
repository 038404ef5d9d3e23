"""Objects by key under one root: a bucket (`s3://BUCKET`) or a folder (`file:///FOLDER`), with the same promises.

An object appears whole or not at all. Keys are relative to the root and have no slash in front.
Only this module knows boto3's S3 client.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, Self, cast

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

_DELETE_BATCH = 1000
"""S3 takes no more keys in one request."""

_COPY_PART = 1024**3
"""Objects up to this size are copied with one request."""

_ABSENT = ("404", "NoSuchKey", "NotFound")
"""How S3 says that there is no such object: a HEAD has no body to name it in."""

ATTEMPTS = 6
"""Of each request to S3, as in the function (lambda_ingest/raw_zone.py): at most 31 s of waiting between them."""


class StorageError(Exception):
    """The storage answered, but not with success; the message names the key. A retry may help."""


@dataclass(frozen=True)
class StoredObject:
    """A key and its size in bytes."""

    key: str
    size: int


class Storage(Protocol):
    """What the jobs need of a place for objects. Reading a key that does not exist raises FileNotFoundError."""

    root: str

    def open(self, key: str, start: int = 0) -> BinaryIO:
        """A stream over the object's bytes from `start` on; `read(n)` needs memory for n bytes only."""

    def read(self, key: str) -> bytes:
        """The whole object."""

    def head(self, key: str, limit: int) -> bytes:
        """The first `limit` bytes, or fewer where there are no more."""

    def tail(self, key: str, limit: int) -> bytes:
        """The last `limit` bytes, or all where there are fewer."""

    def size(self, key: str) -> int | None:
        """The object's size in bytes, None where there is none."""

    def put(self, key: str, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        """Write one object; `metadata` is kept on S3 only."""

    def upload(self, path: Path, key: str) -> None:
        """Make one object of a local file, which is gone afterwards."""

    def download(self, key: str, path: Path) -> None:
        """Make a local file of an object, to be read only."""

    def copy(self, source: str, target: str) -> None:
        """Copy on the server's side."""

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        """The objects whose key starts with `prefix`, in the order of their keys."""

    def folders(self, prefix: str) -> list[str]:
        """The distinct prefixes `prefix...` up to and with the next slash. `prefix` ends with a slash."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; those that do not exist are no error."""


@functools.lru_cache(maxsize=8)
def storage_at(uri: str) -> Storage:
    """The storage at `s3://BUCKET` or `file:///FOLDER`; one client per process."""
    scheme, _, rest = uri.partition("://")
    if scheme == "s3":
        return _Bucket(rest)
    return _Folder(Path(rest))


class _Folder:
    """A folder. New objects are written under tmp/ and moved into place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.root = f"file://{folder}"

    def _path(self, key: str) -> Path:
        return self._folder / key

    def open(self, key: str, start: int = 0) -> BinaryIO:
        stream = self._path(key).open("rb")
        stream.seek(start)
        return stream

    def read(self, key: str) -> bytes:
        return self._path(key).read_bytes()

    def head(self, key: str, limit: int) -> bytes:
        with self.open(key) as stream:
            return stream.read(limit)

    def tail(self, key: str, limit: int) -> bytes:
        with self.open(key) as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - limit))
            return stream.read()

    def size(self, key: str) -> int | None:
        path = self._path(key)
        return path.stat().st_size if path.is_file() else None

    def _scratch(self) -> Path:
        folder = self._folder / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder)
        os.close(descriptor)
        return Path(name)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """While no other worker makes or removes folders."""
        self._folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _move(self, scratch: Path, key: str) -> None:
        target = self._path(key)
        scratch.chmod(0o644)
        with self._alone():
            target.parent.mkdir(parents=True, exist_ok=True)
            scratch.replace(target)

    def put(self, key: str, data: bytes, metadata: Mapping[str, str] | None = None) -> None:  # noqa: ARG002
        scratch = self._scratch()
        scratch.write_bytes(data)
        self._move(scratch, key)

    def upload(self, path: Path, key: str) -> None:
        scratch = self._scratch()
        shutil.move(path, scratch)
        self._move(scratch, key)

    def download(self, key: str, path: Path) -> None:
        path.symlink_to(self._path(key).resolve(strict=True))

    def copy(self, source: str, target: str) -> None:
        scratch = self._scratch()
        scratch.unlink()
        # An object is never written to, only replaced: two names for it are two objects.
        os.link(self._path(source), scratch)
        self._move(scratch, target)

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        start = self._folder / prefix.rpartition("/")[0]
        found = ((path.relative_to(self._folder).as_posix(), path) for path in start.rglob("*") if path.is_file())
        for key, path in sorted(found):
            if key.startswith(prefix):
                yield StoredObject(key, path.stat().st_size)

    def folders(self, prefix: str) -> list[str]:
        rests = (stored.key.removeprefix(prefix) for stored in self.objects(prefix))
        return sorted({f"{prefix}{rest.partition('/')[0]}/" for rest in rests if "/" in rest})

    def delete(self, keys: Iterable[str]) -> None:
        with self._alone():
            for key in keys:
                self._remove(self._path(key))

    def _remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        # On S3 a folder ends with its last object.
        for folder in path.parents:
            if folder == self._folder or not folder.is_dir() or any(folder.iterdir()):
                break
            folder.rmdir()


class _Answer:
    """An answer's body, for `with`: boto3's own gives there the bare stream, which ends quietly when cut off."""

    def __init__(self, body: StreamingBody) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, or all. Raises botocore's error of a broken answer where it is shorter than it said."""
        return self._body.read(None if size < 0 else size)

    def close(self) -> None:
        self._body.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Bucket:
    """A bucket, through boto3: credentials, region and endpoint come from its own chain."""

    def __init__(self, bucket: str) -> None:
        import boto3
        from botocore.config import Config

        self._bucket = bucket
        self.root = f"s3://{bucket}"
        settings = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS}, max_pool_connections=32)
        self._client: S3Client = boto3.client("s3", config=settings)

    def _get(self, key: str, byte_range: str | None = None) -> BinaryIO:
        from botocore.exceptions import ClientError

        try:
            if byte_range is None:
                answer = self._client.get_object(Bucket=self._bucket, Key=key)
            else:
                answer = self._client.get_object(Bucket=self._bucket, Key=key, Range=byte_range)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            if code in _ABSENT:
                raise FileNotFoundError(f"{self.root}/{key} does not exist") from error
            # An empty object has no first and no last bytes. What begins later in an object is not to be found there.
            if code == "InvalidRange" and not str(byte_range).endswith("-"):
                return self._get(key)
            raise
        return cast("BinaryIO", _Answer(answer["Body"]))

    def open(self, key: str, start: int = 0) -> BinaryIO:
        return self._get(key, f"bytes={start}-" if start else None)

    def _whole(self, key: str, byte_range: str | None = None) -> bytes:
        """An answer to its end: boto3 asks again where there is no answer, not where one breaks off."""
        from botocore.exceptions import IncompleteReadError, ResponseStreamingError
        from urllib3.exceptions import HTTPError

        broken_off = (HTTPError, IncompleteReadError, ResponseStreamingError)
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(*broken_off), self._get(key, byte_range) as answer:
                return answer.read()
        with self._get(key, byte_range) as answer:
            return answer.read()

    def read(self, key: str) -> bytes:
        return self._whole(key)

    def head(self, key: str, limit: int) -> bytes:
        return self._whole(key, f"bytes=0-{limit - 1}")

    def tail(self, key: str, limit: int) -> bytes:
        return self._whole(key, f"bytes=-{limit}")

    def size(self, key: str) -> int | None:
        from botocore.exceptions import ClientError

        try:
            return self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _ABSENT:
                return None
            raise

    def put(self, key: str, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key, Body=data, Metadata=dict(metadata or {}))

    def upload(self, path: Path, key: str) -> None:
        self._client.upload_file(str(path), self._bucket, key)
        path.unlink()

    def download(self, key: str, path: Path) -> None:
        from botocore.exceptions import ClientError

        try:
            self._client.download_file(self._bucket, key, str(path))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _ABSENT:
                raise FileNotFoundError(f"{self.root}/{key} does not exist") from error
            raise

    def copy(self, source: str, target: str) -> None:
        from boto3.s3.transfer import TransferConfig

        one_request = TransferConfig(multipart_threshold=_COPY_PART, multipart_chunksize=_COPY_PART)
        self._client.copy({"Bucket": self._bucket, "Key": source}, self._bucket, target, Config=one_request)

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                yield StoredObject(found["Key"], found["Size"])

    def folders(self, prefix: str) -> list[str]:
        paginator = self._client.get_paginator("list_objects_v2")
        pages = paginator.paginate(Bucket=self._bucket, Prefix=prefix, Delimiter="/")
        return [found["Prefix"] for page in pages for found in page.get("CommonPrefixes", [])]

    def delete(self, keys: Iterable[str]) -> None:
        remaining = iter(keys)
        while batch := list(islice(remaining, _DELETE_BATCH)):
            answer = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True}
            )
            if errors := answer.get("Errors"):
                first = errors[0]
                raise StorageError(
                    f"{len(errors)} of {len(batch)} objects were not deleted, the first is "
                    f"{self.root}/{first.get('Key')}: {first.get('Code')} {first.get('Message')}. A retry may help."
                )


def many(count: int) -> ThreadPoolExecutor:
    """Threads for `count` requests that mostly wait."""
    return ThreadPoolExecutor(max_workers=max(1, min(16, count)))
