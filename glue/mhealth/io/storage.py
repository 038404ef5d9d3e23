"""Objects by key under one root: a bucket (`s3://BUCKET`) or a folder (`file:///FOLDER`), with the same guarantees.

Writes are atomic: a reader sees an object whole or not at all. Keys are relative to the root, without a slash in front.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol


class StorageError(Exception):
    """The storage refused a request; the message names the key. Retryable."""


@dataclass(frozen=True)
class StoredObject:
    """A key, its size in bytes, and its ETag, which is another one after each write."""

    key: str
    size: int
    etag: str


class Storage(Protocol):
    """The operations that the jobs use. Reading a key that does not exist raises FileNotFoundError."""

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

    def upload(self, path: Path, key: str) -> str | None:
        """Move a local file to the storage; returns the ETag of the object, None where the storage does not tell it."""

    def download(self, key: str, path: Path) -> None:
        """Copy an object to a local file, which must not be changed."""

    def copy(self, source: str, target: str) -> None:
        """Copy within the storage (server-side)."""

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        """The objects whose key starts with `prefix`, in the order of their keys."""

    def folders(self, prefix: str) -> list[str]:
        """The distinct prefixes `prefix...` up to and with the next slash. `prefix` ends with a slash."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects. Keys that do not exist are ignored."""


def existing(storage: Storage, keys: Sequence[str]) -> list[str]:
    """Those of the keys that exist, by a listing of each folder that they are in."""
    folders = sorted({f"{key.rpartition('/')[0]}/" for key in keys})
    found = {stored.key for folder in folders for stored in storage.objects(folder)}
    return [key for key in keys if key in found]


def io_threads(count: int) -> ThreadPoolExecutor:
    """A thread pool for `count` requests: at most 16 threads."""
    return ThreadPoolExecutor(max_workers=max(1, min(16, count)))
