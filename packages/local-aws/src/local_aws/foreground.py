"""A local AWS in the foreground of a terminal: it serves until it is interrupted, and says so by its exit status."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import typer

from local_aws.core.environment import clear_aws_environment
from local_aws.core.errors import DeploymentFailed, LocalAwsError
from local_aws.core.listening import listen

if TYPE_CHECKING:
    from local_aws.server import LocalAws

_FAILED = 1
_MISTAKE = 2
_INTERRUPTED = 130  # what a shell gives a command that SIGINT ended


def serve(make: Callable[[], LocalAws], port: int) -> NoReturn:
    """Start the local AWS that `make` makes for this port, print `ready URL` on standard output, and serve.

    Ends this process: with 0 when it is interrupted after that, 130 when before, 1 when the stack cannot be made, 2
    when it was asked for what cannot be. `make` is called late: moto takes seconds to import, and until then a person
    should know that something happens.
    """
    aws: LocalAws | None = None
    ready = False

    def interrupted(_signal: int, _frame: FrameType | None) -> NoReturn:
        _end(aws, 0 if ready else _INTERRUPTED)

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, interrupted)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # ignored means: nohup
        signal.signal(signal.SIGHUP, interrupted)
    clear_aws_environment()
    started = time.monotonic()
    try:
        listen(port).close()  # a taken port is told at once, not after the import
        say("starting")
        aws = make()
        aws.start()
    except DeploymentFailed as error:
        say(str(error))
        _end(aws, _FAILED)
    except LocalAwsError as error:
        say(str(error))
        _end(aws, _MISTAKE)
    seconds = time.monotonic() - started
    there = f"stack {aws.stack_name} is deployed" if aws.template else "there is no stack yet"
    say(f"{there} after {seconds:.0f} s; logs: {aws.world.folder / 'logs'}")
    ready = True
    print(f"ready {aws.endpoint}", flush=True)
    while True:
        signal.pause()


def named_values(given: list[str]) -> dict[str, str]:
    """The parameters that options like `--parameter NAME=VALUE` give. Raises typer.BadParameter."""
    parameters = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not (name and equals):
            raise typer.BadParameter(f"--parameter {each}: expected NAME=VALUE")
        parameters[name] = value
    return parameters


def say(text: str) -> None:
    """Tell the person something, on standard error."""
    print(f"local-aws: {text}", file=sys.stderr, flush=True)


def _end(aws: LocalAws | None, status: int) -> NoReturn:
    """End the children and this process, now: moto's own threads would hold an ordinary exit back."""
    sys.stdout.flush()
    # What requests under way complain of from here on is of no use to anybody.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    if aws is not None:
        aws.abandon()
    os._exit(status)
