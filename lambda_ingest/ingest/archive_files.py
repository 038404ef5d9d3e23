"""The archive's file as zipfile and tarfile may read it: a bounded list of entries, and a tar unpacked once."""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ingest.errors import SourceTooLarge, UnsafeArchive

MOST_ENTRIES = 1_000_000
"""Entries of an archive, files or not. A million cost 0.6 GB of memory (measured 2026-11); the function has 1.7."""

INDEX_BYTES = 128 << 20
"""Bytes of a zip's directory, or of a tar's headers: a million entries with names of 80 characters."""

HEADER_BYTES = 64 << 10
"""Bytes of what stands in front of one entry of a tar: a long name, attributes, the map of a sparse file."""

_DIRECTORY_ENTRY = b"PK\x01\x02"
_BLOCK_BYTES = 1 << 20


class ZipIndex(io.FileIO):
    """A zip's file. zipfile reads the directory at once and makes half a kilobyte of each entry: it is counted first.

    Raises SourceTooLarge where a read gives more than INDEX_BYTES or MOST_ENTRIES.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        """Return `size` bytes, fewer at the end."""
        if size is None or size < 0:
            size = os.fstat(self.fileno()).st_size - self.tell()
        if size > INDEX_BYTES:
            raise SourceTooLarge(
                f"The archive's directory has {size} bytes; at most {INDEX_BYTES} are read. "
                "Fix the dataset: publish fewer files. Not retryable."
            )
        data = super().read(size)
        require_few(data.count(_DIRECTORY_ENTRY))
        return data


class TarIndex(io.FileIO):
    """A tar's file. tarfile reads what stands in front of an entry into memory, as much as that says it is.

    Raises UnsafeArchive where it is more than HEADER_BYTES, SourceTooLarge where all of it is more than INDEX_BYTES.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._entry = 0
        self._all = 0

    def next_entry(self) -> None:
        """What is read from now on belongs to the next entry."""
        self._entry = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Return `size` bytes, fewer at the end."""
        if size is None or size < 0 or self._entry + size > HEADER_BYTES:
            raise UnsafeArchive(
                f"The archive has an entry with more than {HEADER_BYTES} bytes of headers in front of it. Nothing was "
                "read from it. Fix the dataset. Not retryable."
            )
        self._entry += size
        self._all += size
        if self._all > INDEX_BYTES:
            raise SourceTooLarge(
                f"The archive's headers have more than {INDEX_BYTES} bytes. Fix the dataset: publish fewer files, or a "
                "zip archive. Not retryable."
            )
        return super().read(size)


def require_few(entries: int) -> None:
    """Raise SourceTooLarge where an archive has more than MOST_ENTRIES."""
    if entries > MOST_ENTRIES:
        raise SourceTooLarge(
            f"The archive has {entries} entries or more; at most {MOST_ENTRIES} are read. "
            "Fix the dataset: publish fewer files. Not retryable."
        )


@contextlib.contextmanager
def unpacked(path: Path, *, max_bytes: int) -> Iterator[Path]:
    """Give the file that a gzip file holds, unpacked beside it once, so that its entries can be read in any order.

    Raises SourceTooLarge where that is more than `max_bytes` or than the disk; what gzip raises where it is damaged.
    """
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tar") as target, gzip.open(path) as source:
        left = max_bytes
        try:
            while block := source.read(_BLOCK_BYTES):
                left -= len(block)
                if left < 0:
                    raise SourceTooLarge(
                        f"The archive has more than {max_bytes} bytes unpacked (MAX_SOURCE_BYTES, the stack's "
                        "parameter MaxSourceBytes, and what tar adds). Raise the parameter if that is right. "
                        "Not retryable."
                    )
                target.write(block)
            target.flush()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise SourceTooLarge(
                "The disk has no room for the archive and what is in it. Give the function more ephemeral storage. "
                "Not retryable."
            ) from error
        yield Path(target.name)
