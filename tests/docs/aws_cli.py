"""The AWS CLI for scripts of many commands: one process imports it, and each command runs in a fork of that process.

The import takes most of a command's time. `python aws_cli.py SOCKET` serves; `python aws_cli.py SOCKET WORD ...` is one
`aws WORD ...` with the caller's folder, environment and streams, or Python's file WORD if that ends with `.py`.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

STREAMS = 3
MESSAGE = 1 << 20


def ask(place: str, words: list[str]) -> int:
    """Have one command run; its exit status."""
    asked = {"words": words, "folder": os.getcwd(), "environment": dict(os.environ)}  # noqa: PTH109 - pathlib is slow
    with socket.socket(socket.AF_UNIX) as there:
        there.connect(place)
        socket.send_fds(there, [json.dumps(asked).encode() + b"\n"], list(range(STREAMS)))
        return int(there.recv(16))


def serve(place: str) -> None:
    """Run commands one after the other, until this process is ended."""
    import boto3  # noqa: F401 - for the forks
    from awscli import clidriver

    clidriver.create_clidriver()  # imports its handlers, which take half of a command's time
    gc.collect()
    gc.freeze()  # the forks need not look at what they inherit
    with socket.socket(socket.AF_UNIX) as here:
        here.bind(place)
        here.listen()
        print("ready", flush=True)
        while True:
            there, _ = here.accept()
            with there:
                text, streams, _, _ = socket.recv_fds(there, MESSAGE, STREAMS)
                while not text.endswith(b"\n"):
                    text += there.recv(MESSAGE)
                if not (child := os.fork()):
                    _run(json.loads(text), streams, clidriver.main)
                for stream in streams:
                    os.close(stream)
                there.sendall(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def _run(asked: dict[str, Any], streams: list[int], aws: Callable[[], int]) -> None:
    """Be the command, and end."""
    status: Any = 1
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.chdir(asked["folder"])
        models = os.environ["AWS_DATA_PATH"]  # set by awscli when it is imported
        os.environ.clear()
        os.environ.update(asked["environment"] | {"AWS_DATA_PATH": models})
        words: list[str] = asked["words"]
        if words[0].endswith(".py"):
            runpy.run_path(words[0], run_name="__main__")
            status = 0
        else:
            sys.argv = ["aws", *words]
            status = aws()
    except SystemExit as ended:
        status = ended.code or 0
    except BaseException:  # noqa: BLE001 - the traceback is the answer
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The bash function `run` for such commands, which are served meanwhile."""
    with tempfile.TemporaryDirectory() as folder:  # the path of a socket has to be short
        place = Path(folder) / "aws"
        yield from _served(place)


def _served(place: Path) -> Iterator[str]:
    with subprocess.Popen([sys.executable, __file__, str(place)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield f'run() {{ "{sys.executable}" -I -S "{__file__}" "{place}" "$@"; }}'
        finally:
            process.kill()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(ask(sys.argv[1], sys.argv[2:]))
    serve(sys.argv[1])
