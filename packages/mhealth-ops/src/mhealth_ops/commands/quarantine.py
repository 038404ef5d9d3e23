"""`mhealth quarantine`: the rejected lines."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from mhealth_ops.commands.target import Target, with_target


@with_target
def quarantine(
    target: Target,
    /,
    *,
    version: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="A version of the dataset. [default: the last that landed]")
    ] = None,
    form: Annotated[
        Literal["table", "csv", "json"],
        typer.Option("--format", help="Counts with the first lines, or all lines as CSV or JSON."),
    ] = "table",
    lines: Annotated[int, typer.Option(min=0, metavar="N", help="Number of lines below the table.")] = 10,
) -> None:
    """Show the rejected lines of a version, by reason and file: source line, reason, text.

    By default of the version that landed last, also if its run failed with TooManyBadRows.

    Examples:
    * `mhealth quarantine`

    * `mhealth quarantine --version 3 --format csv > rejected.csv`

    """
    # Imported late: help and completion must not load the AWS libraries.
    from mhealth_ops.operations.rejected import show_rejected
    from mhealth_ops.operations.telling import report_errors

    with report_errors() as console:
        show_rejected(console, target.find(), version, form=form, most=lines)
