"""`mhealth where`: the Parquet files of the published snapshot, for readers other than Athena."""

from __future__ import annotations

import json
from typing import Any, Literal

from mhealth_ops.operations.errors import OperationFailed
from mhealth_ops.operations.snapshots import manifest, readers_see, require_files, table_folder
from mhealth_ops.operations.stacks import Stack

Form = Literal["uri", "files", "json"]


def show_location(stack: Stack, snapshot: int | None, form: Form) -> None:
    """Print where the files of a snapshot (None: the published one) are.

    Raises OperationFailed where there is no snapshot, or a file of it is missing.
    """
    number = readers_see(stack) if snapshot is None else snapshot
    if number is None:
        raise OperationFailed("No snapshot is published: start mhealth run.")
    found = location(stack, number)
    match form:
        case "uri":
            print(found["uri"])
        case "files":
            print(*(file["uri"] for file in found["files"]), sep="\n")
        case "json":
            print(json.dumps(found, indent=1))


def location(stack: Stack, number: int) -> dict[str, Any]:
    """The folder and the files of a complete snapshot, by its manifest. Raises OperationFailed."""
    made = manifest(stack, number)
    if made is None:
        raise OperationFailed(f"Snapshot {number} has no manifest, so it is not complete: mhealth status shows others.")
    require_files(stack, number, made, "Start mhealth run: it makes a new snapshot.")
    root = f"s3://{stack.bucket}"
    return {
        "snapshot": number,
        "uri": f"{root}/{table_folder(number)}",
        "rows": sum(file["rows"] for file in made["files"]),
        "files": [
            {"uri": f"{root}/{file['key']}", **{name: file[name] for name in ("subject", "rows", "bytes")}}
            for file in made["files"]
        ],
    }
