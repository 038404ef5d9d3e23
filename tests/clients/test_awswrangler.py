"""awswrangler (AWS SDK for pandas): its reading of queries in all three ways, its statements and its catalog."""

from __future__ import annotations

import datetime
import time
import types
from typing import Any

import awswrangler as wr
import pandas as pd
import pytest
from botocore.exceptions import ClientError

from local_aws_harness.athena_client import Athena

ROWS = [["1-0", 1.5, 1, 1], ["1-1", -2.25, 2, 1], ["1-2", None, 3, 1], ["3-0", 0.5, 4, 3], ["3-1", 9.75, 5, 3]]
SQL = "SELECT id, acceleration, n, subject FROM samples ORDER BY n"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask after 0.05 s instead of a second whether a query has ended."""
    clock = types.SimpleNamespace(sleep=lambda _: time.sleep(0.05))
    monkeypatch.setattr("awswrangler.athena._executions.time", clock)


def listed(frame: pd.DataFrame) -> list[list[Any]]:
    return [[None if pd.isna(value) else value for value in row] for row in frame.to_numpy().tolist()]


@pytest.mark.parametrize("way", ["ctas", "unload", "csv"])
def test_reads_a_query(athena: Athena, folder: str, way: str) -> None:
    ways = {"ctas_approach": way == "ctas", "unload_approach": way == "unload"}
    frame = wr.athena.read_sql_query(SQL, database=athena.database, s3_output=f"{folder}/", **ways)
    assert list(frame.columns) == ["id", "acceleration", "n", "subject"]
    # The order of rows is that of the CSV alone: Athena writes the files of the others in parallel.
    assert sorted(listed(frame), key=lambda row: row[2]) == ROWS
    assert frame.query_metadata["Status"]["State"] == "SUCCEEDED"
    assert [str(kind) for kind in frame.dtypes] == ["string", "float64", "Int32", "Int32"]
    # By default (ctas_approach) the table in between is dropped again.
    assert athena.statement("SHOW TABLES 'temp_table_*'") == []


@pytest.mark.parametrize("way", ["ctas", "csv"])
def test_reads_no_rows_with_their_columns(athena: Athena, folder: str, way: str) -> None:
    sql = "SELECT id, n FROM samples WHERE n > 100"
    frame = wr.athena.read_sql_query(sql, database=athena.database, s3_output=f"{folder}/", ctas_approach=way == "ctas")
    assert (list(frame.columns), len(frame)) == (["id", "n"], 0)


def test_reads_in_chunks_a_table_with_parameters_and_time(athena: Athena, folder: str) -> None:
    chunks = wr.athena.read_sql_query(SQL, database=athena.database, s3_output=f"{folder}/a/", chunksize=2)
    assert [len(chunk) for chunk in chunks] == [2, 2, 1]
    sql = 'SELECT id, "timestamp" FROM samples WHERE n = ? AND id <> ?'
    frame = wr.athena.read_sql_query(
        sql, database=athena.database, s3_output=f"{folder}/b/", params=["2", "'x'"], paramstyle="qmark"
    )
    assert listed(frame) == [["1-1", datetime.datetime(2014, 1, 1, 0, 0, 0, 20_000)]]
    whole = wr.athena.read_sql_table("samples", database=athena.database, s3_output=f"{folder}/c/")
    assert sorted(whole["id"]) == [row[0] for row in ROWS]


def test_unloads_by_itself(athena: Athena, folder: str) -> None:
    found = wr.athena.unload(SQL, path=f"{folder}/", database=athena.database, partitioned_by=["subject"])
    assert found.manifest_location is not None
    frame = wr.s3.read_parquet(f"{folder}/", dataset=True, path_suffix=".parquet")
    assert sorted(listed(frame[["id", "n"]])) == [[row[0], row[2]] for row in ROWS]


def test_makes_a_table_of_a_query(athena: Athena, folder: str) -> None:
    made = wr.athena.create_ctas_table(
        SQL,
        database=athena.database,
        ctas_table="temp_by_wrangler",
        s3_output=f"{folder}/",
        partitioning_info=["subject"],
        write_compression="snappy",
        wait=True,
    )
    assert (made["ctas_database"], made["ctas_table"]) == (athena.database, "temp_by_wrangler")
    assert athena.query("SELECT count(*) FROM temp_by_wrangler WHERE subject = 3") == [["2"]]


def test_writes_a_table_that_athena_reads(athena: Athena, folder: str) -> None:
    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None], "part": ["p", "q", "q"]})
    wr.s3.to_parquet(
        frame,
        path=f"{folder}/",
        dataset=True,
        database=athena.database,
        table="temp_written",
        partition_cols=["part"],
        glue_table_settings={"description": "made by a test", "columns_comments": {"a": "m"}},
    )
    assert sorted(athena.query("SELECT a, b, part FROM temp_written")) == [
        ["1", "x", "p"],
        ["2", "y", "q"],
        ["3", None, "q"],
    ]  # type: ignore[type-var]
    assert wr.catalog.get_columns_comments(athena.database, "temp_written") == {"a": "m", "b": None, "part": None}


def test_describes_a_table_with_its_units(athena: Athena, folder: str) -> None:
    place = {"database": athena.database, "s3_output": f"{folder}/"}
    frame = wr.athena.describe_table("samples", **place)
    assert listed(frame) == [
        ["id", "string", False, "subject and sample"],
        ["timestamp", "timestamp", False, ""],
        ["acceleration", "double", False, "m/s^2"],
        ["n", "int", False, "the person's count"],
        ["subject", "int", True, "a person"],
    ]
    assert listed(wr.catalog.table(athena.database, "samples")) == listed(frame)
    text = wr.athena.show_create_table("samples", **place)
    assert text.startswith("CREATE EXTERNAL TABLE `samples`( `id` string COMMENT 'subject and sample', `timestamp`")
    assert "PARTITIONED BY ( `subject` int COMMENT 'a person')" in text
    assert wr.athena.generate_create_query("persons", database=athena.database).startswith("CREATE OR REPLACE VIEW")


def test_repairs_a_table(athena: Athena, folder: str) -> None:
    athena.execute(
        f"CREATE EXTERNAL TABLE temp_broken (n int) PARTITIONED BY (p string) STORED AS PARQUET LOCATION '{folder}/t/'"
    )
    athena.put(f"{folder.partition(f'{athena.bucket}/')[2]}/t/p=new/file", b"")
    place = {"database": athena.database, "s3_output": f"{folder}/out/"}
    assert wr.athena.repair_table("temp_broken", **place) == "SUCCEEDED"
    assert wr.catalog.get_partitions(athena.database, "temp_broken") == {f"{folder}/t/p=new": ["new"]}


def test_the_catalog(athena: Athena) -> None:
    assert athena.database in set(wr.catalog.databases()["Database"])
    found = {table["Name"]: table["TableType"] for table in wr.catalog.get_tables(database=athena.database)}
    assert (found["samples"], found["persons"]) == ("EXTERNAL_TABLE", "VIRTUAL_VIEW")
    assert wr.catalog.does_table_exist(athena.database, "samples")
    assert not wr.catalog.does_table_exist(athena.database, "nope")
    types_there = wr.catalog.get_table_types(athena.database, "samples")
    expected = {"id": "string", "timestamp": "timestamp", "acceleration": "double", "n": "int", "subject": "int"}
    assert types_there == expected
    assert wr.catalog.get_table_location(athena.database, "samples") == f"s3://{athena.bucket}/samples/"
    assert list(wr.catalog.tables(database=athena.database, name_contains="sampl")["Table"]) == ["samples"]


def test_a_search_that_moto_lacks_is_told_by_name(athena: Athena) -> None:
    with pytest.raises(ClientError, match="The local AWS has no glue:SearchTables"):
        list(wr.catalog.search_tables("samples"))


def test_prepared_statements(athena: Athena, folder: str) -> None:
    wr.athena.create_prepared_statement("SELECT id FROM samples WHERE n = ?", "temp_wr")
    assert "temp_wr" in [one["StatementName"] for one in wr.athena.list_prepared_statements()]
    frame = wr.athena.read_sql_query(
        "EXECUTE temp_wr USING 4", database=athena.database, s3_output=f"{folder}/", ctas_approach=False
    )
    assert listed(frame) == [["3-0"]]
    wr.athena.delete_prepared_statement("temp_wr")
    assert "temp_wr" not in [one["StatementName"] for one in wr.athena.list_prepared_statements()]


def test_a_failed_query_is_told_with_athenas_words(athena: Athena, folder: str) -> None:
    place = {"database": athena.database, "s3_output": f"{folder}/"}
    with pytest.raises(wr.exceptions.QueryFailed, match="COLUMN_NOT_FOUND"):
        wr.athena.read_sql_query("SELECT nope FROM samples", ctas_approach=False, **place)
    with pytest.raises(wr.exceptions.InvalidArgumentValue, match="Please, define all columns names"):
        wr.athena.read_sql_query("SELECT count(*) FROM samples", **place)
