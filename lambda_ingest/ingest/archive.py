"""The downloaded archive: looked at before anything is read from it, then read entry by entry without unpacking."""

from __future__ import annotations

import contextlib
import gzip
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from ingest.archive_files import INDEX_BYTES, TarIndex, ZipIndex, unpacked
from ingest.entries import Entry, Open, bounded, components, printable
from ingest.errors import SourceUnavailable, UnsafeArchive
from ingest.texts import cut

# zipfile gives bzip2 and lzma no bound for what they unpack at once: a kilobyte becomes gigabytes.
_READABLE = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflate"}
_ENCRYPTED = 0x1  # bit of a zip entry's flags
_GZIP = b"\x1f\x8b"
_OTHER_PACKERS = {
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf": "7-Zip",
    b"Rar!": "RAR",
}
_TAR = slice(257, 262), b"ustar"
LONGEST_PATH = 1024
"""Characters of an entry's path, which manifests and messages repeat: as many as a key in S3 may have bytes."""

# NotImplementedError: zipfile meets a version or a feature that it does not know.
_DAMAGE: tuple[type[Exception], ...] = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, struct.error),
    *(EOFError, NotImplementedError, OverflowError, UnicodeError),
)


@contextlib.contextmanager
def opened(path: Path, *, max_bytes: int) -> Iterator[Iterable[Entry]]:
    """Open a zip, tar or gzipped tar archive and give its files, in the archive's order, to be gone through once.

    Raises UnsafeArchive for paths that climb out, links, devices and what cannot be read; SourceTooLarge where the
    files declare more than `max_bytes` together, or are too many; SourceUnavailable where it is no archive or a
    damaged one.
    """
    with contextlib.ExitStack() as stack:
        # ValueError, OSError: numbers and places in a header that cannot be.
        with _damage_named("the archive", ValueError, OSError):
            start = _start(path)
            if start.startswith(_GZIP):
                path = stack.enter_context(unpacked(path, max_bytes=max_bytes + INDEX_BYTES))
                start = _start(path)
            place, magic = _TAR
            if start[place] == magic:
                entries: Iterable[Entry] = list(bounded(_tar_entries(path), max_bytes))
            else:
                archive = stack.enter_context(zipfile.ZipFile(stack.enter_context(ZipIndex(path))))
                for _ in bounded(_zip_entries(archive), max_bytes):
                    pass  # all are looked at before one is read, and none is kept: there may be a million
                entries = _zip_entries(archive)
        yield entries


def _start(path: Path) -> bytes:
    """Return a file's first bytes. Raises UnsafeArchive where they are of a format that is not read."""
    with path.open("rb") as file:
        start = file.read(512)
    for magic, name in _OTHER_PACKERS.items():
        if start.startswith(magic):
            raise UnsafeArchive(
                f"The archive is packed by {name}. Expected zip, tar or tar.gz, whose memory has a bound. "
                "Fix the dataset. Not retryable."
            )
    return start


def _zip_entries(archive: zipfile.ZipFile) -> Iterator[Entry]:
    for info in archive.infolist():
        path = _checked_path(info.filename)
        # The upper half holds the Unix mode where a Unix system packed the entry.
        mode = info.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise UnsafeArchive(_unsafe(path, "is a link or a device"))
        if info.flag_bits & _ENCRYPTED:
            raise UnsafeArchive(_unsafe(path, "is encrypted"))
        if info.compress_type not in _READABLE:
            expected = " or ".join(_READABLE.values())
            raise UnsafeArchive(_unsafe(path, f"is packed by method {info.compress_type}, expected {expected}"))
        if not info.is_dir():
            yield Entry(path, info.file_size, _zip_opener(archive, info, path))


def _zip_opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Open:
    def opened() -> IO[bytes]:
        # Several files are read at once. On Python 3.13.0, open() goes on from where another thread left the file, if
        # the entry has extra fields (probably github.com/python/cpython/issues/127847). Each step takes this lock.
        with archive._lock:  # type: ignore[attr-defined]
            return archive.open(info)

    return lambda: _read(name, opened)


def _tar_entries(path: Path) -> Iterator[Entry]:
    with TarIndex(path) as file, tarfile.open(fileobj=file, mode="r:") as archive:
        while member := archive.next():
            archive.members.clear()  # type: ignore[attr-defined]  # tarfile keeps each of them
            name = _checked_path(member.name)
            if not (member.isfile() or member.isdir()):
                raise UnsafeArchive(_unsafe(name, "is a link or a device"))
            if member.size < 0 or member.issparse():
                raise UnsafeArchive(_unsafe(name, "has a size below 0, or is sparse"))
            if member.isfile():
                yield Entry(name, member.size, _tar_opener(path, member, name))
            file.next_entry()
        # tarfile takes a header that it cannot read for the end.
        file.seek(archive.offset)
        if file.read(tarfile.BLOCKSIZE) != tarfile.NUL * tarfile.BLOCKSIZE:
            raise tarfile.ReadError(f"neither an entry nor the end at byte {archive.offset}")


def _tar_opener(path: Path, member: tarfile.TarInfo, name: str) -> Open:
    return lambda: _read(name, lambda: _member(path, member))


@contextlib.contextmanager
def _member(path: Path, member: tarfile.TarInfo) -> Iterator[IO[bytes]]:
    # Its own handle: a TarFile has one position, shared by all who read from it.
    with tarfile.open(path, "r:") as archive:
        content = archive.extractfile(member)
        assert content is not None
        with content:
            yield content


@contextlib.contextmanager
def _read(name: str, opened: Open) -> Iterator[IO[bytes]]:
    """Open an entry. Raises SourceUnavailable where the archive proves damaged, there or further on.

    zipfile and tarfile give at most the declared bytes and check the sum, so an entry that holds more is damaged.
    """
    with contextlib.ExitStack() as stack:
        with _damage_named(name, OSError, ValueError):  # a place that is not in the file
            content = stack.enter_context(opened())
        with _damage_named(name):
            yield content


def _checked_path(path: str) -> str:
    """Return an entry's path in printable characters. Raises UnsafeArchive where it is none of an ordinary file."""
    parts = components(path)
    if ".." in parts or parts[0] == "" or re.match(r"[A-Za-z]:", path):
        raise UnsafeArchive(_unsafe(path, "leads out of the archive's folder"))
    if len(path) > LONGEST_PATH:
        raise UnsafeArchive(_unsafe(path, f"has a path of {len(path)} characters, at most {LONGEST_PATH} are read"))
    return printable(path)


def _unsafe(path: str, what: str) -> str:
    return f"The archive's entry {cut(path)!r} {what}. Nothing was read from it. Fix the dataset. Not retryable."


@contextlib.contextmanager
def _damage_named(what: str, *others: type[Exception]) -> Iterator[None]:
    try:
        yield
    except (*_DAMAGE, *others) as error:
        raise SourceUnavailable(
            f"The download is damaged at {what}: {error}. Retryable: the archive is downloaded anew."
        ) from error
