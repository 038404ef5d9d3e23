"""The parts of the template that the measured processes need: the jobs' arguments, the table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.cost.stack import Stack


def job_arguments(logical_id: str, own: Mapping[str, object]) -> list[str]:
    """A job's arguments from the template; `own` (names without hyphens) replaces values of a deployed stack."""
    given = Stack.read().properties(logical_id)["DefaultArguments"] | {
        f"--{name}": value for name, value in own.items()
    }
    # Remaining intrinsic functions reference resources of a deployed stack.
    return [text for name, value in given.items() if not isinstance(value, Mapping) for text in (name, str(value))]


def table() -> dict[str, Any]:
    """The TableInput of the table: name, columns, partition keys."""
    found: dict[str, Any] = Stack.read().properties("SnapshotsTable")["TableInput"]
    return {
        "Name": found["Name"],
        "StorageDescriptor": {"Columns": found["StorageDescriptor"]["Columns"]},
        "PartitionKeys": found["PartitionKeys"],
    }


def columns() -> dict[str, str]:
    """The table's columns with their Hive types, in order."""
    return {column["Name"]: column["Type"] for column in table()["StorageDescriptor"]["Columns"]}


def write_table(path: Path) -> str:
    """Write the table's definition to a file; return the job argument for it."""
    path.write_text(json.dumps(table()), encoding="utf-8")
    return f"file://{path}"
