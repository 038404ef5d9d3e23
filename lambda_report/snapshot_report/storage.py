"""The data bucket, as far as the report reads and writes it."""

from __future__ import annotations

import json
from contextlib import closing
from itertools import islice
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
        """A JSON object. Raises ManifestUnreadable where there is none, or something else."""
        found = self.document_or_none(key)
        if found is None:
            raise ManifestUnreadable(
                f"there is no object s3://{self.name}/{key}, which the run wrote before. Bring it back (the bucket "
                "keeps what was deleted for some days), then invoke the function again with the state's input."
            )
        return found

    def document_or_none(self, key: str) -> dict[str, Any] | None:
        """A JSON object, None where nothing lies at the key. Raises ManifestUnreadable where it is something else."""
        try:
            answer = self._s3.get_object(Bucket=self.name, Key=key)
        except self._s3.exceptions.NoSuchKey:
            return None
        with closing(answer["Body"]) as body:
            content = body.read()
        try:
            document = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise self._no_object(key, str(error)) from error
        if not isinstance(document, dict):
            raise self._no_object(key, f"it is a {type(document).__name__}")
        return document

    def first_lines(self, key: str, count: int, most_bytes: int) -> list[bytes]:
        """The first `count` lines of an object, out of `most_bytes` of it at most; none where there is no object."""
        try:
            answer = self._s3.get_object(Bucket=self.name, Key=key, Range=f"bytes=0-{most_bytes - 1}")
        except self._s3.exceptions.NoSuchKey:
            return []
        with closing(answer["Body"]) as body:
            # Read as far as the lines reach, which is mostly one chunk.
            return list(islice(body.iter_lines(chunk_size=_CHUNK_BYTES), count))

    def content(self, key: str) -> bytes:
        """A whole object."""
        with closing(self._s3.get_object(Bucket=self.name, Key=key)["Body"]) as body:
            return body.read()

    def put_page(self, key: str, page: bytes) -> str:
        """Write a page of HTML; its URI."""
        self._s3.put_object(Bucket=self.name, Key=key, Body=page, ContentType="text/html; charset=utf-8")
        return f"s3://{self.name}/{key}"

    def _no_object(self, key: str, why: str) -> ManifestUnreadable:
        return ManifestUnreadable(
            f"s3://{self.name}/{key} is no JSON object ({why}). The run itself writes it: somebody changed it since. "
            "A retry does not help."
        )
