"""A query that asks for more than the machine has fails by name, and the next one runs."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from local_aws.athena import duckdb_process, execution
from local_aws.athena.duckdb_process import DuckDbProcess
from local_aws.athena.errors import from_duckdb
from local_aws_harness.athena_client import Athena, QueryFailed, running


@pytest.fixture
def athena(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Athena]:
    monkeypatch.setattr(duckdb_process, "MEMORY", "100MB")
    monkeypatch.setattr(duckdb_process, "PROCESS_BYTES", 600 << 20)
    with running(tmp_path) as made:
        yield made


MANY = "FROM UNNEST(sequence(1, 10000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y)"
MILLION = "lpad('x', 1000000, 'y')"
DOUBLED = ", ".join(f"t{n + 1} AS (SELECT x || x AS x FROM t{n})" for n in range(12))
TOO_MUCH = {
    "a long array": ("SELECT repeat('x', 2000000000)", "INVALID_FUNCTION_ARGUMENT: count argument of repeat"),
    "a negative array": ("SELECT repeat('x', -1)", "INVALID_FUNCTION_ARGUMENT: count argument of repeat"),
    "a long sequence": ("SELECT cardinality(sequence(1, 300000000))", "result of sequence function must not have more"),
    "a sequence down": ("SELECT cardinality(sequence(300000000, 1, -1))", "result of sequence function must not"),
    "a long time": (
        "SELECT sequence(timestamp '2014-01-01 00:00', timestamp '2024-01-01 00:00', interval '1' second)",
        "result of sequence function must not have more than 10000 entries",
    ),
    "a long text": ("SELECT lpad('x', 2000000000, 'y')", "NOT_SUPPORTED: The local Athena pads a text to at most"),
    "a text that doubles": (
        f"WITH t0 AS (SELECT {MILLION} AS x), {DOUBLED} SELECT length(x) FROM t12",
        "EXCEEDED_LOCAL_MEMORY_LIMIT",
    ),
    "a text that doubles row by row": (
        f"WITH RECURSIVE t(n, x) AS (SELECT 1, CAST({MILLION} AS varchar) UNION ALL "
        "SELECT n + 1, CAST(x || x AS varchar) FROM t WHERE n < 11) "
        "SELECT max(length(x)) FROM t",
        "EXCEEDED_LOCAL_MEMORY_LIMIT",
    ),
    "texts of many rows": (
        f"SELECT sum(length({MILLION} || CAST(x AS varchar))) FROM UNNEST(sequence(1, 10000)) AS t(x)",
        "EXCEEDED_LOCAL_MEMORY_LIMIT",
    ),
    "arrays in arrays": (
        "SELECT cardinality(flatten(flatten(repeat(repeat(repeat(1, 10000), 10000), 10000))))",
        "EXCEEDED_LOCAL_MEMORY_LIMIT",
    ),
    "an aggregate": (f"SELECT cardinality(array_agg(x * y)) {MANY}", "EXCEEDED_LOCAL_MEMORY_LIMIT"),
}


@pytest.mark.volume
def test_too_much_is_refused_by_name_and_the_next_query_runs(athena: Athena) -> None:
    for what, (sql, reported) in TOO_MUCH.items():
        with pytest.raises(QueryFailed, match=reported) as failed:
            athena.execute(sql)
        assert failed.value.execution["Status"]["State"] == "FAILED", what
        assert athena.query("SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS t(x)") == [["10000"]]


def duckdbs_processes() -> set[Path]:
    """What the system knows of the processes that run queries for this one."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended since
            status, command = (path / "status").read_text(), (path / "cmdline").read_bytes()
            if f"PPid:\t{os.getpid()}\n" in status and b"local_aws.athena.worker" in command:
                found.add(path)
    return found


def duckdbs_process() -> Path:
    (one,) = duckdbs_processes()
    return one


