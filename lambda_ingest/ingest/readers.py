"""What readers see, and what they saw before: the view in the catalog, and a record of each publication.

The view alone says what is published. manifests/publications/S.json says that snapshot S was, and since when: the state
RecordSuccess writes it. Where somebody moved the view, or RecordSuccess failed, the next run notes what the view shows.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ingest.errors import CatalogUnavailable, TableMissing

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

_VIEW = re.compile(r"/\* Presto View: ([A-Za-z0-9+/=]+) \*/")
_SNAPSHOT = re.compile(r'\bsnapshot"?\s*=\s*([0-9]+)\b')
_REFUSED = {"AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException"}
"""Not retryable: these errors of Glue keep their own name."""


@dataclass(frozen=True)
class View:
    """The view: the snapshot that it shows, None where its statement names no one, and since when it does."""

    snapshot: int | None
    since: datetime


@dataclass(frozen=True)
class Snapshot:
    """A snapshot by its manifest; `files` are the bytes of each key."""

    number: int
    dataset: str
    raw_version: int
    code_version: str
    rows: int
    subjects: int
    files: Mapping[str, int]


Publication = dict[str, Any]
"""One record: `snapshot`, `published_at` (since when readers saw it), `dataset`, `dataset_handle` (as the last run
asked for it), `raw_version`, `newest_version` (the newest that Kaggle had), `code_version`, `execution`."""


@dataclass(frozen=True)
class Published:
    """The view, None where there is none, and the records, the snapshot that readers saw last at the end."""

    view: View | None
    publications: tuple[Publication, ...]

    @property
    def seen(self) -> int | None:
        """The snapshot that readers see; without a view that shows one, the one that they saw last."""
        if self.view is not None and self.view.snapshot is not None:
            return self.view.snapshot
        return int(self.publications[-1]["snapshot"]) if self.publications else None

    @property
    def seen_version(self) -> int | None:
        """The dataset's version that readers see or saw last, None before the first publication."""
        return next((int(each["raw_version"]) for each in self.publications if each["snapshot"] == self.seen), None)

    @property
    def newest(self) -> Publication | None:
        """What the last run published, whatever readers were shown since."""
        return max(self.publications, key=lambda each: int(each["snapshot"]), default=None)


