"""`mhealth rollback`: publish an older snapshot again."""

from __future__ import annotations

from typing import Annotated

import typer

from mhealth_ops.commands.completion import snapshots
from mhealth_ops.commands.target import Target, with_target


@with_target
def rollback(
    target: Target,
    /,
    *,
    to: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="SNAPSHOT",
            autocompletion=snapshots,
            help="The snapshot, one of those that `mhealth status` lists.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Roll back the published view to the previous snapshot, or to the one named by `--to`.

    Shows what it will do and asks for confirmation. Exits with 1, and changes nothing, if the snapshot is missing or
    incomplete, or an execution runs. The rollback stays in effect until a run has something new to publish. To undo
    it, use `--to` with a newer snapshot.

    Examples:
    * `mhealth rollback`

    * `mhealth rollback --to 20261124080012 --yes`

    * `mhealth rollback --aws --stack mhealth --region eu-central-1`

    """
    # Imported late: help and completion must not load the AWS libraries.
    from mhealth_ops.operations.rollback import roll_back
    from mhealth_ops.operations.telling import report_errors

    with report_errors() as console:
        undo = f"mhealth rollback{target.options()} --to"
        roll_back(console, target.find(), to, confirmed=yes, undo=undo)
