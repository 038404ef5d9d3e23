"""`mhealth diff`: what changed between two snapshots."""

from __future__ import annotations

from typing import Annotated

import typer

from mhealth_ops.commands.completion import snapshots
from mhealth_ops.commands.target import Target, with_target


@with_target
def diff(
    target: Target,
    /,
    first: Annotated[int, typer.Argument(min=1, metavar="SNAPSHOT", help="The older one.", autocompletion=snapshots)],
    second: Annotated[
        int | None,
        typer.Argument(
            min=1, metavar="SNAPSHOT", help="The newer one; default: the published one.", autocompletion=snapshots
        ),
    ] = None,
) -> None:
    """Show what differs between two snapshots: subjects, rows, columns, and the values that changed.

    Subjects that were made from the same file by the same code are not read. The others are compared value by value in
    Athena, which bills the bytes that it reads.

    Examples:
    * `mhealth diff 20261123080012 20261124080012`

    """
    # Imported late: help and completion must not load the AWS libraries.
    from mhealth_ops.operations.differences import show_differences
    from mhealth_ops.operations.errors import OperationFailed
    from mhealth_ops.operations.snapshots import readers_see
    from mhealth_ops.operations.telling import report_errors

    with report_errors() as console:
        stack = target.find()
        other = readers_see(stack) if second is None else second
        if other is None:
            raise OperationFailed("No snapshot is published: name two.")
        show_differences(console, stack, first, other)
