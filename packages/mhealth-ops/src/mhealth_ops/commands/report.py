"""`mhealth report`: the page on a snapshot or on a failed run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mhealth_ops.commands.completion import executions, snapshots
from mhealth_ops.commands.target import Target, with_target


@with_target
def report(
    target: Target,
    /,
    snapshot: Annotated[
        int | None,
        typer.Argument(min=1, metavar="SNAPSHOT", help="Default: the published one.", autocompletion=snapshots),
    ] = None,
    *,
    run: Annotated[
        str,
        typer.Option(metavar="ARN", help="The report on this run, also a failed one.", autocompletion=executions),
    ] = "",
    open_: Annotated[bool, typer.Option("--open", help="Download the page and open it in a browser.")] = False,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Download the page to this file.")] = None,
) -> None:
    """Print the address of the report on a snapshot or on a run, and open or download it.

    A run that published has its snapshot's report, and a run that failed has one of its own. `--run` takes the ARN or
    the name of an execution.

    Examples:
    * `mhealth report --open`

    * `mhealth report --run 0b6b1c0e-8a53-4f6e-9d0e-1f9d4a4b7c11 --open` after that run failed

    * `mhealth report 20261124080012 --output report.html`

    """
    if run and snapshot is not None:
        raise typer.BadParameter("SNAPSHOT and --run both name a report: use one of them.")
    # Imported late: help and completion must not load the AWS libraries.
    from mhealth_ops.operations.reports import choose_report
    from mhealth_ops.operations.running import execution_named
    from mhealth_ops.operations.telling import report_errors

    with report_errors() as console:
        stack = target.find()
        execution = execution_named(stack, run) if run else ""
        choose_report(stack, snapshot, execution).show(console, stack, to=output, opened=open_)
