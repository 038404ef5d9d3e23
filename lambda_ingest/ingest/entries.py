"""A file of a source, whichever source it is: its path there, its size, and how it is read."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO
from urllib.parse import quote

from ingest.errors import SourceTooLarge

_SEPARATOR = re.compile(r"[/\\]")

Open = Callable[[], contextlib.AbstractContextManager[IO[bytes]]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a source: its path there, in printable characters, and its size unpacked, in bytes.

    `open` opens it for reading, any number of times and in any thread. It raises the errors of errors.py where the file
    cannot be read, or is not as it was listed.
    """

    path: str
    size: int
    open: Open

    @property
    def base_name(self) -> str:
        """The last component of the path."""
        return self.components[-1]

    @property
    def components(self) -> list[str]:
        """The folders of the path, from the outermost, and the file's name."""
        return components(self.path)


def components(path: str) -> list[str]:
    """Return a path's components; a backslash parts them, too."""
    return _SEPARATOR.split(path)


def printable(path: str) -> str:
    """Return a path in printable characters: the others by percent signs, and no name with one becomes a key."""
    if path.isprintable():
        return path
    # No backslash: that would part the name.
    return "".join(one if one.isprintable() else quote(one, errors="surrogatepass") for one in path)


def bounded(entries: Iterator[Entry], max_bytes: int) -> Iterator[Entry]:
    """Pass entries on. Raises SourceTooLarge at once where they are too much: no more of a tar is read then."""
    total = 0
    for entry in entries:
        total += entry.size
        if total > max_bytes:
            raise SourceTooLarge(
                f"The dataset's files have {total} bytes unpacked, or more; at most {max_bytes} are accepted "
                "(MAX_SOURCE_BYTES, the stack's parameter MaxSourceBytes). Raise the parameter if that is right. "
                "Not retryable."
            )
        yield entry
