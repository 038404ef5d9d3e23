"""A local AWS in the foreground: it serves until it is interrupted."""

from __future__ import annotations

import enum
import gc
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
from local_aws.core.garbage import RARELY
from local_aws.core.listening import listen

if TYPE_CHECKING:
    from local_aws.server import LocalAws


class AthenaEngine(enum.StrEnum):
    """What runs the queries of Athena."""

    DUCKDB = "duckdb"
    TRINO = "trino"


ATHENA_HELP = "What runs Athena's queries: `duckdb`, or `trino` after `local-aws setup-trino`."

_FAILED = 1
_MISTAKE = 2
_INTERRUPTED = 130  # the shell's status of a command ended by SIGINT


def serve(make: Callable[[], LocalAws], port: int, note: str = "") -> NoReturn:
    """Start the local AWS of `make` on this port, print `ready URL` on standard output, and serve.

    Exits with 0 if it is interrupted after that, 130 if before, 1 if the stack cannot be created, 2 for invalid
    options. `note` is printed before that line. `make` is called after the first message, because the import of moto
    takes seconds.
    """
    aws: LocalAws | None = None
    ready = False

    def interrupted(_signal: int, _frame: FrameType | None) -> NoReturn:
        _end(aws, 0 if ready else _INTERRUPTED)

    woken = _waking()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, interrupted)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # ignored means: nohup
        signal.signal(signal.SIGHUP, interrupted)
    clear_aws_environment()
    gc.set_threshold(*RARELY)
    started = time.monotonic()
    try:
        listen(port).close()  # a port in use is reported now, not after the import
        say("starting")
        from local_aws.core.service_models import share  # late: it loads botocore

        share()
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
    if note:
        say(note)
    from local_aws.core.messages import tell_messages  # moto is loaded by now

    tell_messages(say)
    ready = True
    print(f"ready {aws.endpoint}", flush=True)
    while True:
        os.read(woken, 1)


def expect_engine(athena: AthenaEngine) -> None:
    """Look for the engine before the import of moto, which takes seconds. Raises LocalAwsError."""
    if athena is AthenaEngine.TRINO:
        from local_aws.athena.trino.distribution import distribution

        distribution()


def named_values(given: list[str]) -> dict[str, str]:
    """Parse options of the form `--parameter NAME=VALUE`. Raises typer.BadParameter."""
    parameters = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not (name and equals):
            raise typer.BadParameter(f"--parameter {each}: expected NAME=VALUE")
        parameters[name] = value
    return parameters


def say(text: str) -> None:
    """Print a message on standard error."""
    print(f"local-aws: {text}", file=sys.stderr, flush=True)


def _waking() -> int:
    """Return a descriptor from which a byte can be read after each signal.

    The system may give a signal to any thread, and does if the main thread has just got another one, as when a child
    stops. `signal.pause` would not return then, and Python runs handlers in the main thread only.
    """
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    return woken


def _end(aws: LocalAws | None, status: int) -> NoReturn:
    """End the children and this process immediately: moto's threads would delay an ordinary exit."""
    sys.stdout.flush()
    # Errors of running requests are irrelevant from here on.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    if aws is not None:
        aws.abandon()
    os._exit(status)