@pytest.mark.volume
@pytest.mark.notices("packages/local-aws/src/local_aws/athena/worker.py", "_limit_memory(most)", "print(most)")
@pytest.mark.skipif(sys.platform != "linux", reason="another system knows no limit to a process's memory")
def test_the_system_limits_the_memory_of_duckdbs_process(athena: Athena) -> None:
    assert athena.query("SELECT 1") == [["1"]]
    (limit,) = re.findall(r"Max address space +(\S+)", (duckdbs_process() / "limits").read_text())
    assert 600 << 20 < int(limit) < 4 << 30


@pytest.mark.skipif(sys.platform != "linux", reason="it looks for the process in /proc")
def test_a_query_that_ends_duckdbs_process_is_told_and_the_next_one_runs(athena: Athena) -> None:
    assert athena.query("SELECT 1") == [["1"]]
    started = athena.start("SELECT count(*) " + MANY + " CROSS JOIN UNNEST(sequence(1, 10000)) AS c(z)")
    while not list((duckdbs_process() / "task").iterdir())[3:]:  # its own, DuckDB's, the query's
        time.sleep(0.05)
    os.kill(int(duckdbs_process().name), signal.SIGKILL)
    with pytest.raises(QueryFailed, match="EXCEEDED_LOCAL_MEMORY_LIMIT"):
        raise QueryFailed(athena.wait(started))
    assert athena.query("SELECT 1") == [["1"]]


@pytest.mark.skipif(sys.platform != "linux", reason="another system knows no limit to a process's memory")
def test_a_process_without_room_for_another_connection_is_replaced(tmp_path: Path) -> None:
    """As an aggregate over much leaves it: the query after it was refused once, with nothing of its own too large."""
    process, others = DuckDbProcess(tmp_path), duckdbs_processes()
    with process.connect() as first:
        (full,) = duckdbs_processes() - others
        resource.prlimit(int(full.name), resource.RLIMIT_AS, (1, resource.RLIM_INFINITY))
        with process.connect() as second:
            assert second.rows("SELECT 1") == [(1,)]
        assert full not in duckdbs_processes()
        with pytest.raises(duckdb.OutOfMemoryException):
            first.rows("SELECT 1")
    process.close()


def test_a_full_disk_is_told_as_that() -> None:
    # DuckDB's words, version 2.0.
    reported = duckdb.OutOfMemoryException(
        "Out of Memory Error: failed to offload data block of size 256.0 KiB (244.0 MiB/244.1 MiB used).\n"
        "This limit was set by the 'max_temp_directory_size' setting."
    )
    assert from_duckdb(reported).name == "EXCEEDED_SPILL_LIMIT"


def test_what_is_within_the_limits_is_as_trino_has_it(athena: Athena) -> None:
    # Trino's documentation of array functions: repeat gives an array.
    assert athena.query("SELECT repeat('x', 3), cardinality(repeat(1, 10000)), repeat(2, 0)") == [
        ["[x, x, x]", "10000", "[]"]
    ]
    assert athena.query("SELECT sequence(1, 7, 3), cardinality(sequence(1, 10000)), lpad('7', 3, '0')") == [
        ["[1, 4, 7]", "10000", "007"]
    ]


def test_a_result_that_is_too_large_is_told_as_that(athena: Athena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "RESULT_BYTES", 1000)
    with pytest.raises(
        QueryFailed, match="EXCEEDED_LOCAL_RESULT_LIMIT: The result exceeds the local Athena's limit of 1000 bytes"
    ):
        athena.execute("SELECT x FROM UNNEST(sequence(1, 1000)) AS t(x)")
    assert athena.query("SELECT 1") == [["1"]]


def test_a_query_ends_when_its_time_is_over(athena: Athena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "TIME_LIMIT", 0.5)
    third = "CROSS JOIN UNNEST(sequence(1, 10000)) AS c(z)"
    with pytest.raises(QueryFailed, match="EXCEEDED_TIME_LIMIT"):
        athena.execute(f"SELECT count(*) {MANY} {third} WHERE x % 7 = y % 11 AND z % 3 = y % 5")
    monkeypatch.undo()
    assert athena.query("SELECT 1") == [["1"]]
