"""Queries on Trino, as Athena's clients see them. The expected texts are by hand, after AWS's and Trino's docs."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from typing import Any

import psutil
import pytest

from local_aws.athena import provider
from local_aws.athena.trino.client import Running, TrinoError, headers_for
from local_aws.athena.trino.engine import TrinoEngine
from local_aws_harness.athena_client import Athena, QueryFailed, as_role
from local_aws_harness.athena_on_trino import needs_trino
from local_aws_harness.waiting import HANG

pytestmark = [*needs_trino, pytest.mark.local_aws]

ENDLESS = "SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(x), UNNEST(sequence(1, 10000)) AS b(y), \
UNNEST(sequence(1, 10000)) AS c(z) WHERE sin(x * y * z) > 2"


def failure(athena: Athena, sql: str, **more: Any) -> str:
    with pytest.raises(QueryFailed) as failed:
        athena.query(sql, **more)
    return str(failed.value)


def test_rows_of_a_table_and_of_its_view(trino: Athena) -> None:
    assert trino.query("SELECT * FROM readings WHERE snapshot = 2 AND subject = 3 ORDER BY id") == [
        ["3-0", "2014-01-01 00:00:00.000", "1.0E-4", "4", "running", "2", "3"],
        ["3-1", "2014-01-01 00:01:00.000", "1.23456785E7", "5", 'jump "front", back', "2", "3"],
    ]
    assert trino.query("SELECT count(*), count(x), sum(n) FROM current;") == [["5", "4", "15"]]


@pytest.mark.parametrize(
    ("expression", "kind", "text"),
    [
        ("1.5e10", "double", "1.5E10"),
        ("nan()", "double", "NaN"),
        ("real '0.1'", "float", "0.1"),
        ("DECIMAL '1.50'", "decimal", "1.50"),
        ("true", "boolean", "true"),
        ("CAST(NULL AS bigint)", "bigint", None),
        ("timestamp '2020-01-02 03:04:05'", "timestamp", "2020-01-02 03:04:05.000"),
        ("timestamp '2020-01-02 03:04:05 UTC'", "timestamp with time zone", "2020-01-02 03:04:05.000 UTC"),
        ("time '03:04'", "time", "03:04:00.000"),
        ("interval '2' day", "interval day to second", "2 00:00:00.000"),
        ("x'0aff'", "varbinary", "0a ff"),
        ("ARRAY[1.5e0, NULL]", "array", "[1.5, null]"),
        ("map(ARRAY['a'], ARRAY[ROW(1, 'x')])", "map", "{a={field0=1, field1=x}}"),
        ("CAST(ROW(1, 'x') AS ROW(n integer, s varchar))", "row", "{n=1, s=x}"),
        ("""json '{"a": 1}'""", "json", '{"a":1}'),
    ],
)
def test_a_value_has_athenas_type_and_text(trino: Athena, expression: str, kind: str, text: str | None) -> None:
    execution = trino.execute(f"SELECT {expression} AS v")["QueryExecutionId"]
    answer = trino.client.get_query_results(QueryExecutionId=execution)["ResultSet"]
    assert answer["ResultSetMetadata"]["ColumnInfo"][0]["Type"] == kind
    assert trino.rows(execution) == [["v"], [text]]


def test_what_duckdb_gets_wrong_is_right(trino: Athena) -> None:
    """Cases of issue 20, with the answers of a Trino 476 apart from this project (2026-11-30)."""
    assert trino.query(
        "SELECT millisecond(timestamp '2020-01-01 00:00:01.250'), avg(d), typeof(avg(d)), nan() = nan(), "
        "position('b' IN 'abc'), TRY(CAST('x' AS integer)) FROM (VALUES DECIMAL '1.0', DECIMAL '2.0') AS t(d)"
    ) == [["250", "1.5", "decimal(2,1)", "false", "2", None]]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT upper(1)", "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (integer) for function upper."),
        ("SELECT 'a' + 1", "TYPE_MISMATCH: line 1:12: Cannot apply operator: varchar(1) + integer"),
        ("SELECT\n nope FROM readings", "COLUMN_NOT_FOUND: line 2:2: Column 'nope' cannot be resolved"),
        ("SELECT * FROM nope", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.{database}.nope' does not exist"),
        ("SELECT * FROM nope.t", "SCHEMA_NOT_FOUND: line 1:15: Schema 'nope' does not exist"),
        ("SELECT FROM readings", "SYNTAX_ERROR: line 1:8: mismatched input 'FROM'. Expecting: '*', 'ALL', 'DISTINCT',"),
        ("SELECT 1 / (n - n) FROM readings", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT id FROM readings WHERE id = ?",
         "INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected 1 but found 0"),
    ],
)  # fmt: skip
def test_an_error_has_trinos_name_place_and_words(trino: Athena, sql: str, message: str) -> None:
    assert failure(trino, sql).startswith(message.replace("{database}", trino.database))


def test_parameters_are_bound(trino: Athena) -> None:
    found = trino.query("SELECT id FROM readings WHERE id = ? AND n > ?", ExecutionParameters=["'1-1'", "1"])
    assert found == [["1-1"]]


def test_a_view_is_stored_as_athena_stores_it_and_checked_by_trino(trino: Athena) -> None:
    trino.execute("CREATE VIEW kinds AS SELECT id, x, ARRAY[n] AS ns, 'abc' AS word FROM readings WHERE snapshot = 2")
    stored = trino.glue.get_table(DatabaseName=trino.database, Name="kinds")["Table"]
    assert [column["Type"] for column in stored["StorageDescriptor"]["Columns"]] == [
        "string", "double", "array<int>", "varchar(3)",
    ]  # fmt: skip
    assert trino.query("SELECT ns, word FROM kinds WHERE id = '3-1'") == [["[5]", "abc"]]
    assert "COLUMN_NOT_FOUND: line 1:8: Column 'y' cannot be resolved" in failure(
        trino, "CREATE VIEW other AS SELECT y FROM readings"
    )


def test_rows_of_create_table_as_and_of_unload(trino: Athena) -> None:
    """Trino selects, the local Athena writes Parquet; every type comes back as it went."""
    columns = "id, x, ROW(n, id) AS r, ARRAY[x] AS xs, map(ARRAY[n], ARRAY[id]) AS m, CAST(id AS varbinary) AS b, \
CAST(x AS decimal(10, 2)) AS d, date '2020-01-02' AS day, \"timestamp\" AS t, n > 1 AS flag, subject"
    trino.execute(f"CREATE TABLE made WITH (partitioned_by = ARRAY['subject']) AS SELECT {columns} FROM current")
    order = "ORDER BY subject, id"
    assert trino.query(f"SELECT * FROM made {order}") == trino.query(f"SELECT {columns} FROM current {order}")
    trino.execute(f"UNLOAD (SELECT id FROM current) TO 's3://{trino.bucket}/unloaded/' WITH (format = 'PARQUET')")
    assert trino.s3.list_objects_v2(Bucket=trino.bucket, Prefix="unloaded/")["KeyCount"] == 1
    message = failure(trino, "CREATE TABLE no AS SELECT current_timestamp AS t")
    assert message == "NOT_SUPPORTED: Unsupported Hive type: timestamp(3) with time zone"


def test_text_tables_partitions_and_projection(trino: Athena) -> None:
    place = f"LOCATION 's3://{trino.bucket}/text/'"
    trino.execute(
        f"CREATE EXTERNAL TABLE words (a string, b int) PARTITIONED BY (day string) ROW FORMAT DELIMITED \
FIELDS TERMINATED BY ',' {place} TBLPROPERTIES ('projection.enabled'='true', 'projection.day.type'='date', \
'projection.day.format'='yyyy-MM-dd', 'projection.day.range'='2020-01-01,2020-01-03')"
    )
    trino.put("text/day=2020-01-02/sub/x.csv", b"q,1\nr,x\n")
    assert trino.query("SELECT * FROM words ORDER BY a") == [["q", "1", "2020-01-02"], ["r", None, "2020-01-02"]]
    assert trino.query('SELECT * FROM "readings$partitions" ORDER BY 1, 2') == [["1", "1"], ["2", "1"], ["2", "3"]]
    trino.execute("ALTER TABLE readings ADD PARTITION (snapshot = 7, subject = 1)")
    assert trino.query("SELECT count(*) FROM readings WHERE snapshot = 7") == [["0"]], "a partition without objects"


def test_explain_has_the_plan_of_trino(trino: Athena) -> None:
    plan = trino.statement("EXPLAIN SELECT id FROM readings WHERE snapshot = 2")
    assert any("TableScan[table = awsdatacatalog:" in line for line in plan), plan


def test_only_what_is_read_is_scanned(trino: Athena) -> None:
    one, all_columns = (
        trino.scanned("SELECT count(x) FROM current WHERE subject = 3"),
        trino.scanned("SELECT * FROM current"),
    )
    assert 0 < one < all_columns


def test_a_query_is_stopped(trino: Athena) -> None:
    execution = trino.start(
        "SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(x), UNNEST(sequence(1, 10000)) AS b(y), \
UNNEST(sequence(1, 10000)) AS c(z) WHERE sin(x * y * z) > 2"
    )
    deadline = time.monotonic() + HANG
    while trino.client.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"]["State"] == "QUEUED":
        assert time.monotonic() < deadline
    time.sleep(0.5)
    trino.client.stop_query_execution(QueryExecutionId=execution)
    status = trino.wait(execution)["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Query was cancelled by user")
    assert trino.query("SELECT 1") == [["1"]]


def test_a_workgroups_limit_of_bytes_cancels(trino: Athena) -> None:
    trino.client.create_work_group(Name="small", Configuration={"BytesScannedCutoffPerQuery": 10_000_000})
    trino.put("big/x.csv", b"0123456789\n" * 1_500_000)
    trino.execute(f"CREATE EXTERNAL TABLE big (a string) LOCATION 's3://{trino.bucket}/big/'")
    status = trino.wait(trino.start("SELECT count(a) FROM big", WorkGroup="small"))["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Bytes scanned limit was exceeded")


def test_metadata_of_the_result_is_beside_it(trino: Athena) -> None:
    execution = trino.execute("SELECT 1 AS one")
    place = execution["ResultConfiguration"]["OutputLocation"].removeprefix(f"s3://{trino.bucket}/")
    assert trino.s3.get_object(Bucket=trino.bucket, Key=place)["Body"].read() == b'"one"\n"1"\n'
    assert json.loads(trino.s3.get_object(Bucket=trino.bucket, Key=f"{place}.metadata")["Body"].read())


def engine() -> TrinoEngine:
    """The engine of the local Athena of this process."""
    (api,) = provider._installed
    found = api._engine("us-east-1")
    assert isinstance(found, TrinoEngine)
    return found


def java() -> int:
    """The process id of Trino."""
    (child,) = psutil.Process(engine().server.pid).children()
    return int(child.pid)


def test_a_query_beyond_the_memory_fails_and_the_next_one_works(trino: Athena) -> None:
    """250 MB are one query's: an array of ten million texts needs more."""
    rows = "UNNEST(sequence(1, 10000)) AS a(x), UNNEST(sequence(1, 1000)) AS b(y)"
    message = failure(trino, f"SELECT cardinality(array_agg(CAST(x * y AS varchar) || 'abcdefghijklmnop')) FROM {rows}")
    assert message.startswith("EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded per-node memory limit of 250MB"), message
    assert trino.query("SELECT 1") == [["1"]]


