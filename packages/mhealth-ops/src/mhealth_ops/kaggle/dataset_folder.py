"""The versions of a directory as a Kaggle dataset: each is a zip archive, created when the version is first seen."""

from __future__ import annotations

import base64
import hashlib
import shutil
import threading
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

KEPT_VERSIONS = 3
"""The number of archives that are kept, including the current version."""

_Fingerprint = tuple[tuple[object, ...], ...]


@dataclass(frozen=True)
class Version:
    """A version: number (from 1), archive, the archive's size and base64 MD5, and the state of the directory."""

    number: int
    archive: Path
    bytes: int
    md5: str
    fingerprint: _Fingerprint


class DatasetFolder:
    """The versions of `source`: a directory whose files are archived, or a file that is the archive.

    Archives are written to `scratch`. A check for changes costs one stat per file.
    """

    def __init__(self, source: Path, scratch: Path) -> None:
        self.source = source
        self._scratch = scratch
        self._versions: list[Version] = []
        self._lock = threading.Lock()

    def current(self) -> Version:
        """Return the current version: the last one, or a new one if a name or a content has changed."""
        with self._lock:
            fingerprint = self._fingerprint()
            if self._versions and self._versions[-1].fingerprint == fingerprint:
                return self._versions[-1]
            number = self._versions[-1].number + 1 if self._versions else 1
            made = self._pack(number, fingerprint)
            if self._versions and self._versions[-1].md5 == made.md5:
                # Only the modification time has changed. The archive depends on names and contents only.
                made.archive.unlink()
                self._versions[-1] = replace(self._versions[-1], fingerprint=fingerprint)
            else:
                self._versions.append(made)
                for old in self._versions[:-KEPT_VERSIONS]:
                    old.archive.unlink()
                del self._versions[:-KEPT_VERSIONS]
            return self._versions[-1]

    def version(self, number: int) -> Version | None:
        """Return a version by number, None where it does not exist or its archive was deleted."""
        with self._lock:
            return next((version for version in self._versions if version.number == number), None)

    def _files(self) -> list[Path]:
        if self.source.is_file():
            return [self.source]
        return sorted(path for path in self.source.rglob("*") if path.is_file())

    def _fingerprint(self) -> _Fingerprint:
        found = []
        for path in self._files():
            stat = path.stat()
            found.append((str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))
        return tuple(found)

    def _pack(self, number: int, fingerprint: _Fingerprint) -> Version:
        self._scratch.mkdir(parents=True, exist_ok=True)
        archive = self._scratch / f"version-{number}.zip"
        if self.source.is_file():
            shutil.copyfile(self.source, archive)
        else:
            # Not compressed: this is as fast as copying, and loopback bandwidth is no limit.
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as zipped:
                for path in self._files():
                    # A fixed date, so that equal contents give equal archives.
                    entry = zipfile.ZipInfo(path.relative_to(self.source).as_posix())
                    with path.open("rb") as source, zipped.open(entry, "w", force_zip64=True) as target:
                        shutil.copyfileobj(source, target, 1 << 20)
        with archive.open("rb") as packed:
            md5 = hashlib.file_digest(packed, lambda: hashlib.md5(usedforsecurity=False)).digest()
        return Version(number, archive, archive.stat().st_size, base64.b64encode(md5).decode(), fingerprint)
