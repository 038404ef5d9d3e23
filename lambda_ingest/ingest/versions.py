"""Which version of the dataset a run is about, and whether that is published already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingest.errors import InvalidInput
from ingest.raw_zone import RawManifest
from ingest.sources.base import DatasetSource


@dataclass(frozen=True)
class Versions:
    """`wanted` is the version to publish, `newest` the latest that the source has, or the one that its handle pins.

    `handle` and `dataset` are the source's, and so is `counts`: whether a later version has a higher number.
    `allow_missing_subjects` is whether the execution's input allows this run to lose subjects.
    """

    handle: str
    dataset: str
    wanted: int
    newest: int
    backfill: bool
    counts: bool = True
    allow_missing_subjects: bool = False


def asked_for(source: DatasetSource, execution_input: Any) -> Versions:
    """Ask a source for its latest version; the execution's input may name another: `{"dataset_version": N}`.

    The input may also have `"allow_missing_subjects": true`. Raises InvalidInput, and the errors of `latest_version`.
    """
    given = _understood(execution_input)
    backfill = given.get("dataset_version")
    newest = source.latest_version()
    if backfill is not None and source.counts and backfill > newest:
        raise InvalidInput(
            f"The execution's input asks for version {backfill} of {source.handle}, whose newest is {newest}. Expected "
            f"{f'1 to {newest}' if newest > 1 else '1, or no version'}. Start a new execution. Not retryable."
        )
    return Versions(
        source.handle,
        source.dataset,
        backfill or newest,
        newest,
        backfill is not None,
        source.counts,
        given.get("allow_missing_subjects") is True,
    )


def _understood(execution_input: Any) -> Mapping[str, Any]:
    """The execution's input. Raises InvalidInput for a name or a value that it may not have."""
    given = {} if execution_input is None else execution_input
    if isinstance(given, dict) and set(given) <= {"dataset_version", "allow_missing_subjects"}:
        version, allowed = given.get("dataset_version"), given.get("allow_missing_subjects")
        if (version is None or (type(version) is int and version > 0)) and (allowed is None or type(allowed) is bool):
            return given
    raise InvalidInput(
        f"The execution's input is {str(given)[:200]!r}. Expected {{}} for the daily run, or "
        '{"dataset_version": N} to publish version N; both may have "allow_missing_subjects": true. Start a new '
        "execution. Not retryable."
    )


def is_pinned_to_backfill(versions: Versions, code_version: str, current: Mapping[str, Any] | None) -> bool:
    """Whether an older version was published on purpose, and the source has nothing newer than it had then.

    `current` is the record of what the last run published, None before the first publication. The source may have less
    than it had then: its newest version was withdrawn.
    """
    if current is None or versions.backfill:
        return False
    then = current["newest_version"]
    return bool(
        current["raw_version"] != then
        and (then >= versions.newest if versions.counts else then == versions.newest)
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