class Readers:
    """What readers of one stack see."""

    def __init__(
        self,
        s3: S3Client,
        glue: GlueClient,
        *,
        bucket: str,
        manifests_prefix: str,
        processed_prefix: str,
        database: str,
        table: str,
        view: str,
    ) -> None:
        self._s3 = s3
        self._glue = glue
        self._bucket = bucket
        self._manifests = manifests_prefix.strip("/")
        self._processed = processed_prefix.strip("/")
        self._database = database
        self._table = table
        self._view = view

    def look(self) -> Published:
        """Return what is published, and note it where no record says so. Raises TableMissing, CatalogUnavailable."""
        if self._described(self._table) is None:
            raise TableMissing(
                f"The catalog has no table {self._database}.{self._table}: somebody dropped it, and readers of the "
                f"view {self._view} get an error. The files are all there. docs/operations.md, 'Restore a dropped "
                "table', says how to restore it; then start an execution. Not retryable."
            )
        published = Published(self._shown(), tuple(sorted(self._publications(), key=_published_at)))
        return self._noted(published)

    def remember(self, published: Published, handle: str, newest_version: int) -> Published:
        """Note in the newest record what was asked for and was published already; the next run compares with it."""
        before = published.newest
        if before is None:
            return published
        record = before | {"dataset_handle": handle, "newest_version": newest_version}
        self._put(record)
        return replace(
            published, publications=tuple(record if one is before else one for one in published.publications)
        )

    def snapshot(self, number: int) -> Snapshot | None:
        """Return a snapshot by its manifest, None where there is none that this code understands."""
        document = self._document(f"{self._manifests}/snapshots/{number}.json")
        if document is None:
            return None
        try:
            files = document["files"]
            return Snapshot(
                number=number,
                dataset=str(document["dataset"]),
                raw_version=int(document["raw_version"]),
                code_version=str(document["code_version"]),
                rows=sum(int(each["rows"]) for each in files),
                subjects=len({int(each["subject"]) for each in files}),
                files={str(each["key"]): int(each["bytes"]) for each in files},
            )
        except (KeyError, TypeError, ValueError):
            return None

    def missing_files(self, snapshot: Snapshot) -> list[str]:
        """Return the keys of a snapshot that are gone, or of another size than its manifest says."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{self._processed}/snapshot={snapshot.number}/"
        )
        there = {one["Key"]: one["Size"] for page in pages for one in page.get("Contents", [])}
        return sorted(key for key, size in snapshot.files.items() if there.get(key) != size)

    def _noted(self, published: Published) -> Published:
        """Write the record of what the view shows, where the last record is another's."""
        view, records = published.view, published.publications
        if view is None or view.snapshot is None or (records and records[-1]["snapshot"] == view.snapshot):
            return published
        snapshot = self.snapshot(view.snapshot)
        if snapshot is None:
            return published
        before = next((each for each in records if each["snapshot"] == view.snapshot), {})
        record = {
            "dataset_handle": snapshot.dataset,
            "newest_version": snapshot.raw_version,
            "execution": "",
            **before,
            "snapshot": snapshot.number,
            "dataset": snapshot.dataset,
            "raw_version": snapshot.raw_version,
            "code_version": snapshot.code_version,
            "published_at": view.since.isoformat(),
        }
        self._put(record)
        return Published(view, (*(each for each in records if each is not before), record))

    def _put(self, record: Publication) -> None:
        self._s3.put_object(
            Bucket=self._bucket,
            Key=f"{self._manifests}/publications/{record['snapshot']}.json",
            Body=json.dumps(record).encode(),
            ContentType="application/json",
        )

    def _shown(self) -> View | None:
        found = self._described(self._view)
        if found is None:
            return None
        since = found.get("UpdateTime") or found.get("CreateTime") or datetime.now(UTC)
        return View(shown_snapshot(found.get("ViewOriginalText", "")), since.astimezone(UTC))

    def _described(self, name: str) -> Mapping[str, Any] | None:
        try:
            return self._glue.get_table(DatabaseName=self._database, Name=name)["Table"]
        except self._glue.exceptions.EntityNotFoundException:
            return None
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in _REFUSED:
                raise
            raise CatalogUnavailable(
                f"Glue did not describe {self._database}.{name} after several attempts: {type(error).__name__}: "
                f"{error}. Retryable."
            ) from error

    def _publications(self) -> Iterator[Publication]:
        """Yield the records. What is no record counts for nothing: the view says what is published."""
        prefix = f"{self._manifests}/publications/"
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            for one in page.get("Contents", []):
                record = self._document(one["Key"])
                if record is not None and _is_record(record, one["Key"].removeprefix(prefix)):
                    yield record

    def _document(self, key: str) -> dict[str, Any] | None:
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=key)
        except self._s3.exceptions.NoSuchKey:
            return None
        with contextlib.closing(answer["Body"]) as body:
            content = body.read()
        with contextlib.suppress(ValueError):
            document = json.loads(content)
            return document if isinstance(document, dict) else None
        return None


def _is_record(record: Mapping[str, Any], name: str) -> bool:
    with contextlib.suppress(KeyError, TypeError, ValueError):
        _published_at(record)
        numbers = record["snapshot"], record["raw_version"], record["newest_version"]
        texts = record["dataset"], record["code_version"], record.get("dataset_handle", "")
        return (
            name == f"{record['snapshot']}.json"
            and all(type(number) is int for number in numbers)
            and all(isinstance(text, str) for text in texts)
        )
    return False


def _published_at(record: Mapping[str, Any]) -> datetime:
    at = datetime.fromisoformat(record["published_at"])
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def shown_snapshot(text: str) -> int | None:
    """Return the snapshot that a view's ViewOriginalText selects, None where it selects no one."""
    match = _VIEW.fullmatch(text.strip())
    try:
        sql = str(json.loads(base64.b64decode(match[1]))["originalSql"]) if match else ""
    except (binascii.Error, ValueError, KeyError, TypeError):
        return None
    named = set(_SNAPSHOT.findall(sql))
    return int(named.pop()) if len(named) == 1 else None
