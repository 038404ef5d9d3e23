"""Which version of the dataset a run is about, and whether that is published already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingest.errors import InvalidInput
from ingest.raw_zone import RawManifest
from ingest.sources import kaggle as kaggle_source


@dataclass(frozen=True)
class Versions:
    """`wanted` is the version to publish, `newest` the newest that Kaggle has, or the one that the handle pins.

    `handle` is DATASET_HANDLE as it stands, `dataset` its owner/dataset.
    """

    handle: str
    dataset: str
    wanted: int
    newest: int
    backfill: bool

    @property
    def told_as_current(self) -> bool:
        """Whether Kaggle has just named the wanted version as its current one; of a pinned one it was not asked."""
        return self.wanted == self.newest and self.handle == self.dataset


def asked_for(handle: str, execution_input: Any) -> Versions:
    """Ask Kaggle for the newest version; the execution's input may name another: `{"dataset_version": N}`.

    Raises InvalidInput, and the errors of `kaggle_source.current_version`.
    """
    backfill = _named_version(execution_input)
    newest = kaggle_source.current_version(handle)
    if backfill is not None and backfill > newest:
        raise InvalidInput(
            f"The execution's input asks for version {backfill} of {handle}, whose newest is {newest}. Expected 1 to "
            f"{newest}. Start a new execution; a retry of this one does not help."
        )
    return Versions(handle, kaggle_source.name_of(handle), backfill or newest, newest, backfill is not None)


def _named_version(execution_input: Any) -> int | None:
    given = {} if execution_input is None else execution_input
    version = given.get("dataset_version") if isinstance(given, dict) else None
    understood = isinstance(given, dict) and set(given) <= {"dataset_version"}
    if not understood or not (version is None or (type(version) is int and version > 0)):
        raise InvalidInput(
            f"The execution's input is {str(given)[:200]!r}. Expected {{}} for the daily run, or "
            '{"dataset_version": N} to publish version N. Start a new execution; a retry of this one does not help.'
        )
    return version


def holds_a_backfill(versions: Versions, code_version: str, current: Mapping[str, Any] | None) -> bool:
    """Whether an older version was published on purpose, and Kaggle has nothing newer than it had then.

    `current` is the record of what the last run published, None before the first publication. Kaggle may have less than
    it had then: its newest version was withdrawn.
    """
    if current is None or versions.backfill:
        return False
    return bool(
        current["raw_version"] != current["newest_version"] >= versions.newest
        and current["code_version"] == code_version
        and _handle_of(current) == versions.handle
    )


def is_asked_anew(versions: Versions, current: Mapping[str, Any] | None) -> bool:
    """Whether a person asks for a version: by the execution's input, or by another handle than the last run's."""
    return current is not None and (versions.backfill or _handle_of(current) != versions.handle)


def is_published(manifest: RawManifest, code_version: str, current: Mapping[str, Any] | None) -> bool:
    """Whether what `manifest` tells of is published, made by this code."""
    if current is None:
        return False
    same = all(current[name] == manifest[name] for name in ("dataset", "raw_version"))
    # It can have landed again since, by other code or after another dataset of the same version number.
    return bool(same and current["code_version"] == code_version and manifest["landed"] <= current["snapshot"])


def _handle_of(current: Mapping[str, Any]) -> str:
    """Return the handle that the last run asked for; a record that was written afterwards does not tell it."""
    return str(current.get("dataset_handle", current["dataset"]))
