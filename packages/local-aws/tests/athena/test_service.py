"""The service: an execution's life, results and their files, work groups, many clients at once."""

# ruff: noqa: E501 - a case is a line, however long its SQL
from __future__ import annotations

import csv
import io
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from local_aws_harness.athena_client import VIEW, Athena, QueryFailed, running
from local_aws_harness.waiting import HANG

SLOW = "SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y) CROSS JOIN UNNEST(sequence(1, 10000)) AS c(z) WHERE x % 7 = y % 11"


@pytest.fixture(scope="module")
def athena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Athena]:
    with running(tmp_path_factory.mktemp("athena")) as made:
        made.make_readings()
        yield made


def read(athena: Athena, location: str) -> bytes:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return bytes(athena.s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def test_describes_an_execution_as_athena_does(athena: Athena) -> None:
    before = time.time()
    execution = athena.execute("SELECT n FROM current")
    execution_id = execution["QueryExecutionId"]
    assert execution["Query"] == "SELECT n FROM current"
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "SELECT")
    assert execution["ResultConfiguration"]["OutputLocation"] == f"s3://{athena.bucket}/results/{execution_id}.csv"
    assert execution["QueryExecutionContext"] == {"Database": athena.database}
    assert execution["WorkGroup"] == "primary"
    status = execution["Status"]
    assert (
        before - 1
        <= status["SubmissionDateTime"].timestamp()
        <= status["CompletionDateTime"].timestamp()
        <= time.time()
    )
    statistics = execution["Statistics"]
    assert statistics["EngineExecutionTimeInMillis"] > 0
    assert statistics["TotalExecutionTimeInMillis"] >= statistics["EngineExecutionTimeInMillis"]
    assert statistics["ResultReuseInformation"] == {"ReusedPreviousResult": False}
    found = athena.client.batch_get_query_execution(QueryExecutionIds=[execution_id, "nope"])
    assert [one["QueryExecutionId"] for one in found["QueryExecutions"]] == [execution_id]
    assert found["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"] == "nope"
    runtime = athena.client.get_query_runtime_statistics(QueryExecutionId=execution_id)["QueryRuntimeStatistics"]
    assert runtime["Rows"]["InputBytes"] == statistics["DataScannedInBytes"] > 0
    assert athena.client.list_query_executions()["QueryExecutionIds"][0] == execution_id


@pytest.mark.parametrize(
    ("sql", "kind", "sub"),
    [
        (VIEW, "DDL", "CREATE_VIEW"),
        ("ALTER TABLE readings DROP IF EXISTS PARTITION (snapshot = 9, subject = 9)", "DDL", "ALTER_TABLE"),
        ("SHOW TABLES", "UTILITY", "SHOW_TABLES"),
        ("(SELECT 1)", "DML", "SELECT"),
    ],
    ids=["view", "partition", "show", "parentheses"],
)
def test_tells_kinds_of_statements(athena: Athena, sql: str, kind: str, sub: str) -> None:
    execution = athena.execute(sql)
    assert (execution["StatementType"], execution["SubstatementType"]) == (kind, sub)


def test_writes_results_as_athena_does(athena: Athena) -> None:
    execution = athena.execute("SELECT id, x, activity FROM current WHERE n IN (3, 5) ORDER BY n")
    location = execution["ResultConfiguration"]["OutputLocation"]
    expected = '"id","x","activity"\n"1-2",,"null class"\n"3-1","1.23456785E7","jump ""front"", back"\n'
    assert read(athena, location) == expected.encode()
    assert read(athena, f"{location}.metadata")
    shown = athena.execute("SHOW TABLES")["ResultConfiguration"]["OutputLocation"]
    assert shown.endswith(".txt")
    tables = read(athena, shown).split(b"\n")  # other tests make some of their own; there is no newline at the end
    assert {b"current", b"readings"} <= set(tables)
    assert tables == sorted(tables)


def test_null_and_empty_text_differ(athena: Athena) -> None:
    execution = athena.execute("SELECT '' AS a, CAST(NULL AS varchar) AS b")
    assert read(athena, execution["ResultConfiguration"]["OutputLocation"]) == b'"a","b"\n"",\n'
    rows = athena.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]["Rows"]
    assert rows[1]["Data"] == [{"VarCharValue": ""}, {}]


