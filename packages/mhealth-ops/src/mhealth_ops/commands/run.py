"""`mhealth run`: start an execution and follow it to its end."""

from __future__ import annotations

from typing import Annotated

import typer

from mhealth_ops.commands.completion import executions
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
    allow_missing_subjects: Annotated[
        bool,
        typer.Option("--allow-missing-subjects", help="Publish also if a published subject is missing."),
    ] = False,
    follow: Annotated[
        str,
        typer.Option(
            metavar="ARN", help="Start nothing; follow this execution, by its ARN or name.", autocompletion=executions
        ),
    ] = "",
) -> None:
    """Start an execution of the daily run and follow it, stage by stage.

    Exits with 0 if the execution succeeded, also if there was nothing new or another execution is running. Exits with
    1 if it failed, and prints the error, the cause and what to do. Ctrl-C exits with 130; the execution keeps running,
    and `--follow` prints its stages from the first one again.

    Examples:
    * `mhealth run` on the local AWS that `make up` started

    * `mhealth run --version 3` publishes version 3 of the dataset again (a backfill)

    * `mhealth run --allow-missing-subjects` after MissingSubject, if the subject is gone on purpose

    * `mhealth run --aws --stack mhealth --region eu-central-1` on AWS

    """
    if follow and (version is not None or allow_missing_subjects):
        raise typer.BadParameter("--follow starts nothing: use it without --version and --allow-missing-subjects.")
    # Imported late: help and completion must not load the AWS libraries.
    from mhealth_ops.operations.running import execution_named, follow_and_tell
    from mhealth_ops.operations.telling import FAILED, report_errors
    from mhealth_ops.operations.watching import start

    with report_errors() as console:
        stack = target.find()
        if follow:
            execution = execution_named(stack, follow)
        else:
            execution = start(stack, version, allow_missing_subjects=allow_missing_subjects)
        if not follow_and_tell(console, stack, execution, target.options()):
            raise typer.Exit(FAILED)
