"""Objects in a bucket. The only module that uses boto3's S3 client."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from mhealth.io.storage import StorageError, StoredObject, io_threads

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

_DELETE_BATCH = 1000
"""S3 takes no more keys in one request."""

_COPY_PART = 1024**3
"""Objects up to this size are copied with one request."""

_PART_BYTES = 8 * 1024 * 1024
"""A larger object is sent and fetched in parts, side by side."""

_REPLACED = "PreconditionFailed"
_ABSENT = ("404", "NoSuchKey", "NotFound")
"""Error codes of an object that does not exist. A HEAD has the status alone."""

ATTEMPTS = 6
"""Of each request to S3, as in lambda_ingest/ingest/s3.py: at most 31 s of waiting between them."""


class _Answer:
    """A response's body as a context manager. boto3's own returns the raw stream, which does not check its length."""

    def __init__(self, body: StreamingBody) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, or all. Raises IncompleteReadError where the body is shorter than its Content-Length."""
        return self._body.read(None if size < 0 else size)

    def close(self) -> None:
        self._body.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class S3Storage:
    """A bucket as storage, through boto3: credentials, region and endpoint come from its own chain."""

    def __init__(self, bucket: str) -> None:
        import boto3
        from botocore.config import Config

        self._bucket = bucket
        self.root = f"s3://{bucket}"
        settings = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS}, max_pool_connections=32)
        self._client: S3Client = boto3.client("s3", config=settings)

    def _get(self, key: str, **asked: str) -> GetObjectOutputTypeDef:
        from botocore.exceptions import ClientError

        try:
            return self._client.get_object(Bucket=self._bucket, Key=key, **asked)  # type: ignore[arg-type]
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            if code in _ABSENT:
                raise FileNotFoundError(f"{self.root}/{key} does not exist") from error
            # An empty object has no satisfiable range of first or last bytes.
            if code == "InvalidRange" and not asked["Range"].endswith("-"):
                return self._get(key)
            if code == _REPLACED:
                raise StorageError(f"{self.root}/{key} was replaced while it was read. Retryable.") from error
            raise

    def open(self, key: str, start: int = 0) -> BinaryIO:
        answer = self._get(key, Range=f"bytes={start}-") if start else self._get(key)
        return cast("BinaryIO", _Answer(answer["Body"]))

    def _whole(self, key: str, **asked: str) -> tuple[bytes, GetObjectOutputTypeDef]:
        """A whole response. boto3 retries a request without a response, not one whose response breaks off."""
        from botocore.exceptions import IncompleteReadError, ResponseStreamingError
        from urllib3.exceptions import HTTPError

        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._get(key, **asked)
                with contextlib.closing(answer["Body"]) as body:
                    return body.read(), answer
            except (HTTPError, IncompleteReadError, ResponseStreamingError):
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError

    def read(self, key: str) -> bytes:
        return self._whole(key)[0]

    def head(self, key: str, limit: int) -> bytes:
        return self._whole(key, Range=f"bytes=0-{limit - 1}")[0]

    def tail(self, key: str, limit: int) -> bytes:
        return self._whole(key, Range=f"bytes=-{limit}")[0]

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

    def upload(self, path: Path, key: str) -> str | None:
        etag = None
        if path.stat().st_size <= _PART_BYTES:
            etag = self._client.put_object(Bucket=self._bucket, Key=key, Body=path.read_bytes())["ETag"]
        else:
            self._client.upload_file(str(path), self._bucket, key)
        path.unlink()
        return etag

    def download(self, key: str, path: Path) -> None:
        # The first part tells the size, so that there is no HEAD. The others are of the same object.
        first, answer = self._whole(key, Range=f"bytes=0-{_PART_BYTES - 1}")
        size = int(answer.get("ContentRange", f"/{len(first)}").rpartition("/")[2])
        with path.open("wb") as file:
            file.write(first)
            file.flush()

            def fetch(start: int) -> None:
                asked = f"bytes={start}-{min(start + _PART_BYTES, size) - 1}"
                os.pwrite(file.fileno(), self._whole(key, Range=asked, IfMatch=answer["ETag"])[0], start)

            starts = range(len(first), size, _PART_BYTES)
            with io_threads(len(starts)) as threads:
                list(threads.map(fetch, starts))

    def copy(self, source: str, target: str) -> None:
        from boto3.s3.transfer import TransferConfig

        one_request = TransferConfig(multipart_threshold=_COPY_PART, multipart_chunksize=_COPY_PART)
        self._client.copy({"Bucket": self._bucket, "Key": source}, self._bucket, target, Config=one_request)

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                yield StoredObject(found["Key"], found["Size"], found["ETag"])

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
                    f"{self.root}/{first.get('Key')}: {first.get('Code')} {first.get('Message')}. Retryable."
                )
