"""Trino's type names as those of Hive and DuckDB; the written ones are those that Trino 476 answered (2026-11-30)."""

from __future__ import annotations

import pytest

from local_aws.athena.trino_types import hive_of_trino, parse_type


@pytest.mark.parametrize(
    ("trino", "hive", "duckdb"),
    [
        ("integer", "int", "INTEGER"),
        ("real", "float", "FLOAT"),
        ("varchar", "string", "VARCHAR"),
        ("varchar(5)", "varchar(5)", "VARCHAR"),
        ("char(3)", "char(3)", "VARCHAR"),
        ("varbinary", "binary", "BLOB"),
        ("decimal(4, 1)", "decimal(4,1)", "DECIMAL(4, 1)"),
        ("timestamp(3)", "timestamp", "TIMESTAMP"),
        ("timestamp(6) with time zone", "timestamp", "VARCHAR"),
        ("interval day to second", "string", "VARCHAR"),
        ("unknown", "string", "VARCHAR"),
        ("array(array(double))", "array<array<double>>", "DOUBLE[][]"),
        ("map(varchar(1), array(bigint))", "map<varchar(1),array<bigint>>", "MAP(VARCHAR, BIGINT[])"),
        ("row(a integer, b varchar)", "struct<a:int,b:string>", 'STRUCT("a" INTEGER, "b" VARCHAR)'),
        ("row(integer, timestamp(3) with time zone)", "struct<field0:int,field1:timestamp>",
         'STRUCT("field0" INTEGER, "field1" VARCHAR)'),
        ('row("x, y" row(integer), interval INTERVAL DAY TO SECOND, INTERVAL YEAR TO MONTH)',
         "struct<x, y:struct<field0:int>,interval:string,field2:string>",
         'STRUCT("x, y" STRUCT("field0" INTEGER), "interval" VARCHAR, "field2" VARCHAR)'),
    ],
)  # fmt: skip
def test_a_type_has_a_name_in_hive_and_in_duckdb(trino: str, hive: str, duckdb: str) -> None:
    assert hive_of_trino(trino) == hive
    assert parse_type(trino).duckdb == duckdb
