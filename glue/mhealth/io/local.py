"""Objects as files below a folder, for tests and local runs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from mhealth.io.storage import StoredObject


class LocalStorage:
    """A folder as storage. New objects are written below tmp/ and moved into place."""

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
        """Hold a lock: no other worker makes or removes folders in the block."""
        self._folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _move(self, scratch: Path, key: str) -> str:
        target = self._path(key)
        scratch.chmod(0o644)
        etag = _etag(scratch.stat())
        with self._alone():
            target.parent.mkdir(parents=True, exist_ok=True)
            scratch.replace(target)
        return etag

    def put(self, key: str, data: bytes, metadata: Mapping[str, str] | None = None) -> None:  # noqa: ARG002
        scratch = self._scratch()
        scratch.write_bytes(data)
        self._move(scratch, key)

    def upload(self, path: Path, key: str) -> str | None:
        scratch = self._scratch()
        shutil.move(path, scratch)
        return self._move(scratch, key)

    def download(self, key: str, path: Path) -> None:
        path.symlink_to(self._path(key).resolve(strict=True))

    def copy(self, source: str, target: str) -> None:
        scratch = self._scratch()
        scratch.unlink()
        # Objects are never written to, only replaced, so a hard link is a copy.
        os.link(self._path(source), scratch)
        self._move(scratch, target)

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        start = self._folder / prefix.rpartition("/")[0]
        found = ((path.relative_to(self._folder).as_posix(), path) for path in start.rglob("*") if path.is_file())
        for key, path in sorted(found):
            if key.startswith(prefix):
                stat = path.stat()
                yield StoredObject(key, stat.st_size, _etag(stat))

    def folders(self, prefix: str) -> list[str]:
        rests = (stored.key.removeprefix(prefix) for stored in self.objects(prefix))
        return sorted({f"{prefix}{rest.partition('/')[0]}/" for rest in rests if "/" in rest})

    def delete(self, keys: Iterable[str]) -> None:
        with self._alone():
            for key in keys:
                self._remove(self._path(key))

    def _remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        # S3 has no empty folders.
        for folder in path.parents:
            if folder == self._folder or not folder.is_dir() or any(folder.iterdir()):
                break
            folder.rmdir()


def _etag(stat: os.stat_result) -> str:
    return f"{stat.st_ino}-{stat.st_mtime_ns}-{stat.st_size}"
