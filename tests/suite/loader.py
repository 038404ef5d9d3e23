"""One loader of botocore's models for all boto3 sessions of a process of tests.

A session has a loader of its own, which looks through the folders of 400 services and parses the models of its
clients: some 0.1 s of CPU for a session with two clients. A command of `mhealth` makes one session, and tests call
hundreds of commands in their process. The loader's models are as much shared by the clients of one session.
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


def pytest_configure() -> None:
    """Give it to sessions from now on."""
    botocore.session.create_loader = shared_loader


def pytest_unconfigure() -> None:
    """Give each session its own again."""
    botocore.session.create_loader = _original
    shared_loader.cache_clear()
