"""Access to the data bucket."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from snapshot_report.errors import ManifestUnreadable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


_CHUNK_BYTES = 64 * 1024


class Bucket:
    """One bucket; keys are relative to it."""

    def __init__(self, s3: S3Client, name: str) -> None:
        self._s3 = s3
        self.name = name

    def document(self, key: str) -> dict[str, Any]:
        """Read a JSON object. Raises ManifestUnreadable where it does not exist or is malformed."""
        found = self.document_or_none(key)
        if found is None:
            raise ManifestUnreadable(
                f"there is no object s3://{self.name}/{key}, which the run wrote. Restore it (the bucket keeps deleted "
                "versions for some days), then invoke the function again with the input of the state."
            )
        return found

    def document_or_none(self, key: str) -> dict[str, Any] | None:
        """Read a JSON object, None where it does not exist. Raises ManifestUnreadable where it is malformed."""
        try:
            answer = self._s3.get_object(Bucket=self.name, Key=key)
        except self._s3.exceptions.NoSuchKey:
            return None
        with closing(answer["Body"]) as body:
            content = body.read()
        try:
            document = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise self._malformed(key, str(error)) from error
        if not isinstance(document, dict):
            raise self._malformed(key, f"it is a {type(document).__name__}")
        return document

    def lines(self, key: str, most_bytes: int, longest: int) -> Iterator[bytes]:
        """Yield the lines within the first `most_bytes` of an object; none where it does not exist.

        A line of more than `longest` bytes ends the reading.
        """
        try:
            answer = self._s3.get_object(Bucket=self.name, Key=key, Range=f"bytes=0-{most_bytes - 1}")
        except self._s3.exceptions.NoSuchKey:
            return
        rest = b""
        with closing(answer["Body"]) as body:
            for chunk in body.iter_chunks(_CHUNK_BYTES):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from whole
                if len(rest) > longest:
                    break
        if rest:
            yield rest

    def keys(self, prefix: str) -> list[str]:
        """The keys of all objects below a prefix, in order."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def metadata(self, key: str) -> dict[str, str]:
        """The metadata of an object."""
        return self._s3.head_object(Bucket=self.name, Key=key)["Metadata"]

    def content(self, key: str) -> bytes:
        """Read a whole object."""
        with closing(self._s3.get_object(Bucket=self.name, Key=key)["Body"]) as body:
            return body.read()

    def put_page(self, key: str, page: bytes, metadata: Mapping[str, str]) -> str:
        """Write an HTML page; return its URI."""
        self._s3.put_object(
            Bucket=self.name, Key=key, Body=page, ContentType="text/html; charset=utf-8", Metadata=metadata
        )
        return f"s3://{self.name}/{key}"

    def _malformed(self, key: str, why: str) -> ManifestUnreadable:
        return ManifestUnreadable(
            f"s3://{self.name}/{key} is no JSON object ({why}). The run writes it: it was changed since. Not retryable."
        )
