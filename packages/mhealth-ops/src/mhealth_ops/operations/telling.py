"""Output of commands: colours and spinners on terminals only, and no traceback for errors that the user can fix."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

import typer
from rich.console import Console
from rich.text import Text

from mhealth_ops.operations.account import plainly
from mhealth_ops.operations.errors import OperationFailed

WIDTH = 120
"""The width for a log file or a pipe."""

FAILED, UNKNOWN, INTERRUPTED = 1, 3, 130
"""Exit statuses: of a failure; of a health that could not be read; of a command ended by Ctrl-C, as the shell's."""


def has_a_browser() -> bool:
    """Whether a browser window can open: not on a server, where Python would start a text browser."""
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def print_wrapped(console: Console, text: Text, indent: int) -> None:
    """Print a line; on a terminal that is narrower, continue it at `indent`. In a pipe, it stays one line."""
    if not console.is_terminal or console.width <= 2 * indent:
        console.print(text, soft_wrap=True)
        return
    first, *more = text.wrap(console, console.width - indent) if text.cell_len > console.width else [text]
    if more:
        # The first line has the whole width, so the text is divided again behind it.
        first, *_ = text.wrap(console, console.width)
        rest = text[len(first.plain.rstrip()) :]
        rest = rest[len(rest.plain) - len(rest.plain.lstrip()) :]
        more = list(rest.wrap(console, console.width - indent))
    for line in [first, *(Text(" " * indent) + each for each in more)]:
        line.rstrip()
        console.print(line)


def new_console(*, error: bool = False) -> Console:
    """A console on standard output, or on standard error."""
    stream = sys.stderr if error else sys.stdout
    return Console(stderr=error, width=None if stream.isatty() else WIDTH)


@contextlib.contextmanager
def report_errors(failed: int = FAILED) -> Iterator[Console]:
    """Yield a console; print an error as a sentence on standard error and exit with `failed`, or 130 after Ctrl-C."""
    try:
        with plainly():
            yield new_console()
    except OperationFailed as failure:
        print(failure, file=sys.stderr)
        raise typer.Exit(failed) from failure
    except KeyboardInterrupt as interrupt:
        raise typer.Exit(INTERRUPTED) from interrupt
