"""The snapshots of a stack: which one readers see, and which ones there are to go back to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local_aws.athena.stored_views import stored_view
from local_aws.operations.errors import OperationFailed
from local_aws.operations.queries import run_query
from local_aws.operations.stacks import Stack

VIEW, TABLE = "mhealth", "mhealth_snapshots"

_MANIFEST = re.compile(r"manifests/snapshots/([0-9]+)\.json")
_SELECTED = re.compile(r"\bsnapshot\s*=\s*([0-9]+)")


@dataclass(frozen=True)
class Snapshot:
    """A snapshot with a manifest, by the totals that stand beside it."""

    number: int
    rows: int
    subjects: int
    quarantined: int
    raw_version: int


def readers_see(stack: Stack) -> int | None:
    """The snapshot that the view names, None before the first one. Raises OperationFailed where it names none."""
    glue = stack.session.client("glue")
    try:
        view = glue.get_table(DatabaseName=stack.outputs["DatabaseName"], Name=VIEW)["Table"]
    except glue.exceptions.EntityNotFoundException:
        return None
    try:
        selected = _SELECTED.search(stored_view(view.get("ViewOriginalText", ""))["originalSql"])
    except (ValueError, KeyError):
        selected = None
    if selected is None:
        raise OperationFailed(
            f"The view {VIEW} names no snapshot, so it was not this project that made it. The named query RollBack "
            "makes it again, with the number of a snapshot in it."
        )
    return int(selected[1])


def written(stack: Stack) -> list[Snapshot]:
    """Every snapshot that has a manifest, the oldest first."""
    keys = [key for key, _ in stack.objects("manifests/snapshots/")]
    return sorted(
        (_snapshot(stack, key, int(match[1])) for key in keys if (match := _MANIFEST.fullmatch(key))),
        key=lambda snapshot: snapshot.number,
    )


def _snapshot(stack: Stack, key: str, number: int) -> Snapshot:
    totals = stack.session.client("s3").head_object(Bucket=stack.bucket, Key=key)["Metadata"]
    names = ("rows", "subjects", "quarantined", "raw_version")
    return Snapshot(number, *(int(totals[name]) for name in names))


def manifest(stack: Stack, number: int) -> dict[str, Any] | None:
    """The manifest of a snapshot, None where there is none."""
    return _document(stack, f"manifests/snapshots/{number}.json")


def current(stack: Stack) -> dict[str, Any] | None:
    """What the last run that published left for the next one, None before the first."""
    return _document(stack, "manifests/current.json")


def _document(stack: Stack, key: str) -> dict[str, Any] | None:
    try:
        return stack.document(key)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise


def hold_that_it_is_whole(stack: Stack, snapshot: Snapshot) -> None:
    """Hold that every file of the manifest lies there, and that readers would get every row. Raises OperationFailed."""
    number = snapshot.number
    listed = {file["key"]: file["bytes"] for file in (manifest(stack, number) or {})["files"]}
    there = dict(stack.objects(f"processed/snapshot={number}/"))
    broken = sorted(key for key, size in listed.items() if there.get(key) != size)
    if broken:
        raise OperationFailed(
            f"Snapshot {number} is not whole: {len(broken)} of its {len(listed)} files are gone or of another size, "
            f"the first {broken[0]}. Choose another one."
        )
    # A partition that is not registered yields no rows and no error.
    ((counted,),) = run_query(stack, f"SELECT count(*) FROM {TABLE} WHERE snapshot = {number}").rows  # noqa: S608
    if int(counted or 0) != snapshot.rows:
        raise OperationFailed(
            f"Snapshot {number} is not whole: through the catalog there are {int(counted or 0):,} of its "
            f"{snapshot.rows:,} rows, so partitions are missing. Choose another one."
        )
