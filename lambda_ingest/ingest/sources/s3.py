"""A prefix of S3 as the source: the objects below it are the dataset's files, and their content is the version.

S3 says of each object its ETag, which is another one when the content is. The version's number comes from the list of
keys, sizes and ETags. Objects are read where they are, each only as it was listed: what changes meanwhile is refused.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, ClassVar, Self, cast

import boto3

from ingest.archive_files import require_few
from ingest.entries import Entry, bounded, printable
from ingest.errors import IngestError, InvalidInput, SourceChanged, SourceDenied, SourceNotFound, SourceUnavailable
from ingest.redaction import described
from ingest.s3 import FAILURES, RETRIES, code_of
from ingest.sources.base import DatasetSource, content_version
from ingest.texts import cut

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

# No component begins with a dot: .. and . mean other things to clients, and what is hidden is not landed. No sign has
# a meaning in the policy of the function's role, which names the prefix.
_LOCATION = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_=+@-][A-Za-z0-9_.=+@-]*){1,8}")

_DENIED = ("AccessDenied", "AllAccessDisabled", "Forbidden", "403", "KMS.DisabledException", "KMS.NotFoundException")
_CHANGED = ("PreconditionFailed", "NoSuchKey", "412", "404")


@dataclass(frozen=True, slots=True)
class _Object:
    key: str
    size: int
    etag: str


class S3Source(DatasetSource):
    """The objects below one prefix, which is a folder: `s3://BUCKET/PREFIX` has the keys PREFIX/..."""

    expected: ClassVar = "s3://BUCKET/PREFIX"
    counts: ClassVar = False

    def __init__(self, bucket: str, prefix: str, s3: S3Client) -> None:
        self.handle = self.dataset = f"s3://{bucket}/{prefix}"
        self._bucket = bucket
        self._folder = f"{prefix}/"
        self._s3 = s3
        self._objects: list[_Object] = []

    @classmethod
    def from_location(cls, location: str, environment: Mapping[str, str]) -> Self:
        """Return the source of BUCKET/PREFIX; it needs nothing of the environment."""
        del environment
        if not _LOCATION.fullmatch(location):
            raise SourceNotFound(
                f"{cut(f's3://{location}')!r} is no prefix of S3. Expected s3://BUCKET/PREFIX in SOURCE_URI (the "
                "stack's parameter SourceUri): one to eight folders of letters, digits and . _ = + @ -, none beginning "
                "with a dot, no slash at the end. Correct the parameter. Not retryable."
            )
        bucket, _, prefix = location.partition("/")
        return cls(bucket, prefix, boto3.client("s3", config=RETRIES))

    def latest_version(self) -> int:
        """List the objects; return the number that their keys, sizes and ETags have together."""
        self._objects = sorted(self._listed(), key=lambda one: one.key)
        if not self._objects:
            raise SourceNotFound(
                f"{self.dataset}/ holds no object. Expected the dataset's .csv or .log files below it, as SOURCE_URI "
                "(the stack's parameter SourceUri) names it. Put them there, or correct the parameter. Not retryable."
            )
        return self._version()

    @contextlib.contextmanager
    def download(self, version: int, *, max_bytes: int, seconds: float | None = None) -> Iterator[Iterable[Entry]]:
        """Give the listed objects. Nothing is copied, so `seconds` bounds nothing; reading one checks its ETag."""
        del seconds
        if version != self._version():
            raise InvalidInput(
                f"The execution's input asks for version {version} of {self.dataset}. It is not in raw/ as this code "
                f"would land it, and S3 has only what is there now: version {self._version()}. Expected that number, "
                "or that of a version that landed. Start a new execution. Not retryable."
            )
        yield list(bounded(map(self._entry, self._objects), max_bytes))

    def _version(self) -> int:
        below = len(self._folder)
        return content_version(json.dumps([(one.key[below:], one.size, one.etag) for one in self._objects]))

    def _listed(self) -> Iterator[_Object]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._folder)
        number = 0
        with _named(f"list {self.dataset}/"):
            for page in pages:
                contents = page.get("Contents", [])
                number += len(contents)
                require_few(number)
                # What ends in a slash is what consoles make for an empty folder.
                yield from (
                    _Object(one["Key"], one["Size"], one["ETag"]) for one in contents if not one["Key"].endswith("/")
                )

    def _entry(self, one: _Object) -> Entry:
        return Entry(printable(one.key.removeprefix(self._folder)), one.size, partial(self._open, one))

    @contextlib.contextmanager
    def _open(self, one: _Object) -> Iterator[IO[bytes]]:
        what = f"read s3://{self._bucket}/{cut(one.key)}"
        with _named(what):
            body = self._s3.get_object(Bucket=self._bucket, Key=one.key, IfMatch=one.etag)["Body"]
        with contextlib.closing(body):
            yield cast("IO[bytes]", _Content(body, what))  # who lands a file calls read alone


class _Content:
    """An object's content; what goes wrong with it is named, what else goes wrong meanwhile is not."""

    def __init__(self, body: StreamingBody, what: str) -> None:
        self._body = body
        self._what = what

    def read(self, size: int | None = None) -> bytes:
        with _named(self._what):
            return self._body.read(size)


@contextlib.contextmanager
def _named(what: str) -> Iterator[None]:
    """Name what S3 does wrong at a request of the source."""
    try:
        yield
    except FAILURES as error:
        raise _error(what, code_of(error), described(error)) from None


def _error(what: str, code: str, reported: str) -> IngestError:
    if code == "NoSuchBucket":
        return SourceNotFound(
            f"S3 could not {what}: there is no such bucket. Expected s3://BUCKET/PREFIX of a bucket that exists in "
            "SOURCE_URI (the stack's parameter SourceUri). Correct the parameter. Not retryable."
        )
    if code in _DENIED:
        return SourceDenied(
            f"S3 refused to {what}: {reported}. Expected that the function's role may list the prefix, read its "
            "objects and decrypt them. The stack allows it that for SourceUri, with keys of its account and Region. A "
            "bucket of another account must allow it, too, and no policy may deny it: docs/data.md. Not retryable."
        )
    if code == "InvalidObjectState":
        return SourceDenied(
            f"S3 could not {what}: the object is archived ({reported}). Expected a storage class that is read at once. "
            "Restore the object, or move it out of the prefix. Not retryable."
        )
    if code in _CHANGED:
        return SourceChanged(
            f"S3 could not {what} as it was listed: it was replaced or deleted meanwhile. Nothing of this version is "
            "used. Retryable: the next try lists the prefix anew."
        )
    return SourceUnavailable(f"S3 did not {what} after several attempts: {reported}. Retryable.")
