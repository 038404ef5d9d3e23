"""The process in which DuckDB runs queries, with a limit to its memory: who asks for more gets an error, or ends it.

DuckDB's own limit counts what it buffers, not a text or an array while a function makes it. This process talks to
`duckdb_process.py`: over the socket it was given come the ends of others, one for each connection, and interruptions.
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

from local_aws.athena.functions import MACROS, java_double
from local_aws.athena.kinds import Kind, kind_of

MESSAGE = 9
"""Bytes of a message over the first socket: a letter and a connection's number. With OPEN comes the socket's end."""
OPEN, INTERRUPT = b"o", b"i"
NO_ROOM = "Out of Memory Error: there is no room for what a function makes"


def open_duckdb(folder: Path, memory: str, spill: str) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory: no network, no extensions, no files but those in `folder`, with Trino's functions."""
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
    # For divisions whose types sqlglot can't tell.
    connection.execute("SET GLOBAL integer_division = true")
    # It turns a TRY_CAST of a CSV's text into the reader's own CAST, which fails.
    connection.execute("SET GLOBAL disabled_optimizers = 'type_pushdown'")
    allowed = str(folder).replace("'", "''")
    connection.execute(f"SET allowed_directories = ['{allowed}']; SET enable_external_access = false")
    connection.create_function("athena_java_double", java_double, ["DOUBLE"], "VARCHAR")
    connection.execute(MACROS)
    return connection


def _limit_memory(most: int) -> None:
    """Let the process have so many bytes more than it has now. Where the system knows no such limit, there is none."""
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
    """Answer until the other side is gone."""
    control = socket.socket(fileno=end)
    database = open_duckdb(Path(folder), memory, spill)
    _limit_memory(most)
    cursors: dict[bytes, duckdb.DuckDBPyConnection] = {}
    while True:
        message, ends, _, _ = socket.recv_fds(control, MESSAGE, 1)
        if not message:
            # Whatever still runs was asked for by nobody any more.
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
