"""DuckDB in a separate process with a memory limit (worker.py), started with the first query."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

import duckdb

from local_aws.athena.kinds import Kind
from local_aws.athena.worker import INTERRUPT, MESSAGE, NO_ROOM, OPEN

MEMORY = "1GB"
"""The buffer memory of all queries together; Spark and other programs run beside them."""
SPILL = "8GB"
"""The temporary files of all queries together."""
PROCESS_BYTES = 3 << 30
"""The memory of DuckDB's process, including values of functions. On Linux only."""


class QueryConnection:
    """A connection to DuckDB with its own objects. One thread runs statements, any thread may interrupt."""

    def __init__(self, process: DuckDbProcess, number: bytes, end: Connection) -> None:
        self._process = process
        self._number = number
        self._end = end

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()

    def execute(self, sql: str) -> None:
        """Run a statement. Raises duckdb.Error."""
        self._ask("execute", sql)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query with a small result. Raises duckdb.Error."""
        return self._ask("rows", sql, parameters)

    def types(self, sql: str) -> list[Kind]:
        """The types of a query's columns. Raises duckdb.Error."""
        return self._ask("types", sql)

    def interrupt(self) -> None:
        """Interrupt the running statement with duckdb.InterruptException."""
        self._process.tell(INTERRUPT + self._number)

    def _ask(self, what: str, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        try:
            self._end.send((what, sql, list(parameters)))
            error, answer = self._end.recv()
        except (EOFError, OSError):
            raise duckdb.OutOfMemoryException(f"{NO_ROOM}: DuckDB's process ended") from None
        if error:
            kind = getattr(duckdb, error, duckdb.Error)
            raise kind(answer) if issubclass(kind, duckdb.Error) else duckdb.Error(answer)
        return list(answer)


class DuckDbProcess:
    """Starts the process on demand, also after a query has ended the previous one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def connect(self) -> QueryConnection:
        """A separate connection for one query.

        An earlier query may have left the process without room for a connection's thread: it is replaced then.
        """
        for _ in range(2):
            number = next(self._numbers).to_bytes(MESSAGE - 1, "big")
            ours, theirs = socket.socketpair()
            end = Connection(ours.detach())
            with self._lock, theirs:
                if not self._sent(OPEN + number, theirs):
                    self._start()
                    self._sent(OPEN + number, theirs)
                process = self._process
            try:
                end.recv()
                break
            except (EOFError, OSError):
                with self._lock:
                    if self._process is process:
                        self._end()
        return QueryConnection(self, number, end)

    def _sent(self, message: bytes, end: socket.socket) -> bool:
        if self._process is None or self._control is None or self._process.poll() is not None:
            return False
        try:
            socket.send_fds(self._control, [message], [end.fileno()])
        except OSError:  # it has just ended
            return False
        return True

    def tell(self, message: bytes) -> None:
        """Send a message, if the process still reads."""
        with self._lock, contextlib.suppress(OSError):
            if self._control is not None:
                self._control.sendall(message)

    def close(self) -> None:
        """End the process and everything in it."""
        with self._lock:
            self._end()

    def _start(self) -> None:
        self._end()
        self._control, theirs = socket.socketpair()
        with theirs:
            options = (str(theirs.fileno()), str(self._folder), MEMORY, SPILL, str(PROCESS_BYTES))
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local_aws.athena.worker", *options],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for this process; the child ends when the socket is closed
                # Each of glibc's arenas reserves 64 MiB of addresses.
                env=os.environ | {"MALLOC_ARENA_MAX": "2"},
            )

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._control = None
