"""`mhealth logs`: the logs of a run."""

from __future__ import annotations

from typing import Annotated

import typer

from mhealth_ops.commands.completion import executions, stages_with_logs
from mhealth_ops.commands.target import Target, with_target


@with_target
def logs(
    target: Target,
    /,
    execution: Annotated[
        str,
        typer.Argument(metavar="EXECUTION", help="ARN or name; default: the last one.", autocompletion=executions),
    ] = "",
    *,
    state: Annotated[
        str, typer.Option(metavar="STATE", help="Only of this state.", autocompletion=stages_with_logs)
    ] = "",
    lines: Annotated[int, typer.Option(min=1, metavar="N", help="The most lines of each log, its last ones.")] = 200,
) -> None:
    """Print what the function, the jobs, the crawler and the report wrote during a run that has ended.

    Of a failed job also its error log. Exits with 1 if there is no such execution or state.

    Examples:
    * `mhealth logs`

    * `mhealth logs --state GlueTransform --lines 20`

    """
    # Imported late: help and completion must not load the AWS libraries.
    from mhealth_ops.operations.logs import STAGES_WITH_LOGS, last_execution, print_logs
    from mhealth_ops.operations.running import execution_named
    from mhealth_ops.operations.telling import report_errors

    if state and state not in STAGES_WITH_LOGS:
        raise typer.BadParameter(f"--state {state}: expected one of {', '.join(STAGES_WITH_LOGS)}")
    with report_errors() as console:
        stack = target.find()
        arn = execution_named(stack, execution) if execution else last_execution(stack)
        print_logs(console, stack, arn, stage=state or None, lines=lines)
