"""`local-aws`: the commands of the local AWS."""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from local_aws.commands.query import query
from local_aws.commands.rollback import rollback
from local_aws.commands.run import run
from local_aws.commands.status import status
from local_aws.environment import forget_the_persons_aws
from local_aws.errors import DeploymentFailed, LocalAwsError
from local_aws.listening import PORT, listen

if TYPE_CHECKING:
    from local_aws.server import LocalAws

_FAILED = 1
_MISTAKE = 2
_INTERRUPTED = 130  # what a shell gives a command that SIGINT ended

app = typer.Typer(
    name="local-aws",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def commands() -> None:
    """An AWS on this machine that runs the project's own template, and the commands of the pipeline.

    `up` starts the local AWS, a test double that is in no production path. `run`, `query`, `status` and `rollback`
    talk to it; with `--aws` they talk to a stack on AWS, and never without.
    """


@app.command()
def up(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where to listen on 127.0.0.1; 0 takes a free port.")
    ] = PORT,
    dataset: Annotated[
        str, typer.Option(help="What Kaggle serves: `synthetic`, `kaggle` (the real service) or a directory.")
    ] = "synthetic",
    scale: Annotated[int, typer.Option(min=1, help="How many times the ten subjects the synthetic dataset has.")] = 1,
    region: Annotated[str, typer.Option(help="The region that the stack is in.")] = "us-east-1",
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter of the template; may be repeated.")
    ] = None,
    stack_name: Annotated[str, typer.Option(help="The name of the stack.")] = "mhealth",
    deployed: Annotated[
        bool, typer.Option("--stack/--no-stack", help="Deploy the template, or leave that to `sam deploy`.")
    ] = True,
) -> None:
    """Start a fresh AWS with the template deployed on it, and serve until interrupted.

    Prints `ready http://127.0.0.1:PORT` on standard output once it can be used. Ends with 0 when it is interrupted
    after that, 130 when before, 1 when the stack cannot be made, 2 when it was asked for what cannot be.
    """
    world: LocalAws | None = None
    ready = False

    def interrupted(_signal: int, _frame: FrameType | None) -> NoReturn:
        _end(world, 0 if ready else _INTERRUPTED)

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, interrupted)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # ignored means: nohup
        signal.signal(signal.SIGHUP, interrupted)
    parameters = _parameters(parameter or [])
    forget_the_persons_aws()
    started = time.monotonic()
    try:
        listen(port).close()  # a taken port is told at once, not after the import
        _say("starting")
        # Late: moto takes seconds to import, and until then a person should know that something happens.
        from local_aws.cloudformation.deploy import TEMPLATE
        from local_aws.server import LocalAws

        template = TEMPLATE if deployed else None
        world = LocalAws(dataset, port, scale, region, parameters, stack_name, template=template, tell=_say)
        world.start()
    except DeploymentFailed as error:
        _say(str(error))
        _end(world, _FAILED)
    except LocalAwsError as error:
        _say(str(error))
        _end(world, _MISTAKE)
    seconds = time.monotonic() - started
    there = f"stack {stack_name} is deployed" if deployed else "there is no stack yet"
    _say(f"{there} after {seconds:.0f} s; logs: {world.world.folder / 'logs'}")
    ready = True
    print(f"ready {world.endpoint}", flush=True)
    while True:
        signal.pause()


def _parameters(given: list[str]) -> dict[str, str]:
    parameters = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not (name and equals):
            raise typer.BadParameter(f"--parameter {each}: expected NAME=VALUE")
        parameters[name] = value
    return parameters


def _say(text: str) -> None:
    print(f"local-aws: {text}", file=sys.stderr, flush=True)


def _end(world: LocalAws | None, status: int) -> NoReturn:
    """End the children and this process, now: moto's own threads would hold an ordinary exit back."""
    sys.stdout.flush()
    # What requests under way complain of from here on is of no use to anybody.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    if world is not None:
        world.abandon()
    os._exit(status)


for command in (run, query, status, rollback):
    app.command()(command)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
