"""The raw zone of the bucket: raw/version=V/NAME.csv; manifests/raw/version=V.json says that version V landed whole."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from ingest.errors import StorageUnavailable
from ingest.ingest_code import INGEST_CODE
from ingest.selection import Skipped
from ingest.state import RAW_MANIFEST, Shape, parsed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PART_BYTES = 8 << 20
# Parts go one after the other: files are sent side by side, and each holds one part in memory.
_TRANSFER = TransferConfig(multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES, use_threads=False)

_CONFLICTS, _CONFLICT_SECONDS = 6, 0.5
"""Attempts of a write while S3 says that another one to the same key is on its way, and the time between two."""

_WRITES = 10
"""So often a manifest is written where others write and delete it at the same time."""

_DELETE_BATCH = 1000
"""S3 takes no more keys in one request."""


class FileEntry(TypedDict):
    """One landed file, as the raw manifest tells it. `bytes` and `sha256` are the source's, `lines` its data lines.

    `dropped_columns` are those of the source that are not in the raw CSV, in words. `ingest_code` is the version of the
    code that recognised and converted it.
    """

    name: str
    source: str
    layout: str
    subject: int | None
    columns: list[str]
    dropped_columns: list[str]
    header_lines: int
    sha256: str
    bytes: int
    lines: int
    raw_key: str
    ingest_code: str


class RawManifest(TypedDict):
    """What a version consists of. `landed` is the snapshot number of the run that landed it.

    `skipped` are the first of the files that were not landed, `skipped_files` is how many they are in all.
    """

    dataset: str
    raw_version: int
    landed: int
    files: list[FileEntry]
    skipped: list[Skipped]
    skipped_files: int


class RawZone:
    """Reads and writes the raw zone of one bucket."""

    def __init__(self, s3: S3Client, bucket: str, raw_prefix: str, manifests_prefix: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._raw = raw_prefix.strip("/")
        self._manifests = manifests_prefix.strip("/")
        self._known: dict[int, RawManifest | None] = {}
        self._objects: dict[int, dict[str, FileEntry]] = {}

    def manifest_key(self, version: int) -> str:
        """Return the key of a version's manifest."""
        return f"{self._manifests}/raw/version={version}.json"

    def manifest(self, version: int) -> RawManifest | None:
        """Return a version's manifest, None where the version did not land."""
        if version not in self._known:
            found = self._json(self.manifest_key(version), RAW_MANIFEST)
            self._known[version] = found  # type: ignore[assignment]
        return self._known[version]

    def landed(self, dataset: str, version: int) -> RawManifest | None:
        """Return a version's manifest where it is this dataset's and every raw object is what this code makes of it."""
        manifest = self.manifest(version)
        if manifest is None or manifest["dataset"] != dataset or not all(map(self._holds, manifest["files"])):
            return None
        return manifest

    def earlier_files(self, version: int, published: int | None) -> list[FileEntry]:
        """Return the files of the latest other versions, the published and the highest, that may be referenced.

        They are such as this code made.
        """
        highest = max((found for found in self._versions() if found != version), default=version)
        manifests = [self.manifest(one) for one in {published or highest, highest} - {version}]
        return [file for manifest in manifests if manifest for file in manifest["files"] if self._holds(file)]

    def forget(self, version: int) -> None:
        """Delete a version's manifest, if there is one, before its objects are written again.

        Another dataset may have landed under the same number. Whoever references its objects then finds them gone.
        """
        if self.manifest(version) is not None:
            self._s3.delete_object(Bucket=self._bucket, Key=self.manifest_key(version))
            self._known[version] = None
            self._objects.pop(version, None)

    def remove_others(self, manifest: RawManifest) -> int:
        """Delete the objects of a version that its manifest does not name, and return how many there were.

        They are another dataset's of the same version number, or what a landing that failed has left. A manifest of
        another version that references one of them holds no longer, as `_holds` tells: so nobody uses it.
        """
        named = {file["raw_key"] for file in manifest["files"]}
        prefix = f"{self._raw}/version={manifest['raw_version']}/"
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        others = [one["Key"] for page in pages for one in page.get("Contents", []) if one["Key"] not in named]
        for start in range(0, len(others), _DELETE_BATCH):
            keys = others[start : start + _DELETE_BATCH]
            answer = self._s3.delete_objects(
                Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
            )
            if errors := answer.get("Errors"):
                raise StorageUnavailable(
                    f"{len(errors)} of {len(others)} objects below {prefix} that belong to no file were not deleted, "
                    f"the first {errors[0].get('Key')}: {errors[0].get('Code')}. Retryable."
                )
        return len(others)

    def put_manifest(self, manifest: RawManifest) -> RawManifest:
        """Write a version's manifest, the last thing that is written; return the one that stands.

        An invocation that Step Functions gave up may still run beside the next one. They land the same bytes; the
        manifest of the quicker one stays, as others may have read it.
        """
        version, body = manifest["raw_version"], json.dumps(manifest, indent=1).encode()
        key = self.manifest_key(version)
        for _ in range(_WRITES):
            if self._create(key, body):
                return manifest
            self._known.pop(version, None)
            self._objects.pop(version, None)
            if standing := self.manifest(version):
                return standing
        raise StorageUnavailable(f"S3 took no write of {key}: each came beside another one. Retryable.")

    def put(self, version: int, name: str, blocks: Iterator[bytes]) -> str:
        """Write a raw object from a stream, in parts where it is large, and return its key."""
        key = f"{self._raw}/version={version}/{name}.csv"
        self._s3.upload_fileobj(
            _Stream(blocks),  # type: ignore[arg-type]
            self._bucket,
            key,
            ExtraArgs={"ContentType": "text/csv"},
            Config=_TRANSFER,
        )
        return key

    def _create(self, key: str, body: bytes) -> bool:
        """Write an object that is not there yet; whether it was so.

        S3 answers 412 where it is there, and 409 while another such write is on its way: only then is there nobody yet
        to give way to, so this one is tried again.
        """
        put = partial(self._s3.put_object, Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")
        conflicts = 0
        while True:
            try:
                put(IfNoneMatch="*")
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == "PreconditionFailed":
                    return False
                conflicts += 1
                if code != "ConditionalRequestConflict" or conflicts == _CONFLICTS:
                    raise
                time.sleep(_CONFLICT_SECONDS)
            else:
                return True

    def _holds(self, file: FileEntry) -> bool:
        """Tell whether this code made a raw object, and the manifest of its own version says the same of it as `file`.

        Only the source's path may be another: the file may have moved since.
        """
        found = re.search(r"/version=([0-9]+)/", file["raw_key"])
        if found is None or file.get("ingest_code") != INGEST_CODE:
            return False
        one = self._objects_of(int(found[1])).get(file["raw_key"])
        return one is not None and {**one, "source": file["source"]} == file

    def _objects_of(self, version: int) -> dict[str, FileEntry]:
        """Return the files that a version's manifest names, by their keys."""
        if version not in self._objects:
            manifest = self.manifest(version)
            self._objects[version] = {one["raw_key"]: one for one in manifest["files"]} if manifest else {}
        return self._objects[version]

    def _versions(self) -> Iterator[int]:
        prefix = f"{self._manifests}/raw/version="
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            for one in page.get("Contents", []):
                number = one["Key"].removeprefix(prefix).removesuffix(".json")
                if number.isascii() and number.isdecimal():
                    yield int(number)

    def _json(self, key: str, shape: Shape) -> dict[str, Any] | None:
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=key)
        except self._s3.exceptions.NoSuchKey:
            return None
        with contextlib.closing(answer["Body"]) as body:  # its own `with` gives a stream that ends quietly when cut off
            return parsed(body.read(), f"s3://{self._bucket}/{key}", shape)


class _Stream:
    """Blocks of bytes as a file to read from, so that boto3 can send them as they are made."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        parts, missing = [], size
        while missing:
            block = self._rest or next((block for block in self._blocks if block), b"")
            if not block:
                break
            part, self._rest = (block, b"") if size < 0 else (block[:missing], block[missing:])
            parts.append(part)
            missing -= len(part) if size > 0 else 0
        return b"".join(parts)
