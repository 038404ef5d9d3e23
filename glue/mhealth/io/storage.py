"""Objects by key under one root: a bucket (`s3://BUCKET`) or a folder (`file:///FOLDER`), with the same promises.

An object appears whole or not at all. Keys are relative to the root and have no slash in front.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol


class StorageError(Exception):
    """The storage answered, but not with success; the message names the key. Retryable."""


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


def many(count: int) -> ThreadPoolExecutor:
    """Threads for `count` requests that mostly wait."""
    return ThreadPoolExecutor(max_workers=max(1, min(16, count)))
