"""How commands speak to people: colours and spinners on terminals only, and no traceback for what a person can mend."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import typer
from rich.console import Console

from mhealth_ops.operations.account import plainly
from mhealth_ops.operations.errors import OperationFailed

WIDTH = 120
"""Of a log file or a pipe, which has no width of its own."""

FAILED, INTERRUPTED = 1, 130
"""Exit statuses; the second is what a shell gives a command that Ctrl-C ended."""


def new_console(*, error: bool = False) -> Console:
    """A console on standard output, or on standard error."""
    stream = sys.stderr if error else sys.stdout
    return Console(stderr=error, width=None if stream.isatty() else WIDTH)


@contextlib.contextmanager
def report_errors() -> Iterator[Console]:
    """A console; what goes wrong is told on standard error in a sentence, with exit status 1, or 130 after Ctrl-C."""
    try:
        with plainly():
            yield new_console()
    except OperationFailed as failure:
        print(failure, file=sys.stderr)
        raise typer.Exit(FAILED) from failure
    except KeyboardInterrupt as interrupt:
        raise typer.Exit(INTERRUPTED) from interrupt