def test_pages_through_large_results(athena: Athena) -> None:
    sql = "SELECT x, CAST(x AS varchar) || ' \"line\nbreak\"' AS t FROM UNNEST(sequence(1, 2500)) AS s(x) ORDER BY x"
    execution = athena.execute(sql)
    execution_id = execution["QueryExecutionId"]
    sizes, rows, token = [], [], None
    while True:
        more: dict[str, str] = {"NextToken": token} if token else {}
        page = athena.client.get_query_results(QueryExecutionId=execution_id, **more)
        sizes.append(len(page["ResultSet"]["Rows"]))
        rows += [[value["VarCharValue"] for value in row["Data"]] for row in page["ResultSet"]["Rows"]]
        token = page.get("NextToken")
        if not token:
            break
    # The header is the first row.
    assert sizes == [1000, 1000, 501]
    assert rows == [["x", "t"], *([str(x), f'{x} "line\nbreak"'] for x in range(1, 2501))]
    text = read(athena, execution["ResultConfiguration"]["OutputLocation"]).decode()
    assert list(csv.reader(io.StringIO(text))) == rows
    assert len(athena.client.get_query_results(QueryExecutionId=execution_id, MaxResults=2)["ResultSet"]["Rows"]) == 2


def test_results_of_an_unfinished_or_failed_query_are_refused(athena: Athena) -> None:
    failed = athena.start("SELECT nope FROM current")
    athena.wait(failed)
    with pytest.raises(ClientError, match=r"Query did not finish successfully\. Final query state: FAILED"):
        athena.client.get_query_results(QueryExecutionId=failed)
    with pytest.raises(ClientError, match="QueryExecution nope was not found") as raised:
        athena.client.get_query_execution(QueryExecutionId="nope")
    assert raised.value.response["Error"]["Code"] == "InvalidRequestException"


