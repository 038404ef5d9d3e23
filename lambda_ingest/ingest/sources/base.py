"""What a source of datasets is. docs/data.md shows how another one is added."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import ClassVar, Self

from ingest.entries import Entry


class DatasetSource(ABC):
    """A dataset somewhere, in versions. A run makes one, asks for the latest version, and downloads at most one.

    `handle` is the source as the stack names it, in which a version may be pinned; `dataset` is its name without that.
    Both stand in the records of what was published, so they must not change with the code.

    Its errors are SourceNotFound, SourceDenied, SourceTooLarge, SourceChanged and SourceUnavailable of errors.py. The
    state machine tries again after the last two.
    """

    expected: ClassVar[str]
    """The form of its URI, as error messages show it."""

    counts: ClassVar[bool] = True
    """Whether a later version has a higher number. Else (`content_version`) numbers are the same or others."""

    handle: str
    dataset: str

    @classmethod
    @abstractmethod
    def from_location(cls, location: str, environment: Mapping[str, str]) -> Self:
        """Return the source of a URI by what stands behind its `://`. Asks nobody.

        `environment` is the function's. Raises SourceNotFound where there can't be such a source.
        """

    @abstractmethod
    def latest_version(self) -> int:
        """Return the number of the version that a daily run publishes, 1 to 2147483647. Downloads nothing."""

    @abstractmethod
    def download(
        self, version: int, *, max_bytes: int, seconds: float | None = None
    ) -> AbstractContextManager[Iterable[Entry]]:
        """Give a version's files while the context lasts: gone through once, each opened any number of times.

        They have at most `max_bytes` together, else SourceTooLarge. Copying them here may take `seconds`, None for any
        time. `latest_version` was called before. Raises InvalidInput where there is no longer such a version.
        """


_LOWEST, _HIGHEST = 10**9, 2**31 - 1


def content_version(content: str) -> int:
    """Return the number of a version by its content, for a source that has no numbers: equal for equal texts.

    Ten digits, so that nobody takes it for the third or fourth version. Two contents get one number once in 1.1
    thousand million.

    >>> content_version("a"), content_version("b"), content_version("a")
    (1310181322, 1062935882, 1310181322)
    """
    digest = hashlib.sha256(content.encode()).digest()
    return _LOWEST + int.from_bytes(digest[:8], "big") % (_HIGHEST - _LOWEST + 1)
