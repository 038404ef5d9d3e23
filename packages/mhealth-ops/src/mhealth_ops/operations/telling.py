"""Output of commands: colours and spinners on terminals only, and no traceback for errors that the user can fix."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import typer
from rich.console import Console

from mhealth_ops.operations.account import plainly
from mhealth_ops.operations.errors import OperationFailed

WIDTH = 120
"""The width for a log file or a pipe."""

FAILED, INTERRUPTED = 1, 130
"""Exit statuses; the second is the shell's status of a command ended by Ctrl-C."""


def new_console(*, error: bool = False) -> Console:
    """A console on standard output, or on standard error."""
    stream = sys.stderr if error else sys.stdout
    return Console(stderr=error, width=None if stream.isatty() else WIDTH)


@contextlib.contextmanager
def report_errors() -> Iterator[Console]:
    """Yield a console; print an error as a sentence on standard error and exit with 1, or with 130 after Ctrl-C."""
    try:
        with plainly():
            yield new_console()
    except OperationFailed as failure:
        print(failure, file=sys.stderr)
        raise typer.Exit(FAILED) from failure
    except KeyboardInterrupt as interrupt:
        raise typer.Exit(INTERRUPTED) from interrupt
