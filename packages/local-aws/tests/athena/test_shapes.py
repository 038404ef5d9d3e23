"""Queries of any shape over a view, its table, partitions and subqueries, against plain DuckDB over the same rows."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws_harness.athena_client import ROWS, Athena, running


@pytest.fixture(scope="module")
def athena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Athena]:
    with running(tmp_path_factory.mktemp("athena")) as made:
        made.make_readings()
        yield made


@pytest.fixture(scope="module")
def witness() -> Iterator[duckdb.DuckDBPyConnection]:
    """The same rows as the test's table, in a DuckDB that knows nothing of partitions, catalogs or Athena."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("CREATE TABLE readings (id VARCHAR, x DOUBLE, n INTEGER, snapshot BIGINT, subject INTEGER)")
        for (snapshot, subject), rows in ROWS.items():
            for name, _, x, n, _ in rows:
                connection.execute("INSERT INTO readings VALUES (?, ?, ?, ?, ?)", [name, x, n, snapshot, subject])
        connection.execute("CREATE VIEW current AS SELECT * FROM readings WHERE snapshot = 2")
        yield connection


# Every relation of the grammar has the columns id, n, subject and snapshot, so each may stand where another does.
COLUMNS = ("id", "n", "subject", "snapshot")
ALL = ", ".join(COLUMNS)
number = st.integers(0, 4)
comparison = st.sampled_from(["=", "<>", "<", ">="])


def selected(source: str, alias: str) -> str:
    return f"SELECT {', '.join(f'{alias}.{column}' for column in COLUMNS)} FROM {source}"


def joined(parts: tuple[str, str, str]) -> str:
    left, right, how = parts
    if how == ",":
        return selected(f"{left} AS a, {right} AS b", "a") + " WHERE a.id = b.id"
    if how == "CROSS JOIN":
        return selected(f"{left} AS a CROSS JOIN {right} AS b", "a") + " WHERE a.n < b.n"
    return selected(f"{left} AS a {how} {right} AS b ON a.id = b.id AND a.subject = b.subject", "b")


def filtered(parts: tuple[str, str, str, int]) -> str:
    source, column, operator, value = parts
    return selected(f"{source} AS a", "a") + f" WHERE a.{column} {operator} {value}"


def in_subquery(parts: tuple[str, str, str]) -> str:
    outer, inner, how = parts
    condition = {
        "in": f"a.n IN (SELECT n FROM {inner} AS b)",
        "not in": f"a.subject NOT IN (SELECT subject FROM {inner} AS b WHERE b.n > 3)",
        "exists": f"EXISTS (SELECT 1 FROM {inner} AS b WHERE b.id = a.id AND b.snapshot <> a.snapshot)",
        "scalar": f"a.n >= (SELECT max(n) - 1 FROM {inner} AS b)",
    }[how]
    return selected(f"{outer} AS a", "a") + f" WHERE {condition}"


def grouped(source: str) -> str:
    return (
        "SELECT min(a.id) AS id, CAST(sum(a.n) AS INTEGER) AS n, a.subject, max(a.snapshot) AS snapshot "
        f"FROM {source} AS a GROUP BY a.subject"
    )


def with_named(parts: tuple[str, str]) -> str:
    first, second = parts
    # Athena has no WITH in parentheses beside UNION.
    return (
        f"WITH one AS ({first}), two AS (SELECT {ALL} FROM one UNION ALL SELECT {ALL} FROM ({second}) AS c) "
        + selected("one AS a JOIN two AS b ON a.id = b.id", "b")
    )


def combined(parts: tuple[str, str, str]) -> str:
    left, right, how = parts
    return f"SELECT {ALL} FROM ({left}) AS a {how} SELECT {ALL} FROM ({right}) AS b"


def wider(query: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    source = st.one_of(st.sampled_from(["current", "readings"]), query.map("({})".format))
    joins = st.sampled_from(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", ","])
    operators = [f"{word} {every}".strip() for word in ("UNION", "EXCEPT", "INTERSECT") for every in ("", "ALL")]
    return st.one_of(
        st.tuples(source, source, joins).map(joined),
        st.tuples(source, st.sampled_from(COLUMNS[1:]), comparison, number).map(filtered),
        st.tuples(source, source, st.sampled_from(["in", "not in", "exists", "scalar"])).map(in_subquery),
        st.tuples(query, query, st.sampled_from(operators)).map(combined),
        st.tuples(query, query).map(with_named),
        source.map(grouped),
    )


relations = st.sampled_from([f"SELECT {ALL} FROM current", f"SELECT {ALL} FROM readings"])
queries = st.recursive(relations, wider, max_leaves=5)


def texts(rows: list[tuple[object, ...]]) -> list[list[str | None]]:
    return [[None if value is None else str(value) for value in row] for row in rows]


def in_order(rows: list[list[str | None]]) -> list[list[str | None]]:
    return sorted(rows, key=repr)


@given(sql=queries)
def test_a_query_of_any_shape_has_the_answer_of_plain_duckdb(
    athena: Athena, witness: duckdb.DuckDBPyConnection, sql: str
) -> None:
    assert in_order(athena.query(sql)) == in_order(texts(witness.execute(sql).fetchall()))


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        # By hand: the second snapshot has five rows, the first has one, of the same id as one of them.
        ("SELECT count(*) FROM current c JOIN readings r ON c.id = r.id", [["6"]]),
        ("SELECT count(*) FROM current, readings", [["30"]]),
        ("SELECT id, n FROM readings EXCEPT SELECT id, n FROM current", [["1-0", "9"]]),
        ("SELECT count(*) FROM (SELECT id FROM current UNION ALL SELECT id FROM readings)", [["11"]]),
        ("SELECT id FROM current WHERE n > (SELECT max(n) FROM readings WHERE snapshot = 2) - 1", [["3-1"]]),
    ],
)
def test_the_view_and_its_table_together(athena: Athena, sql: str, rows: list[list[str]]) -> None:
    assert athena.query(sql) == rows


@given(
    sql=queries,
    words=st.lists(st.sampled_from(["SELECT", "FROM", "JOIN", "(", ")", ",", "n", "current", "UNION", "*", "'"])),
    place=st.integers(0, 10_000),
    length=st.integers(0, 4),
)
def test_a_damaged_query_is_refused_in_athenas_words(
    athena: Athena, sql: str, words: list[str], place: int, length: int
) -> None:
    parts = sql.split()
    start = place % len(parts)
    execution = athena.wait(athena.start(" ".join(parts[:start] + words + parts[start + length :]) or "SELECT"))
    assert "GENERIC_INTERNAL_ERROR" not in execution["Status"].get("StateChangeReason", "")
