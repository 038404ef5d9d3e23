"""Which statements need a confirmation."""

from __future__ import annotations

import pytest

from mhealth_ops.operations.asking import changes_something


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        "  \n with a AS (SELECT 1) SELECT * FROM a",
        "-- DROP VIEW mhealth\nSELECT 1",
        "/* DROP\n */ -- x\n ((SELECT 1))",
        "SHOW TABLES",
        "describe mhealth_snapshots",
        "EXPLAIN SELECT 1",
        "VALUES 1",
        "",
        "-- nothing",
        "SELEC 1",
        "created",
    ],
)
def test_queries_change_nothing(statement: str) -> None:
    assert not changes_something(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP VIEW mhealth",
        "-- SELECT\ncreate or replace view mhealth AS SELECT 1",
        "/* SELECT */DELETE FROM t",
        "INSERT INTO t SELECT 1",
        "MSCK REPAIR TABLE t",
        "UNLOAD (SELECT 1) TO 's3://b/p' WITH (format = 'PARQUET')",
        "ALTER TABLE t ADD PARTITION (a = 1)",
        "EXECUTE prepared USING 1",
    ],
)
def test_these_may_change_something(statement: str) -> None:
    assert changes_something(statement)
