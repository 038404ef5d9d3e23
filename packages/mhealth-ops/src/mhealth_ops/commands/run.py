"""`mhealth run`: start an execution and follow it to its end."""

from __future__ import annotations

from typing import Annotated

import typer

from mhealth_ops.commands.target import Target, with_target


@with_target
def run(
    target: Target,
    /,
    *,
    version: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Publish this version of the dataset (a backfill if it is not the newest)."
        ),
    ] = None,
) -> None:
    """Start an execution of the daily run and follow it, state by state.

    Exits with 0 if the execution succeeded, also if there was nothing new or another execution is running. Exits with
    1 if it failed, and prints the error, the cause and what to do. Ctrl-C exits with 130; the execution keeps running.

    Examples:
    * `mhealth run` on the local AWS that `make up` started

    * `mhealth run --version 3` publishes version 3 of the dataset again (a backfill)

    * `mhealth run --aws --stack mhealth --region eu-central-1` on AWS

    """
    # Imported late: help and completion must not load the AWS libraries.
    from mhealth_ops.operations.running import run_and_tell
    from mhealth_ops.operations.telling import FAILED, report_errors

    with report_errors() as console:
        if not run_and_tell(console, target.find(), version, again=f"mhealth run{target.options()}"):
            raise typer.Exit(FAILED)
