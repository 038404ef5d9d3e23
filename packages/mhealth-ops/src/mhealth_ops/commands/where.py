"""`mhealth where`: the files of the published snapshot."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from mhealth_ops.commands.completion import snapshots
from mhealth_ops.commands.target import Target, with_target


@with_target
def where(
    target: Target,
    /,
    snapshot: Annotated[
        int | None,
        typer.Argument(min=1, metavar="SNAPSHOT", help="Default: the published one.", autocompletion=snapshots),
    ] = None,
    *,
    form: Annotated[
        Literal["uri", "files", "json"],
        typer.Option("--format", help="The folder, one URI per file, or both with subjects, rows and bytes."),
    ] = "uri",
) -> None:
    """Print where the Parquet files of the published snapshot are, for readers other than Athena.

    Fails if a file of the snapshot is missing. docs/reading.md has the lines for each reader.

    Examples:
    * `mhealth where`

    * `mhealth where --format json`

    """
    # Imported late: help and completion must not load the AWS libraries.
    from mhealth_ops.operations.location import show_location
    from mhealth_ops.operations.telling import report_errors

    with report_errors():
        show_location(target.find(), snapshot, form)