def test_the_process_is_small_and_listens_on_loopback_alone(trino: Athena) -> None:
    process = psutil.Process(java())
    assert process.memory_info().rss < 1_500_000_000
    listening = {each.laddr.ip for each in process.net_connections("tcp") if each.status == psutil.CONN_LISTEN}
    assert listening == {"::ffff:127.0.0.1"} or listening == {"127.0.0.1"}, listening


def test_a_killed_trino_is_told_by_name_and_starts_again(trino: Athena) -> None:
    execution = trino.start(ENDLESS)
    time.sleep(1)
    os.kill(java(), signal.SIGKILL)
    status = trino.wait(execution)["Status"]
    assert status["State"] == "FAILED"
    assert status["StateChangeReason"].startswith(
        "GENERIC_INTERNAL_ERROR: Trino, the engine of the local Athena, ended while the query ran (exit status 137;"
    )
    assert (status["AthenaError"]["ErrorCategory"], status["AthenaError"]["Retryable"]) == (1, True)
    assert trino.query("SELECT count(*) FROM current") == [["5"]]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM system.runtime.nodes",
        "SELECT * FROM system.metadata.catalogs",
        'SELECT * FROM "jmx".current."java.lang:type=runtime"',
        "CALL system.runtime.kill_query('x')",
        "SET SESSION query_max_memory = '2GB'",
        "CREATE CATALOG tpch USING tpch",
        "SELECT * FROM TABLE(system.query('SELECT 1'))",
        "EXPLAIN ANALYZE INSERT INTO readings SELECT * FROM readings",
        "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1 AS a",
        "EXPLAIN ANALYZE DELETE FROM readings",
        "CREATE TABLE t WITH (external_location = 'file:///tmp/t/') AS SELECT 1 AS a",
    ],
)
def test_nothing_but_the_catalog_is_reached(trino: Athena, sql: str) -> None:
    failure(trino, sql)
    assert trino.query("SELECT count(*) FROM readings WHERE snapshot < 5") == [["6"]]


