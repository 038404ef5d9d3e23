"""`mhealth status`: the published snapshot, the last runs and the next one."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from mhealth_ops.commands.target import Target, with_target


@with_target
def status(
    target: Target,
    /,
    *,
    runs: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="Number of last runs to list.")] = 5,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="Text, or JSON with an exit status for monitoring.")
    ] = "text",
) -> None:
    """Show the published snapshot, its report, rejected lines, the kept snapshots, the last runs and the next one.

    As text it exits with 0. With `--format json` the exit status is the health: 0 fresh; 1 stale, no run succeeded
    within the parameter FreshnessHours; 2 failed, the last run failed or readers do not get every row; 3 unknown, the
    stack could not be read. `verify` checks more, and starts a run.

    Examples:
    * `mhealth status`

    * `mhealth status --format json | jq .published`

    * `mhealth status --runs 20 --aws --profile production`

    """
    # Imported late: help and completion must not load the AWS libraries.
    from mhealth_ops.operations.monitoring import write_status
    from mhealth_ops.operations.status import print_status
    from mhealth_ops.operations.telling import FAILED, UNKNOWN, report_errors

    with report_errors(failed=UNKNOWN if form == "json" else FAILED) as console:
        if form == "json":
            raise typer.Exit(write_status(target.find(), runs))
        print_status(console, target.find(), target.where(), runs=runs, starts_by_itself=target.on_aws)
