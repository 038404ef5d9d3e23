"""The downloaded archive: looked at before anything is read from it, then read entry by entry without unpacking."""

from __future__ import annotations

import contextlib
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from errors import KaggleUnavailable, SourceTooLarge, UnsafeArchive

_READABLE = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
_ENCRYPTED = 0x1  # bit of a zip entry's flags
# NotImplementedError: zipfile meets a version or a feature that it does not know.
_DAMAGE: tuple[type[Exception], ...] = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
)
_SEPARATOR = re.compile(r"[/\\]")

_OPEN = Callable[[], contextlib.AbstractContextManager[IO[bytes]]]


@dataclass(frozen=True)
class Entry:
    """One file of the archive: its path there and its size unpacked, in bytes."""

    path: str
    size: int
    _open: _OPEN

    @property
    def base_name(self) -> str:
        """The last component of the path."""
        return _SEPARATOR.split(self.path)[-1]

    @contextlib.contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the entry for reading, in any thread. Raises KaggleUnavailable where the archive proves damaged.

        zipfile and tarfile give at most the declared bytes and check the sum, so an entry that holds more is damaged.
        """
        with contextlib.ExitStack() as stack:
            with _damage_named(self.path, OSError, ValueError):  # a place that is not in the file
                content = stack.enter_context(self._open())
            with _damage_named(self.path):
                yield content


@contextlib.contextmanager
def opened(path: Path, *, max_bytes: int) -> Iterator[list[Entry]]:
    """Open a zip or tar archive and give its files, in the archive's order.

    Raises UnsafeArchive for paths that climb out, links, devices and what cannot be read; SourceTooLarge where the
    files declare more than `max_bytes` together; KaggleUnavailable where it is no archive or a damaged one.
    """
    with contextlib.ExitStack() as stack:
        with _damage_named("the archive"):
            if tarfile.is_tarfile(path):
                entries = _bounded(_tar_entries(stack.enter_context(tarfile.open(path)), path), max_bytes)
            else:
                entries = _bounded(_zip_entries(stack.enter_context(zipfile.ZipFile(path))), max_bytes)
        yield entries


def _bounded(entries: Iterator[Entry], max_bytes: int) -> list[Entry]:
    """All entries. Raises SourceTooLarge at once where they are too much: a tar is unpacked to find the next one."""
    found, total = [], 0
    for entry in entries:
        found.append(entry)
        total += entry.size
        if total > max_bytes:
            raise SourceTooLarge(
                f"The dataset's files have {total} bytes unpacked, or more; at most {max_bytes} are accepted "
                "(MAX_SOURCE_BYTES, the stack's parameter MaxSourceBytes). Raise the parameter if that is right; a "
                "retry does not help."
            )
    return found


def _zip_entries(archive: zipfile.ZipFile) -> Iterator[Entry]:
    for info in archive.infolist():
        _check_path(info.filename)
        # The upper half holds the Unix mode where a Unix system packed the entry.
        mode = info.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise UnsafeArchive(_unsafe(info.filename, "is a link or a device"))
        if info.flag_bits & _ENCRYPTED:
            raise UnsafeArchive(_unsafe(info.filename, "is encrypted"))
        if info.compress_type not in _READABLE:
            raise UnsafeArchive(_unsafe(info.filename, f"is packed by method {info.compress_type}, which is not known"))
        if not info.is_dir():
            yield Entry(info.filename, info.file_size, _zip_opener(archive, info))


def _zip_opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _OPEN:
    return lambda: archive.open(info)


def _tar_entries(archive: tarfile.TarFile, path: Path) -> Iterator[Entry]:
    for member in archive:
        _check_path(member.name)
        if not (member.isfile() or member.isdir()):
            raise UnsafeArchive(_unsafe(member.name, "is a link or a device"))
        if member.isfile():
            yield Entry(member.name, member.size, _tar_opener(path, member))


def _tar_opener(path: Path, member: tarfile.TarInfo) -> _OPEN:
    @contextlib.contextmanager
    def opened() -> Iterator[IO[bytes]]:
        # Its own handle: a TarFile has one position, shared by all who read from it.
        with tarfile.open(path) as archive:
            content = archive.extractfile(member)
            assert content is not None
            with content:
                yield content

    return opened


def _check_path(path: str) -> None:
    components = _SEPARATOR.split(path)
    if ".." in components or components[0] == "" or re.match(r"[A-Za-z]:", path):
        raise UnsafeArchive(_unsafe(path, "leads out of the archive's folder"))


def _unsafe(path: str, what: str) -> str:
    return (
        f"The archive's entry {path!r} {what}. Nothing was read from it. A retry does not help: the dataset is to mend."
    )


@contextlib.contextmanager
def _damage_named(what: str, *others: type[Exception]) -> Iterator[None]:
    try:
        yield
    except (*_DAMAGE, *others) as error:
        raise KaggleUnavailable(
            f"The download is damaged at {what}: {error}. A retry makes sense: it downloads the archive anew."
        ) from error