def test_trino_itself_serves_no_other_user(trino: Athena) -> None:
    server = engine().server
    with pytest.raises(TrinoError) as refused:
        list(Running(server.address(), server.pool).start("SELECT 1", headers_for("administrator", trino.database)))
    assert refused.value.name == "PERMISSION_DENIED"


@pytest.mark.parametrize("location", ["file:///etc/", "http://127.0.0.1:9/x/", "hdfs://host/x/", "local:///etc/"])
def test_a_table_elsewhere_is_not_read(trino: Athena, location: str) -> None:
    name = f"t{abs(hash(location))}"
    storage = {
        "Columns": [{"Name": "a", "Type": "string"}],
        "Location": location,
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"},
    }
    trino.glue.create_table(
        DatabaseName=trino.database,
        TableInput={"Name": name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage},
    )
    assert re.search("No factory for location|No (FileSystem|file system)", failure(trino, f"SELECT * FROM {name}"))


@pytest.mark.parametrize(
    "action", ["glue:GetTable", "glue:GetPartitions", "s3:GetObject", "s3:PutObject", "s3:ListBucket"]
)
def test_a_query_needs_its_callers_right(trino: Athena, action: str) -> None:
    with pytest.raises(QueryFailed, match=f"PERMISSION_DENIED: .*not authorized to perform: {action} on"):
        as_role(trino, action).query("SELECT avg(x) FROM current")
    assert trino.query("SELECT count(*) FROM current") == [["5"]]


def test_with_all_rights_the_query_runs(trino: Athena) -> None:
    assert as_role(trino).query("SELECT count(*) FROM current") == [["5"]]


def test_information_schema_has_what_the_caller_may_see(trino: Athena) -> None:
    sql = f"SELECT count(*) FROM information_schema.tables WHERE table_schema = '{trino.database}'"
    assert int(str(trino.query(sql)[0][0])) > 1
    assert as_role(trino, "glue:GetTable").query(sql) == [["0"]]
    columns = f"SELECT column_name FROM information_schema.columns WHERE table_schema = '{trino.database}' \
AND table_name = 'current' ORDER BY ordinal_position"
    assert [row[0] for row in trino.query(columns)] == ["id", "timestamp", "x", "n", "activity", "snapshot", "subject"]
