"""`mhealth sql`: a shell for queries."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from mhealth_ops.commands.target import Target, with_target

HISTORY = "sql_history"


@with_target
def sql(
    target: Target,
    /,
    *,
    form: Annotated[
        Literal["table", "record", "csv", "json"],
        typer.Option("--format", help="The output form at the beginning; the command \\f changes it."),
    ] = "table",
) -> None:
    """Open a shell on the stack's workgroup: history, completion, and bytes and cost of each query.

    A statement ends with a semicolon. The cost is Athena's list price in us-east-1; on the local AWS it is what the
    query would cost on AWS. Without a terminal, the statements of standard input are run one after the other; the
    first that fails ends it with 1.

    Examples:
    * `mhealth sql`

    * `mhealth sql --aws --region eu-central-1`

    * `mhealth sql --format csv < questions.sql`

    """
    # Imported late: help and completion must not load the AWS libraries.
    from mhealth_ops.operations.shell import Shell, interact
    from mhealth_ops.operations.telling import report_errors

    with report_errors() as console:
        stack = target.find()
        if sys.stdin.isatty():
            interact(console, stack, form, Path(typer.get_app_dir("mhealth")) / HISTORY)
        else:
            Shell(console, stack, form).ask_all(sys.stdin.read())