def test_a_running_query_can_be_stopped(athena: Athena) -> None:
    execution_id = athena.start(SLOW)
    with pytest.raises(ClientError, match=r"Query has not yet finished. Current state: (QUEUED|RUNNING)"):
        athena.client.get_query_results(QueryExecutionId=execution_id)
    time.sleep(0.2)
    athena.client.stop_query_execution(QueryExecutionId=execution_id)
    execution = athena.wait(execution_id)
    assert execution["Status"]["State"] == "CANCELLED"
    assert execution["Status"]["StateChangeReason"] == "Query was cancelled by user"
    # Its thread ends too.
    deadline = time.monotonic() + HANG
    while any(thread.name == f"athena-{execution_id}" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_same_token_is_the_same_execution(athena: Athena) -> None:
    token = "token-" + "x" * 40
    first = athena.start("SELECT 1", ClientRequestToken=token)
    assert athena.start("SELECT 1", ClientRequestToken=token) == first
    assert athena.start("SELECT 1") != first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        athena.start("SELECT 2", ClientRequestToken=token)


def make_work_group(athena: Athena, name: str, **configuration: object) -> None:
    place = {"ResultConfiguration": {"OutputLocation": f"s3://{athena.bucket}/{name}/"}}
    athena.client.create_work_group(Name=name, Configuration={**place, **configuration})


def test_a_work_group_that_enforces_decides_where_results_go(athena: Athena) -> None:
    make_work_group(athena, "strict", EnforceWorkGroupConfiguration=True)
    execution = athena.execute("SELECT 1", WorkGroup="strict")
    assert execution["WorkGroup"] == "strict"
    assert execution["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{athena.bucket}/strict/")
    assert athena.client.list_query_executions(WorkGroup="strict")["QueryExecutionIds"] == [
        execution["QueryExecutionId"]
    ]


def test_a_work_group_that_does_not_enforce_is_the_default(athena: Athena) -> None:
    make_work_group(athena, "mild", EnforceWorkGroupConfiguration=False)
    execution = athena.execute("SELECT 1", WorkGroup="mild")
    assert execution["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{athena.bucket}/results/")
    execution_id = athena.client.start_query_execution(QueryString="SELECT 1", WorkGroup="mild")["QueryExecutionId"]
    assert athena.wait(execution_id)["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{athena.bucket}/mild/")


def test_a_query_that_would_scan_more_than_its_work_group_allows_is_cancelled(athena: Athena) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"x": np.random.default_rng(0).random(1_300_000)}), buffer, use_dictionary=False)
    athena.put("big/file.parquet", buffer.getvalue())
    athena.execute(f"CREATE EXTERNAL TABLE big (x double) STORED AS PARQUET LOCATION 's3://{athena.bucket}/big/'")
    make_work_group(athena, "frugal", BytesScannedCutoffPerQuery=10_000_000)
    execution = athena.wait(athena.start("SELECT max(x) FROM big", WorkGroup="frugal"))
    assert execution["Status"]["State"] == "CANCELLED"
    assert execution["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
    assert execution["Statistics"]["DataScannedInBytes"] > 10_000_000
    assert athena.query("SELECT count(*) FROM big", WorkGroup="frugal") == [["1300000"]]


BAD_REQUESTS = {
    "an unknown work group": ({"WorkGroup": "nope"}, "WorkGroup nope is not found."),
    "no place for results": ({"ResultConfiguration": {}}, "No output location provided"),
    "no bucket": (
        {"ResultConfiguration": {"OutputLocation": "s3://no-such-bucket-at-all/"}},
        "Unable to verify/create output bucket no-such-bucket-at-all",
    ),
    "no s3 address": ({"ResultConfiguration": {"OutputLocation": "/tmp/x"}}, "outputLocation is not a valid S3 path."),
}


@pytest.mark.parametrize(("more", "words"), BAD_REQUESTS.values(), ids=BAD_REQUESTS)
def test_a_bad_request_starts_nothing(athena: Athena, more: dict[str, object], words: str) -> None:
    before = athena.client.list_query_executions()["QueryExecutionIds"]
    with pytest.raises(ClientError, match=words) as raised:
        athena.start("SELECT 1", **more)
    assert raised.value.response["Error"]["Code"] == "InvalidRequestException"
    assert athena.client.list_query_executions()["QueryExecutionIds"] == before


def test_metadata_operations_read_the_glue_catalog(athena: Athena) -> None:
    where = {"CatalogName": "AwsDataCatalog", "DatabaseName": athena.database}
    table = athena.client.get_table_metadata(**where, TableName="readings")["TableMetadata"]
    assert table["PartitionKeys"] == [{"Name": "snapshot", "Type": "bigint"}, {"Name": "subject", "Type": "int"}]
    names = [one["Name"] for one in athena.client.list_table_metadata(**where)["TableMetadataList"]]
    assert {"current", "readings"} <= set(names)
    databases = athena.client.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]
    assert {"Name": athena.database} in databases
    assert athena.client.get_database(**where)["Database"]["Name"] == athena.database
    with pytest.raises(ClientError, match="Table nope not found"):
        athena.client.get_table_metadata(**where, TableName="nope")


def test_readers_see_the_old_view_or_the_new_one_while_it_is_replaced(athena: Athena) -> None:
    """Many threads query while the view moves to and fro and partitions are added."""
    mine = Athena(athena.endpoint)
    mine.make_readings()
    stop = threading.Event()

    def publish() -> int:
        moves = 0
        while not stop.is_set():
            mine.execute(VIEW.replace("snapshot = 2", f"snapshot = {1 + moves % 2}"))
            values = f"snapshot = 7, subject = {moves}"
            mine.execute(f"ALTER TABLE readings ADD IF NOT EXISTS PARTITION ({values})")
            moves += 1
        return moves

    def ask(_: int) -> tuple[str | None, ...]:
        return tuple(mine.query("SELECT count(*), min(snapshot), max(snapshot), sum(n) FROM current")[0])

    with ThreadPoolExecutor(5) as pool:
        publisher = pool.submit(publish)
        try:
            seen = set(pool.map(ask, range(40)))
        finally:
            stop.set()
    assert seen <= {("1", "1", "1", "9"), ("5", "2", "2", "15")}
    assert publisher.result() > 2


def test_one_bad_query_leaves_the_others_alone(athena: Athena) -> None:
    with ThreadPoolExecutor(6) as pool:
        good = [pool.submit(athena.query, "SELECT sum(n) FROM current") for _ in range(6)]
        bad = [pool.submit(athena.query, "SELECT 1 / 0") for _ in range(6)]
    assert [one.result() for one in good] == [[["15"]]] * 6
    assert all(isinstance(one.exception(), QueryFailed) for one in bad)
