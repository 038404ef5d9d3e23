"""`mhealth report`: the page on a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mhealth_ops.commands.completion import snapshots
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
    open_: Annotated[bool, typer.Option("--open", help="Download the page and open it in a browser.")] = False,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Download the page to this file.")] = None,
) -> None:
    """Print the address of the report on a snapshot, and open or download it.

    Examples:
    * `mhealth report --open`

    * `mhealth report 20261124080012 --output report.html`

    """
    # Imported late: help and completion must not load the AWS libraries.
    from mhealth_ops.operations.reports import show_report
    from mhealth_ops.operations.telling import report_errors

    with report_errors() as console:
        show_report(console, target.find(), snapshot, to=output, opened=open_)
