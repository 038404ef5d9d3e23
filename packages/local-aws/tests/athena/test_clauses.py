"""The list of clauses: what is not in it is refused, even where the grammar were to let it through."""

from __future__ import annotations

import pytest
import sqlglot

from local_aws.athena.clauses import check_clauses
from local_aws.athena.errors import WAY_OUT, QueryFailedError


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("SELECT * EXCLUDE (k) FROM t", "EXCEPT"),
        ("SELECT k FROM t QUALIFY row_number() OVER (ORDER BY k) = 1", "QUALIFY"),
        ("SELECT k FROM t ASOF JOIN u ON t.k >= u.k", "METHOD in JOIN"),
        ("SELECT k FROM t SEMI JOIN u ON t.k = u.k", "SEMI"),
        ("SELECT k FROM t TABLESAMPLE BERNOULLI (50)", "TABLESAMPLE"),
        ("SELECT DISTINCT ON (k) k FROM t", "ON"),
        ("SELECT k FROM t GROUP BY ALL", "ALL"),
        ("SELECT k FROM t UNION BY NAME SELECT k FROM u", "BY_NAME"),
        ("WITH a AS MATERIALIZED (SELECT 1 AS k) SELECT k FROM a", "MATERIALIZED"),
        ("SELECT sum(k) OVER (ORDER BY k ROWS 1 PRECEDING EXCLUDE CURRENT ROW) FROM t", "EXCLUDE"),
        ("SELECT (1, 2)", "row in parentheses"),
    ],
)
def test_a_clause_that_is_not_listed_is_refused_with_the_way_out(sql: str, named: str) -> None:
    with pytest.raises(QueryFailedError) as refused:
        check_clauses(sqlglot.parse_one(sql, dialect="duckdb"))
    assert refused.value.name == "NOT_SUPPORTED"
    assert named in refused.value.message
    assert WAY_OUT in refused.value.message


def test_a_natural_join_is_refused_in_trinos_words() -> None:
    with pytest.raises(QueryFailedError, match=r"Natural join not supported$"):
        check_clauses(sqlglot.parse_one("SELECT k FROM t NATURAL JOIN u", dialect="trino"))


def test_what_is_listed_passes() -> None:
    check_clauses(
        sqlglot.parse_one("SELECT k, sum(n) FROM t JOIN u USING (k) GROUP BY k ORDER BY 2 LIMIT 3", dialect="trino")
    )
