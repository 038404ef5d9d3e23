"""`mhealth status`: the published snapshot, the last runs and the next one."""

from __future__ import annotations

from typing import Annotated

import typer

from mhealth_ops.commands.target import Target, with_target


@with_target
def status(
    target: Target,
    /,
    *,
    runs: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="Number of last runs to list.")] = 5,
) -> None:
    """Show the published snapshot, rejected lines, the kept snapshots, the last runs and the next one.

    Always exits 0; use `verify` for a health check.

    Examples:
    * `mhealth status`

    * `mhealth status --runs 20 --aws --profile production`

    """
    # Imported late: help and completion must not load the AWS libraries.
    from mhealth_ops.operations.status import print_status
    from mhealth_ops.operations.telling import report_errors

    with report_errors() as console:
        print_status(console, target.find(), target.where(), runs=runs, starts_by_itself=target.on_aws)
