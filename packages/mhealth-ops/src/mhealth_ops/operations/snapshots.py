"""The published snapshot of a stack, earlier publications, and the snapshots for a rollback.

Only the view defines the published snapshot. manifests/publications/S.json records the last publication of snapshot S.
All commands use this module.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from mhealth_ops.operations.errors import OperationFailed
from mhealth_ops.operations.queries import run_query
from mhealth_ops.operations.stacks import Stack

VIEW, TABLE = "mhealth", "mhealth_snapshots"

_MANIFEST = re.compile(r"manifests/snapshots/([0-9]+)\.json")
_RECORD = re.compile(r"manifests/publications/([0-9]+)\.json")
_VIEW_TEXT = re.compile(r"/\*\s*Presto View:\s*(\S+)\s*\*/")
"""Athena's format of a view: base64 of JSON, with the statement as `originalSql`."""
_SELECTED = re.compile(r'\bsnapshot"?\s*=\s*([0-9]+)\b')


@dataclass(frozen=True)
class Snapshot:
    """A snapshot with a manifest, and its totals from the manifest's metadata."""

    number: int
    rows: int
    subjects: int
    quarantined: int
    raw_version: int


@dataclass(frozen=True)
class View:
    """The view: its snapshot, None where its statement names none, and the time of its last change."""

    snapshot: int | None
    since: datetime


def shown(stack: Stack) -> View | None:
    """The view, None where there is none."""
    found = _described(stack, VIEW)
    if found is None:
        return None
    since = found.get("UpdateTime") or found.get("CreateTime") or datetime.now(UTC)
    return View(_selected(found.get("ViewOriginalText", "")), since.astimezone(UTC))


def readers_see(stack: Stack) -> int | None:
    """The snapshot that the view shows, None without a view, or if it names no snapshot."""
    view = shown(stack)
    return None if view is None else view.snapshot


def has_table(stack: Stack) -> bool:
    """Whether the view's table is in the catalog."""
    return _described(stack, TABLE) is not None


def _described(stack: Stack, name: str) -> dict[str, Any] | None:
    glue = stack.session.client("glue")
    try:
        return dict(glue.get_table(DatabaseName=stack.outputs["DatabaseName"], Name=name)["Table"])
    except glue.exceptions.EntityNotFoundException:
        return None


def _selected(text: str) -> int | None:
    if (kept := _VIEW_TEXT.search(text)) is None:
        return None
    try:
        view = json.loads(base64.b64decode(kept[1], validate=True))
        named = set(_SELECTED.findall(str(view["originalSql"])))
    except (ValueError, KeyError, TypeError):
        return None
    return int(named.pop()) if len(named) == 1 else None


def written(stack: Stack) -> list[Snapshot]:
    """All snapshots with a manifest, the oldest first, including unpublished ones."""
    keys = [key for key, _ in stack.objects("manifests/snapshots/")]
    return sorted(
        (_snapshot(stack, key, int(match[1])) for key in keys if (match := _MANIFEST.fullmatch(key))),
        key=lambda snapshot: snapshot.number,
    )


def _snapshot(stack: Stack, key: str, number: int) -> Snapshot:
    totals = stack.session.client("s3").head_object(Bucket=stack.bucket, Key=key)["Metadata"]
    names = ("rows", "subjects", "quarantined", "raw_version")
    return Snapshot(number, *(int(totals[name]) for name in names))


def recorded(stack: Stack) -> set[int]:
    """The kept snapshots with a publication record."""
    keys = [key for key, _ in stack.objects("manifests/publications/")]
    return {int(match[1]) for key in keys if (match := _RECORD.fullmatch(key))}


def manifest(stack: Stack, number: int) -> dict[str, Any] | None:
    """The manifest of a snapshot, None where there is none."""
    return _document(stack, _manifest_key(number))


def _manifest_key(number: int) -> str:
    return f"manifests/snapshots/{number}.json"


def publication(stack: Stack, number: int) -> dict[str, Any] | None:
    """The publication record, None where it does not exist or is malformed."""
    try:
        return _document(stack, f"manifests/publications/{number}.json")
    except ValueError:
        return None


def _document(stack: Stack, key: str) -> dict[str, Any] | None:
    try:
        return stack.document(key)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise


def nothing_to_query(stack: Stack) -> str | None:
    """Why readers cannot query the view, and how to restore it; None where they can, by the catalog."""
    if not has_table(stack):
        return f"the table {TABLE} is gone: docs/operations.md, 'Restore a dropped table', says how to restore it"
    if shown(stack) is not None:
        return None
    if published := recorded(stack):
        return f"the view {VIEW} is gone, and {len(published)} published snapshots are kept: mhealth run restores it"
    return "nothing is published yet: start mhealth run"


def table_folder(number: int) -> str:
    """The prefix of a snapshot's files of the table."""
    return f"processed/snapshot={number}/"


def missing_files(stack: Stack, number: int, made: Mapping[str, Any]) -> list[str]:
    """The keys of a snapshot's files, by its manifest `made`, that are missing or have another size."""
    there = dict(stack.objects(table_folder(number)))
    return sorted(file["key"] for file in made["files"] if there.get(file["key"]) != file["bytes"])


def require_files(stack: Stack, number: int, made: Mapping[str, Any], what_to_do: str) -> None:
    """Require that every file of the manifest exists. Raises OperationFailed, whose message ends with `what_to_do`."""
    broken = missing_files(stack, number, made)
    if broken:
        raise OperationFailed(
            f"Snapshot {number} is incomplete: {len(broken)} of its {len(made['files'])} files are missing or have "
            f"another size, the first {broken[0]}. {what_to_do}"
        )


def require_complete(stack: Stack, snapshot: Snapshot) -> None:
    """Require that every file of the manifest exists, and that a query returns every row. Raises OperationFailed."""
    number = snapshot.number
    require_files(stack, number, stack.document(_manifest_key(number)), "Choose another one.")
    # A partition that is not registered yields no rows and no error.
    counted = count(stack, f"{TABLE} WHERE snapshot = {number}")
    if counted != snapshot.rows:
        raise OperationFailed(
            f"Snapshot {number} is incomplete: through the catalog there are {counted:,} of its "
            f"{snapshot.rows:,} rows, so partitions are missing. Choose another one."
        )


def count(stack: Stack, of: str) -> int:
    """Count the rows of a table or view through Athena; `of` may have a condition. Raises QueryFailed."""
    ((counted,),) = run_query(stack, f"SELECT count(*) FROM {of}").rows  # noqa: S608
    return int(counted or 0)
