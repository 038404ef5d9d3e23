"""`mhealth`: the commands of the pipeline."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from mhealth_ops.commands.destroy import destroy
from mhealth_ops.commands.diff import diff
from mhealth_ops.commands.local import demo, notebook, up
from mhealth_ops.commands.logs import logs
from mhealth_ops.commands.quarantine import quarantine
from mhealth_ops.commands.query import query
from mhealth_ops.commands.repair import cleanup_failed_stack, restore_table
from mhealth_ops.commands.report import report
from mhealth_ops.commands.rollback import rollback
from mhealth_ops.commands.run import run
from mhealth_ops.commands.set import set_
from mhealth_ops.commands.sql import sql
from mhealth_ops.commands.status import status
from mhealth_ops.commands.verify import explain, verify
from mhealth_ops.commands.where import where

app = typer.Typer(
    name="mhealth",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
local = typer.Typer(no_args_is_help=True)


def _print_version(asked: bool) -> None:  # typer's interface
    if asked:
        from importlib.metadata import version

        print(f"mhealth {version('mhealth-ops')}")
        raise typer.Exit


@app.callback()
def commands(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version, and exit.")
    ] = False,
) -> None:
    """Operate the pipeline: on the local AWS that `local up` starts or, with `--aws`, on a stack on AWS.

    Without `--aws`, no command connects to AWS, whatever the environment says.
    """


@local.callback()
def local_commands() -> None:
    """Run the pipeline on a local AWS emulator, for development and tests."""


for command in (run, query, sql, status, logs, report, where, quarantine, diff, rollback, verify, explain):
    app.command()(command)
app.command("set")(set_)
for command in (restore_table, cleanup_failed_stack, destroy):
    app.command()(command)
app.add_typer(local, name="local")
local.command()(up)
for command in (demo, notebook):
    app.command()(command)


def main() -> None:
    """Run the command line."""
    gc.set_threshold(20_000)  # a command is over before its garbage matters, and boto3 reads large files
    app()


if __name__ == "__main__":
    main()
