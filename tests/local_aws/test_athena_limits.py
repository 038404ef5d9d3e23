"""A query that asks for more than the machine has fails by name, and the next one runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from local_aws.athena import execution, query
from local_aws.athena.errors import from_duckdb
from tests.local_aws.athena_client import Athena, QueryFailed, running


@pytest.fixture
def athena(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Athena]:
    monkeypatch.setattr(query, "MEMORY", "100MB")
    with running(tmp_path) as made:
        yield made


MANY = "FROM UNNEST(sequence(1, 10000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y)"
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
    "an aggregate": (f"SELECT cardinality(array_agg(x * y)) {MANY}", "EXCEEDED_LOCAL_MEMORY_LIMIT"),
}


def test_too_much_is_refused_by_name_and_the_next_query_runs(athena: Athena) -> None:
    for what, (sql, told) in TOO_MUCH.items():
        with pytest.raises(QueryFailed, match=told) as failed:
            athena.execute(sql)
        assert failed.value.execution["Status"]["State"] == "FAILED", what
        assert athena.query("SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS t(x)") == [["10000"]]


def test_a_full_disk_is_told_as_that() -> None:
    # DuckDB's words, version 2.0.
    told = duckdb.OutOfMemoryException(
        "Out of Memory Error: failed to offload data block of size 256.0 KiB (244.0 MiB/244.1 MiB used).\n"
        "This limit was set by the 'max_temp_directory_size' setting."
    )
    assert from_duckdb(told).name == "EXCEEDED_SPILL_LIMIT"


def test_what_is_within_the_limits_is_as_trino_has_it(athena: Athena) -> None:
    # Trino's documentation of array functions: repeat gives an array.
    assert athena.query("SELECT repeat('x', 3), cardinality(repeat(1, 10000)), repeat(2, 0)") == [
        ["[x, x, x]", "10000", "[]"]
    ]
    assert athena.query("SELECT sequence(1, 7, 3), cardinality(sequence(1, 10000)), lpad('7', 3, '0')") == [
        ["[1, 4, 7]", "10000", "007"]
    ]


def test_a_query_ends_when_its_time_is_over(athena: Athena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "TIME_LIMIT", 0.5)
    third = "CROSS JOIN UNNEST(sequence(1, 10000)) AS c(z)"
    with pytest.raises(QueryFailed, match="EXCEEDED_TIME_LIMIT"):
        athena.execute(f"SELECT count(*) {MANY} {third} WHERE x % 7 = y % 11 AND z % 3 = y % 5")
    monkeypatch.undo()
    assert athena.query("SELECT 1") == [["1"]]
