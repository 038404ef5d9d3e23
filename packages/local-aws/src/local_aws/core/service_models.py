"""One loader of the services' models for all boto3 sessions of a process.

A session has a loader of its own, which looks through the folders of 400 services, and parses the endpoints of all
regions and the models of its clients. The clients of one session share them anyway.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

import botocore.session
from botocore.loaders import Loader

_original = botocore.session.create_loader


class _Folders(list[str]):
    """The folders of models. Each boto3 session adds boto3's own; here it is added once."""

    def append(self, folder: str) -> None:
        """Add a folder if it is new."""
        if folder not in self:
            super().append(folder)

    def extend(self, folders: Iterable[str]) -> None:
        """Add the new ones of these folders."""
        for folder in folders:
            self.append(folder)


@functools.cache
def shared_loader(data_path: str | None = None) -> Loader:
    """The loader of all sessions with the same AWS_DATA_PATH."""
    found = _original(data_path).search_paths
    return Loader(extra_search_paths=_Folders(found), include_default_search_paths=False)


def share() -> None:
    """Give the shared loader to every session from now on: for a process of its own."""
    botocore.session.create_loader = shared_loader


def unshare() -> None:
    """Give each new session its own loader again."""
    botocore.session.create_loader = _original
    shared_loader.cache_clear()
