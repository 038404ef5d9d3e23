"""Restore of a dropped table from the template: CloudFormation does not detect the drop."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from samtranslator.yaml_helper import yaml_parse

from mhealth_ops.operations.errors import OperationFailed
from mhealth_ops.operations.snapshots import TABLE, has_table
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.project import TEMPLATE


def restore_table(console: Console, stack: Stack) -> bool:
    """Create the table if it does not exist; return whether it was created."""
    if has_table(stack):
        console.print(f"The table {TABLE} exists: nothing to do.", highlight=False)
        return False
    glue = stack.session.client("glue")
    glue.create_table(DatabaseName=stack.outputs["DatabaseName"], TableInput=table_input(stack))
    console.print(
        f"The table {TABLE} was created again, without partitions. Start an execution: it registers those of all kept "
        "snapshots, and publishes the last published one again.",
        highlight=False,
        soft_wrap=True,
    )
    return True


def table_input(stack: Stack) -> Any:
    """The table's definition from the local template, with the stack's bucket. Raises OperationFailed."""
    if not TEMPLATE.is_file():
        raise OperationFailed(f"There is no template {TEMPLATE}: run this in a checkout of the project.")
    resources = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))["Resources"]

    def resolved(value: Any) -> Any:
        if isinstance(value, dict):
            if set(value) == {"Fn::Sub"}:
                return str(value["Fn::Sub"]).replace("${DataBucket}", stack.bucket)
            return {name: resolved(each) for name, each in value.items()}
        return [resolved(each) for each in value] if isinstance(value, list) else value

    return json.loads(json.dumps(resolved(resources["SnapshotsTable"]["Properties"]["TableInput"])))
