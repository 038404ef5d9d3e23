"""The program from which drivers of Glue jobs are forked: it has imported what most jobs import.

Each line of standard input is an order for a driver. The reports on the pipe of the command line are lines as well:
which process a driver is, and how it ended. A driver is a process of its own, in its own session, with its own
environment, folder, import path and output; it runs the script as `python SCRIPT` does. Only the standard library is
needed here.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
import types
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any

from local_aws_imports import import_common  # type: ignore[import-not-found]

_PATH = os.environ.get("PYTHONPATH", "").split(os.pathsep)
"""The server's own import path: pyspark, as a driver finds it."""


def main() -> None:
    """Fork drivers until standard input is closed."""
    reports = int(sys.argv[1])
    os.set_inheritable(reports, False)
    own_folder = sys.path.pop(0)
    assert Path(own_folder) == Path(__file__).parent, own_folder  # scripts must not import from it
    import_common()
    # Python 3.12 warns of a fork beside threads: those here are of OpenBLAS and Arrow, which handle a fork.
    warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    waiting = b""
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            report_ended(reports)
        if 0 in ready:
            received = os.read(0, 1 << 16)
            if not received:
                return
            *lines, waiting = (waiting + received).split(b"\n")
            for line in lines:
                order = json.loads(line)
                if start(order, reports, (woken, wake)):
                    run(order)
                    return


def report_ended(reports: int) -> None:
    """Report the drivers that have ended."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            report(reports, {"ended": pid, "code": os.waitstatus_to_exitcode(status)})


def report(reports: int, content: dict[str, int]) -> None:
    """Write a report."""
    os.write(reports, json.dumps(content).encode() + b"\n")


def start(order: dict[str, Any], reports: int, pipes: tuple[int, int]) -> bool:
    """Fork a driver: True in the driver. The report follows when it can be killed with all that it starts."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        os.read(reading, 1)  # until the driver has its session
        os.close(reading)
        report(reports, {"started": order["number"], "pid": pid})
        return False
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    for end in (reading, writing, reports, *pipes):
        os.close(end)
    return True


def run(order: dict[str, Any]) -> None:
    """Be the driver: run the script of `order`."""
    with Path(os.devnull).open("rb") as nothing, Path(order["output"]).open("ab") as output:
        os.dup2(nothing.fileno(), 0)
        for end in (1, 2):
            os.dup2(output.fileno(), end)
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    os.chdir(order["folder"])
    script: str = order["command"][0]
    sys.argv = list(order["command"])
    added = [entry for entry in order["environment"].get("PYTHONPATH", "").split(os.pathsep) if entry]
    sys.path[:] = [str(Path(script).parent), *added, *(entry for entry in sys.path if entry not in _PATH)]
    sys.excepthook = excepthook
    module = types.ModuleType("__main__")
    module.__file__ = script
    sys.modules["__main__"] = module
    exec(compile(Path(script).read_bytes(), script, "exec"), module.__dict__)  # noqa: S102 - the job's script


def excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an exception of the script without the frames of this program."""
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


if __name__ == "__main__":
    main()
