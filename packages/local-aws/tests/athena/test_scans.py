"""What is read for a query: which partitions, which columns, how files that don't fit are met."""

# ruff: noqa: E501 - a case is a line, however long its SQL
from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local_aws_harness.athena_client import ROWS, SCHEMA, Athena, QueryFailed, at, parquet


def chunk_bytes(partition: tuple[int, int], columns: set[str]) -> int:
    """The compressed bytes of some columns in a partition's file, told by pyarrow."""
    footer = pq.ParquetFile(pa.BufferReader(parquet(ROWS[partition]))).metadata
    group = footer.row_group(0)
    chunks = (group.column(place) for place in range(group.num_columns))
    return sum(chunk.total_compressed_size for chunk in chunks if chunk.path_in_schema in columns)


SCANS = {
    "a partition through the view": ("SELECT x FROM current WHERE subject = 3", [(2, 3)], {"x"}),
    "every partition of the snapshot": ("SELECT x FROM current", [(2, 1), (2, 3)], {"x"}),
    "columns of conditions count": ("SELECT x FROM current WHERE subject = 3 AND n > 0", [(2, 3)], {"x", "n"}),
    "a list of partitions": ("SELECT x FROM readings WHERE snapshot IN (1) AND subject IN (1, 3)", [(1, 1)], {"x"}),
    "a range": ("SELECT x FROM readings WHERE snapshot > 1 AND subject BETWEEN 2 AND 4", [(2, 3)], {"x"}),
    "either": ("SELECT x FROM current WHERE subject = 1 OR subject = 77", [(2, 1)], {"x"}),
    "an expression of the key": ("SELECT x FROM current WHERE subject + 1 = 4", [(2, 3)], {"x"}),
    "contradiction": ("SELECT x FROM current WHERE snapshot = 1", [], {"x"}),
    "no columns": ("SELECT count(*) FROM current", [(2, 1), (2, 3)], set()),
    "only keys": ("SELECT subject, count(*) FROM current GROUP BY subject", [(2, 1), (2, 3)], set()),
    "columns that a subquery names but nobody uses": (
        "SELECT n FROM (SELECT * FROM current) WHERE subject = 3",
        [(2, 3)],
        {"n"},
    ),
    "all columns": ("SELECT * FROM current WHERE subject = 3", [(2, 3)], {"id", "timestamp", "x", "n", "activity"}),
    "through a window of the same partition": (
        "SELECT x FROM (SELECT x, subject, row_number() OVER (PARTITION BY subject ORDER BY n) AS r FROM current) "
        "WHERE r = 1 AND subject = 3",
        [(2, 3)],
        {"x", "n"},
    ),
    # What the planner can't know prunes nothing.
    "a window over all partitions": (
        "SELECT x FROM (SELECT x, subject, row_number() OVER (ORDER BY n) AS r FROM current) WHERE r = 1 AND subject = 3",
        [(2, 1), (2, 3)],
        {"x", "n"},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def readings(shared: Athena) -> Athena:
    made = Athena(shared.endpoint)
    made.make_readings()
    return made


@pytest.mark.parametrize(("sql", "partitions", "columns"), SCANS.values(), ids=SCANS)
def test_counts_the_bytes_of_used_columns_in_surviving_partitions(
    readings: Athena, sql: str, partitions: list[tuple[int, int]], columns: set[str]
) -> None:
    assert readings.scanned(sql) == sum(chunk_bytes(partition, columns) for partition in partitions)


def test_each_scan_of_a_self_join_counts(readings: Athena) -> None:
    sql = "SELECT a.n FROM current a JOIN current b ON a.n = b.n WHERE a.subject = 3"
    both = chunk_bytes((2, 1), {"n"}) + chunk_bytes((2, 3), {"n"})
    assert readings.scanned(sql) == chunk_bytes((2, 3), {"n"}) + both
    twice = "SELECT count(*) FROM (SELECT max(n) FROM current UNION ALL SELECT max(n) FROM current)"
    assert readings.scanned(twice) == both * 2


def test_does_not_touch_files_of_pruned_partitions(athena: Athena) -> None:
    athena.put(athena.key(1, 1), b"no parquet")
    assert athena.query("SELECT count(*) FROM current") == [["5"]]
    with pytest.raises(QueryFailed, match=r"HIVE_BAD_DATA: Malformed Parquet file.*s3://.*snapshot=1/subject=1"):
        athena.query("SELECT count(*) FROM readings")


def test_an_unregistered_partition_yields_nothing(athena: Athena) -> None:
    athena.put(athena.key(2, 5), parquet(ROWS[2, 3]))
    assert athena.query("SELECT count(*) FROM current") == [["5"]]
    athena.execute("ALTER TABLE readings ADD PARTITION (snapshot = 2, subject = 5)")
    assert athena.query("SELECT count(*) FROM current") == [["7"]]


def test_a_registered_partition_without_files_yields_nothing(athena: Athena) -> None:
    athena.execute("ALTER TABLE readings ADD PARTITION (snapshot = 2, subject = 6)")
    assert athena.query("SELECT count(*) FROM current WHERE subject = 6") == [["0"]]
    assert athena.query("SELECT id FROM current WHERE subject = 6") == []


def test_hidden_files_and_a_siblings_prefix_are_not_read(athena: Athena) -> None:
    folder = "readings/snapshot=2/subject=3"
    for name in ("_SUCCESS", ".part.crc", "_temporary/0/part.parquet"):
        athena.put(f"{folder}/{name}", b"junk")
    athena.put(f"{folder}0/part.parquet", b"junk")
    athena.put(f"{folder}/empty.parquet", b"")
    assert athena.query("SELECT count(*) FROM current WHERE subject = 3") == [["2"]]


def test_a_replaced_object_is_read_afresh(athena: Athena) -> None:
    assert athena.query("SELECT sum(n) FROM current WHERE subject = 3") == [["9"]]
    athena.put(athena.key(2, 3), parquet([("3-0", at(0), 1.0, 70, "a")]))
    assert athena.query("SELECT sum(n) FROM current WHERE subject = 3") == [["70"]]


def test_the_partitions_own_location_counts(athena: Athena) -> None:
    athena.put("elsewhere/file", parquet(ROWS[2, 1]))
    athena.execute(
        f"ALTER TABLE readings ADD PARTITION (snapshot = 2, subject = 8) LOCATION 's3://{athena.bucket}/elsewhere/'"
    )
    assert athena.query("SELECT count(*), min(subject) FROM current WHERE subject > 3") == [["3", "8"]]


def test_columns_are_found_by_name_and_missing_ones_are_null(athena: Athena) -> None:
    reordered = pa.schema([SCHEMA.field("n"), SCHEMA.field("id")])
    athena.put(athena.key(2, 3), parquet([(1, "3-0")], reordered))
    assert athena.query("SELECT id, n, x FROM current WHERE subject = 3") == [["3-0", "1", None]]


def test_a_type_that_does_not_fit_fails_where_the_column_is_used(athena: Athena) -> None:
    wrong = pa.schema([pa.field("id", pa.string()), pa.field("x", pa.string())])
    athena.put(athena.key(2, 3), parquet([("3-0", "1.0")], wrong))
    assert athena.query("SELECT id FROM current WHERE subject = 3") == [["3-0"]]
    words = r"HIVE_BAD_DATA: Field x's type BINARY in parquet file s3://\S+ is incompatible with type double"
    with pytest.raises(QueryFailed, match=words):
        athena.query("SELECT x FROM current WHERE subject = 3")


def test_narrower_numbers_are_widened(athena: Athena) -> None:
    narrow = pa.schema([pa.field("n", pa.int16()), pa.field("x", pa.float32())])
    athena.put(athena.key(2, 3), parquet([(7, 0.5)], narrow))
    assert athena.query("SELECT n, x FROM current WHERE subject = 3") == [["7", "0.5"]]


@pytest.mark.parametrize("unit", ["us", "ns"])
def test_timestamps_have_milliseconds_rounded_half_up(athena: Athena, unit: str) -> None:
    schema = pa.schema([pa.field("timestamp", pa.timestamp(unit))])
    athena.put(athena.key(2, 3), parquet([(at(0.0015),), (at(0.0004),)], schema))
    rows = athena.query('SELECT "timestamp" FROM current WHERE subject = 3')
    assert rows == [["2014-01-01 00:00:00.002"], ["2014-01-01 00:00:00.000"]]


def test_a_deleted_bucket_fails_the_query(athena: Athena) -> None:
    athena.execute("CREATE EXTERNAL TABLE gone (a int) STORED AS PARQUET LOCATION 's3://no-such-bucket-at-all/x/'")
    with pytest.raises(QueryFailed, match="HIVE_FILESYSTEM_ERROR: The specified bucket does not exist"):
        athena.query("SELECT * FROM gone")


def test_a_value_that_does_not_fit_its_key_fails(athena: Athena) -> None:
    table = athena.glue.get_table(DatabaseName=athena.database, Name="readings")["Table"]
    athena.glue.create_partition(
        DatabaseName=athena.database,
        TableName="readings",
        PartitionInput={"Values": ["2", "three"], "StorageDescriptor": table["StorageDescriptor"]},
    )
    words = "HIVE_INVALID_PARTITION_VALUE: Invalid partition value 'three' for int partition key: subject"
    with pytest.raises(QueryFailed, match=words):
        athena.query("SELECT x FROM current WHERE subject = 3")


CSV = b"id,x,n\n1-0,1.5,1\n1-1,oops,2\n1-2,,3\n"


def test_csv_by_lazy_simple_serde(athena: Athena) -> None:
    athena.execute(
        "CREATE EXTERNAL TABLE plain (id string, x double, n int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        f"STORED AS TEXTFILE LOCATION 's3://{athena.bucket}/plain/' TBLPROPERTIES ('skip.header.line.count'='1')"
    )
    athena.put("plain/a.csv", CSV)
    athena.put("plain/b.csv.gz", gzip.compress(b"id,x,n\n2-0,2.5,4\n"))
    rows = athena.query("SELECT id, x, n FROM plain ORDER BY id")
    assert rows == [["1-0", "1.5", "1"], ["1-1", None, "2"], ["1-2", None, "3"], ["2-0", "2.5", "4"]]
    # Text has no columns to choose from: whole files are read.
    assert athena.scanned("SELECT max(n) FROM plain") == len(CSV) + len(gzip.compress(b"id,x,n\n2-0,2.5,4\n"))


def test_csv_by_open_csv_serde(athena: Athena) -> None:
    athena.execute(
        "CREATE EXTERNAL TABLE quoted (id string, n int) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' "
        """WITH SERDEPROPERTIES ('separatorChar' = ',', 'quoteChar' = '"') """
        f"LOCATION 's3://{athena.bucket}/quoted/' TBLPROPERTIES ('skip.header.line.count'='1')"
    )
    athena.put("quoted/a.csv", b'id,n\n"a,b","1"\n"c""d",2\n')
    assert athena.query("SELECT id, n FROM quoted ORDER BY n") == [["a,b", "1"], ['c"d', "2"]]


def test_planning_hundreds_of_partitions_stays_quick(athena: Athena, tmp_path: Path) -> None:
    for start in range(100, 300, 100):
        athena.glue.batch_create_partition(
            DatabaseName=athena.database,
            TableName="readings",
            PartitionInputList=[
                {
                    "Values": ["2", str(subject)],
                    "StorageDescriptor": {"Location": f"s3://{athena.bucket}/readings/snapshot=2/subject={subject}/"},
                }
                for subject in range(start, start + 100)
            ],
        )
    execution = athena.execute("SELECT avg(x) FROM current WHERE subject = 3")
    assert execution["Statistics"]["EngineExecutionTimeInMillis"] < 5000
