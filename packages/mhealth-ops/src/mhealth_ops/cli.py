"""`mhealth`: the commands of the pipeline."""

from __future__ import annotations

import typer

from mhealth_ops.commands.destroy import destroy
from mhealth_ops.commands.local import demo, notebook, up
from mhealth_ops.commands.query import query
from mhealth_ops.commands.repair import cleanup_failed_stack, restore_table
from mhealth_ops.commands.rollback import rollback
from mhealth_ops.commands.run import run
from mhealth_ops.commands.set import set_
from mhealth_ops.commands.status import status
from mhealth_ops.commands.verify import explain, verify

app = typer.Typer(
    name="mhealth",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
local = typer.Typer(no_args_is_help=True)


@app.callback()
def commands() -> None:
    """Operate the pipeline: on the local AWS that `local up` starts or, with `--aws`, on a stack on AWS.

    Without `--aws`, no command connects to AWS, whatever the environment says.
    """


@local.callback()
def local_commands() -> None:
    """Run the pipeline on a local AWS emulator, for development and tests."""


for command in (run, query, status, rollback, verify, explain):
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
    app()


if __name__ == "__main__":
    main()
