"""The process in which DuckDB runs queries, with a memory limit: a query above it fails, or ends the process.

DuckDB's own limit counts buffers, but not strings or arrays while a function creates them. This process communicates
with `duckdb_process.py`: it gets one socket per connection, and interrupts, over its first socket.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb

from local_aws.athena import functions
from local_aws.athena.expressions.macros import MACROS
from local_aws.athena.expressions.python_functions import register
from local_aws.athena.kinds import Kind, kind_of

MESSAGE = 9
"""The size of a message on the first socket: a letter and a connection's number. OPEN comes with a socket."""
OPEN, INTERRUPT = b"o", b"i"
READY = "ready"
"""The first message on a connection's socket: it has a cursor and a thread."""
NO_ROOM = "Out of Memory Error: there is no room for what a function makes"


def open_duckdb(folder: Path, memory: str, spill: str) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with Trino's functions, without network and extensions, with files in `folder` only."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": 2,
            "memory_limit": memory,
            "temp_directory": str(folder / "spill"),
            "max_temp_directory_size": spill,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    connection.execute("SET GLOBAL TimeZone = 'UTC'; SET GLOBAL python_enable_replacements = false")
    # For divisions whose types sqlglot cannot derive.
    connection.execute("SET GLOBAL integer_division = true")
    # It replaces a TRY_CAST of a CSV value by the reader's CAST, which fails.
    connection.execute("SET GLOBAL disabled_optimizers = 'type_pushdown'")
    allowed = str(folder).replace("'", "''")
    connection.execute(f"SET allowed_directories = ['{allowed}']; SET enable_external_access = false")
    register(connection)
    connection.execute(MACROS)
    connection.execute(functions.MACROS)
    return connection


def _limit_memory(most: int) -> None:
    """Limit the process to `size` more bytes than it has now, where the system supports it."""
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + most, hard))


def _answer(cursor: duckdb.DuckDBPyConnection, asked: str, sql: str, parameters: Any) -> list[Any]:
    if asked == "types":
        kinds: list[Kind] = [kind_of(kind) for kind in cursor.sql(sql).types]
        return kinds
    cursor.execute(sql, parameters) if parameters else cursor.execute(sql)
    return cursor.fetchall() if asked == "rows" else []


def _serve(connection: Connection, cursors: dict[bytes, duckdb.DuckDBPyConnection], number: bytes) -> None:
    with contextlib.suppress(EOFError, OSError), connection, cursors[number] as cursor:
        cursor.execute("SET explain_output = 'physical_only'")
        connection.send(READY)
        while True:
            request = connection.recv()
            try:
                answer: tuple[str, Any] = ("", _answer(cursor, *request))
            except MemoryError:
                answer = ("OutOfMemoryException", NO_ROOM)
            except Exception as error:  # noqa: BLE001 - whatever it is, who asked raises it
                answer = (type(error).__name__, NO_ROOM if "bad_alloc" in str(error) else str(error))
            connection.send(answer)
    del cursors[number]


def main(end: int, folder: str, memory: str, spill: str, most: int) -> None:
    """Serve until the other side closes the socket."""
    control = socket.socket(fileno=end)
    database = open_duckdb(Path(folder), memory, spill)
    _limit_memory(most)
    cursors: dict[bytes, duckdb.DuckDBPyConnection] = {}
    while True:
        message, ends, _, _ = socket.recv_fds(control, MESSAGE, 1)
        if not message:
            # Nobody waits for running statements any more.
            os._exit(0)
        kind, number = message[:1], message[1:]
        if kind == OPEN:
            cursors[number] = database.cursor()
            threading.Thread(target=_serve, args=(Connection(ends[0]), cursors, number), daemon=True).start()
        elif (cursor := cursors.get(number)) is not None:
            with contextlib.suppress(duckdb.ConnectionException):  # its query has just ended
                cursor.interrupt()


if __name__ == "__main__":
    _, end, folder, memory, spill, most = sys.argv
    main(int(end), folder, memory, spill, int(most))
