"""Objects in a bucket. The only module that uses boto3's S3 client."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from mhealth.io.storage import StorageError, StoredObject

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

_DELETE_BATCH = 1000
"""S3 takes no more keys in one request."""

_COPY_PART = 1024**3
"""Objects up to this size are copied with one request."""

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
            # An empty object has no satisfiable range of first or last bytes.
            if code == "InvalidRange" and not str(byte_range).endswith("-"):
                return self._get(key)
            raise
        return cast("BinaryIO", _Answer(answer["Body"]))

    def open(self, key: str, start: int = 0) -> BinaryIO:
        return self._get(key, f"bytes={start}-" if start else None)

    def _whole(self, key: str, byte_range: str | None = None) -> bytes:
        """A whole response. boto3 retries a request without a response, not one whose response breaks off."""
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
                    f"{self.root}/{first.get('Key')}: {first.get('Code')} {first.get('Message')}. Retryable."
                )
