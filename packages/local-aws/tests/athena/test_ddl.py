"""Views, tables and partitions: what statements do to the Glue catalog, and what is refused."""

# ruff: noqa: E501 - a case is a line, however long its SQL
from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws_harness.athena_client import VIEW, Athena, QueryFailed


def stored(athena: Athena, name: str = "current") -> tuple[dict[str, Any], dict[str, Any]]:
    """The catalog's table of a view, and the definition in it."""
    table = athena.glue.get_table(DatabaseName=athena.database, Name=name)["Table"]
    before, encoded, after = table["ViewOriginalText"].partition("/* Presto View: ")[2].rpartition(" */")
    assert (encoded, after) == (" */", "")
    return table, json.loads(base64.b64decode(before, validate=True))


def test_a_view_is_stored_as_athena_stores_it(athena: Athena) -> None:
    table, definition = stored(athena)
    assert table["TableType"] == "VIRTUAL_VIEW"
    assert table["Parameters"] == {"comment": "Presto View", "presto_view": "true"}
    assert table["PartitionKeys"] == []
    assert table["ViewExpandedText"] == "/* Presto View */"
    assert "\n" not in table["ViewOriginalText"]
    names = ["id", "timestamp", "x", "n", "activity", "snapshot", "subject"]
    hive = ["string", "timestamp", "double", "int", "string", "bigint", "int"]
    trino = ["varchar", "timestamp(3)", "double", "integer", "varchar", "bigint", "integer"]
    columns = [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]
    assert columns == list(zip(names, hive, strict=True))
    assert definition == {
        "originalSql": VIEW.partition(" AS\n")[2],
        "catalog": "awsdatacatalog",
        "schema": athena.database,
        "columns": [{"name": name, "type": kind} for name, kind in zip(names, trino, strict=True)],
        "owner": "local-athena",
        "runAsInvoker": False,
    }


def test_the_stored_text_has_no_semicolon(athena: Athena) -> None:
    athena.execute("CREATE VIEW other AS SELECT n FROM readings ; -- the end")
    assert stored(athena, "other")[1]["originalSql"] == "SELECT n FROM readings"


def test_replacing_a_view_is_one_new_version_of_its_table(athena: Athena) -> None:
    athena.execute(VIEW.replace("snapshot = 2", "snapshot = 1"))
    assert athena.query("SELECT id, x FROM current") == [["1-0", "99.0"]]
    versions = athena.glue.get_table_versions(DatabaseName=athena.database, TableName="current")["TableVersions"]
    assert len(versions) == 2


def test_a_view_of_a_view_in_another_database(athena: Athena) -> None:
    other = Athena(athena.endpoint)
    other.execute(f"CREATE VIEW running AS SELECT id, n * 2 AS twice FROM {athena.database}.current WHERE subject = 3")
    # Names without a database mean the one in which the view was made, wherever it is read.
    athena.execute(f"CREATE VIEW {other.database}.here AS SELECT count(*) AS rows_there FROM current")
    assert other.query("SELECT * FROM running ORDER BY id") == [["3-0", "8"], ["3-1", "10"]]
    assert other.query("SELECT * FROM here") == [["5"]]


def test_an_existing_view_is_replaced_only_where_that_is_said(athena: Athena) -> None:
    with pytest.raises(QueryFailed, match="TABLE_ALREADY_EXISTS: line 1:1: View already exists: 'awsdatacatalog"):
        athena.execute("CREATE VIEW current AS SELECT 1 AS a")
    with pytest.raises(QueryFailed, match="TABLE_ALREADY_EXISTS: line 1:1: Table already exists"):
        athena.execute("CREATE OR REPLACE VIEW readings AS SELECT 1 AS a")


BAD_VIEWS = {
    "type mismatch": ("SELECT n FROM readings WHERE subject = '3'", "TYPE_MISMATCH: "),
    "unknown table": ("SELECT 1 AS a FROM nope", "TABLE_NOT_FOUND: "),
    "backticks": ("SELECT `n` FROM readings", "SYNTAX_ERROR: "),
    "unnamed column": ("SELECT n, count(*) FROM readings GROUP BY n", "MISSING_COLUMN_NAME: line 1:1: Column name not specified at position 2"),
    "one name twice": ("SELECT n, x AS N FROM readings", "DUPLICATE_COLUMN_NAME: line 1:1: Column name 'n' specified more than once"),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "words"), BAD_VIEWS.values(), ids=BAD_VIEWS)
def test_a_bad_view_changes_nothing(athena: Athena, sql: str, words: str) -> None:
    before = stored(athena)
    with pytest.raises(QueryFailed, match=words):
        athena.execute(f"CREATE OR REPLACE VIEW current AS {sql}")
    assert stored(athena) == before


def write_view(athena: Athena, definition: dict[str, Any]) -> None:
    """Store a view as another client would."""
    encoded = base64.b64encode(json.dumps(definition).encode()).decode()
    athena.glue.create_table(
        DatabaseName=athena.database,
        TableInput={
            "Name": "foreign_view",
            "TableType": "VIRTUAL_VIEW",
            "Parameters": {"comment": "Presto View", "presto_view": "true"},
            "PartitionKeys": [],
            "StorageDescriptor": {"Columns": [{"Name": "n", "Type": "int"}], "Location": ""},
            "ViewOriginalText": f"/* Presto View: {encoded} */",
            "ViewExpandedText": "/* Presto View */",
        },
    )


def test_views_of_other_writers_are_read(athena: Athena) -> None:
    columns = [{"name": "n", "type": "integer"}]
    sql = 'SELECT\n  n\nFROM\n  readings\nWHERE ("snapshot" = 1)\n'
    write_view(athena, {"originalSql": sql, "catalog": "awsdatacatalog", "schema": athena.database, "columns": columns})
    assert athena.query("SELECT n FROM foreign_view") == [["9"]]


STALE = {
    "another name": ([{"name": "m", "type": "integer"}], "has a different name from column [m] of type integer"),
    "another type": ([{"name": "n", "type": "varchar"}], "cannot be coerced to column [n] of type varchar"),
    "more columns": (
        [{"name": "n", "type": "integer"}, {"name": "o", "type": "integer"}],
        "stored view column count (2) does not match column count derived from the view query analysis (1)",
    ),
}


@pytest.mark.parametrize(("columns", "words"), STALE.values(), ids=STALE)
def test_a_view_whose_stored_columns_are_not_its_querys_is_stale(
    athena: Athena, columns: list[dict[str, str]], words: str
) -> None:
    write_view(athena, {"originalSql": "SELECT n FROM readings", "schema": athena.database, "columns": columns})
    with pytest.raises(QueryFailed) as raised:
        athena.query("SELECT * FROM foreign_view")
    start = (
        f"VIEW_IS_STALE: line 1:15: View 'awsdatacatalog.{athena.database}.foreign_view' is stale or in invalid state: "
    )
    assert str(raised.value).startswith(start)
    assert words in str(raised.value)


def test_a_view_without_its_table_is_invalid(athena: Athena) -> None:
    athena.execute("DROP TABLE readings")
    with pytest.raises(QueryFailed, match=r"INVALID_VIEW: line 1:15: Failed analyzing stored view .*TABLE_NOT_FOUND"):
        athena.query("SELECT 1 FROM current")


def test_dropping_views(athena: Athena) -> None:
    athena.execute("DROP VIEW current")
    with pytest.raises(QueryFailed, match="TABLE_NOT_FOUND: line 1:15"):
        athena.query("SELECT 1 FROM current")
    athena.execute("DROP VIEW IF EXISTS current")
    with pytest.raises(
        QueryFailed, match=r"TABLE_NOT_FOUND: line 1:1: View 'awsdatacatalog\..*\.current' does not exist"
    ):
        athena.execute("DROP VIEW current")
    with pytest.raises(QueryFailed, match="a table with that name exists"):
        athena.execute("DROP VIEW readings")


def test_showing_a_view(athena: Athena) -> None:
    lines = athena.statement("SHOW CREATE VIEW current")
    assert lines == [f'CREATE VIEW "{athena.database}"."current" AS', *VIEW.splitlines()[1:]]
    with pytest.raises(QueryFailed, match="is a table, not a view"):
        athena.statement("SHOW CREATE VIEW readings")


def test_showing_what_there_is(athena: Athena) -> None:
    assert athena.statement("SHOW TABLES") == ["current", "readings"]
    assert athena.statement(f"show tables in {athena.database} 'r*'") == ["readings"]
    assert athena.statement("SHOW VIEWS") == ["current"]
    assert athena.database in athena.statement("SHOW DATABASES;")
    assert athena.statement("SHOW COLUMNS IN readings")[:2] == [f"{'id':<20}", f"{'timestamp':<20}"]
    partitions = ["snapshot=1/subject=1", "snapshot=2/subject=1", "snapshot=2/subject=3"]
    assert athena.statement(f"SHOW PARTITIONS {athena.database}.readings") == partitions
    described = [[field.strip() for field in line.split("\t")] for line in athena.statement("DESCRIBE `readings`")]
    assert described[:2] == [["id", "string", ""], ["timestamp", "timestamp", ""]]
    assert described[-2:] == [["snapshot", "bigint", ""], ["subject", "int", ""]]


def test_repair_registers_the_folders_that_are_missing(athena: Athena) -> None:
    athena.put(athena.key(3, 1), b"x")
    athena.put("readings/strange/file", b"x")
    expected = [
        "Partitions not in metastore:\treadings:snapshot=3/subject=1",
        "Repair: Added partition to metastore readings:snapshot=3/subject=1",
    ]
    assert athena.statement("MSCK REPAIR TABLE readings") == expected
    assert "snapshot=3/subject=1" in athena.statement("SHOW PARTITIONS readings")
    assert athena.statement("MSCK REPAIR TABLE readings") == []


def test_adding_and_dropping_partitions(athena: Athena) -> None:
    both = "PARTITION (snapshot = 5, subject = 1) LOCATION 's3://elsewhere/a/' PARTITION (subject = '2', snapshot = 5)"
    athena.execute(f"ALTER TABLE readings ADD {both}")
    partitions = athena.glue.get_partitions(DatabaseName=athena.database, TableName="readings")["Partitions"]
    locations = {tuple(one["Values"]): one["StorageDescriptor"]["Location"] for one in partitions}
    assert locations["5", "1"] == "s3://elsewhere/a/"
    assert locations["5", "2"] == f"s3://{athena.bucket}/readings/snapshot=5/subject=2"
    with pytest.raises(QueryFailed, match="Partition already exists"):
        athena.execute(f"ALTER TABLE readings ADD {both}")
    athena.execute(f"ALTER TABLE readings ADD IF NOT EXISTS {both}")
    athena.execute("ALTER TABLE readings DROP PARTITION (snapshot = 5, subject = 1)")
    assert "snapshot=5/subject=1" not in athena.statement("SHOW PARTITIONS readings")
    with pytest.raises(QueryFailed, match="Partition not found"):
        athena.execute("ALTER TABLE readings DROP PARTITION (snapshot = 5, subject = 1)")
    athena.execute("ALTER TABLE readings DROP IF EXISTS PARTITION (snapshot = 5, subject = 1)")
    with pytest.raises(QueryFailed, match="doesn't name the keys snapshot, subject"):
        athena.execute("ALTER TABLE readings ADD PARTITION (snapshot = 5)")


def test_tables_and_databases_come_and_go(athena: Athena) -> None:
    name = f"{athena.database}_b"
    athena.execute(f"CREATE DATABASE IF NOT EXISTS {name} COMMENT 'another'")
    athena.execute(f"CREATE SCHEMA IF NOT EXISTS {name}")
    with pytest.raises(QueryFailed, match="already exists"):
        athena.execute(f"CREATE DATABASE {name}")
    table = f"CREATE EXTERNAL TABLE IF NOT EXISTS `{name}`.`t` (a int COMMENT 'one', b array<double>) STORED AS PARQUET LOCATION 's3://x/y/'"
    athena.execute(table)
    athena.execute(table)
    columns = athena.glue.get_table(DatabaseName=name, Name="t")["Table"]["StorageDescriptor"]["Columns"]
    assert columns == [{"Name": "a", "Type": "int", "Comment": "one"}, {"Name": "b", "Type": "array<double>"}]
    with pytest.raises(QueryFailed, match="is not empty"):
        athena.execute(f"DROP DATABASE {name}")
    athena.execute(f"DROP TABLE {name}.t")
    athena.execute(f"DROP TABLE IF EXISTS {name}.t")
    with pytest.raises(QueryFailed, match=f"Table not found {name}.t"):
        athena.execute(f"DROP TABLE {name}.t")
    athena.execute(f"DROP DATABASE {name}")
    with pytest.raises(QueryFailed, match="Database does not exist"):
        athena.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t WITH (format = 'ORC') AS SELECT 1 AS a",
        "CREATE TABLE t WITH (bucketed_by = ARRAY['a'], bucket_count = 3) AS SELECT 1 AS a",
        "UNLOAD (SELECT 1 AS a) TO 's3://x/' WITH (format = 'AVRO')",
        "EXPLAIN ANALYZE SELECT 1",
        "CREATE EXTERNAL TABLE t (a int) STORED AS ORC LOCATION 's3://x/'",
    ],
    ids=["create table as", "buckets", "unload", "explain", "orc"],
)
def test_what_is_not_done_says_so(athena: Athena, sql: str) -> None:
    with pytest.raises(QueryFailed, match="NOT_SUPPORTED: The local Athena does not do"):
        athena.execute(sql)


COMMENTED = """CREATE EXTERNAL TABLE `{database}`.`told` (x double COMMENT 'm/s^2', n int)
COMMENT 'what was measured' PARTITIONED BY (day string COMMENT 'of the recording')
STORED AS PARQUET LOCATION 's3://{bucket}/told/'"""


def test_comments_of_columns_are_shown_wherever_columns_are(athena: Athena) -> None:
    athena.execute(COMMENTED.format(database=athena.database, bucket=athena.bucket))
    described = [[field.strip() for field in line.split("\t")] for line in athena.statement("DESCRIBE told")]
    assert described[:3] == [["x", "double", "m/s^2"], ["n", "int", ""], ["day", "string", "of the recording"]]
    assert described[-1] == ["day", "string", "of the recording"]
    metadata = athena.client.get_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName=athena.database, TableName="told"
    )["TableMetadata"]
    assert metadata["Columns"] == [{"Name": "x", "Type": "double", "Comment": "m/s^2"}, {"Name": "n", "Type": "int"}]
    assert metadata["PartitionKeys"] == [{"Name": "day", "Type": "string", "Comment": "of the recording"}]
    assert metadata["Parameters"]["comment"] == "what was measured"
    comments = "SELECT column_name, comment FROM information_schema.columns WHERE table_name = 'told' ORDER BY 1"
    assert athena.query(comments) == [["day", "of the recording"], ["n", None], ["x", "m/s^2"]]


def test_a_database_may_stand_in_back_quotes(athena: Athena) -> None:
    quoted = {"QueryExecutionContext": {"Database": f"`{athena.database}`"}}
    assert athena.query("SELECT count(*) FROM readings", **quoted) == [["6"]]
    name = f"`{athena.database}`"
    assert athena.statement(f"SHOW TABLES IN {name}") == athena.statement(f"SHOW TABLES FROM {athena.database}")
    assert athena.statement(f"DESCRIBE {name}.`readings`") == athena.statement("DESCRIBE readings")
    assert athena.statement(f"SHOW PARTITIONS {name}.readings") == athena.statement("SHOW PARTITIONS readings")
    athena.execute(f"ALTER TABLE {name}.`readings` ADD PARTITION (snapshot = 6, subject = 1)")
    athena.execute(f"ALTER TABLE {name}.readings DROP PARTITION (snapshot = 6, subject = 1)")
    athena.execute(f"MSCK REPAIR TABLE {name}.`readings`")
    other = f"`{athena.database}_quoted`"
    athena.execute(f"CREATE DATABASE {other}")
    athena.execute(f"DROP DATABASE {other}")


def test_a_table_that_is_not_there_is_told_as_the_catalog_tells_it(athena: Athena) -> None:
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        athena.glue.get_table(DatabaseName=athena.database, Name="nothing")
    with pytest.raises(ClientError, match=r"MetadataException.*EntityNotFoundException: Table nothing not found"):
        athena.client.get_table_metadata(
            CatalogName="AwsDataCatalog", DatabaseName=athena.database, TableName="nothing"
        )


def test_a_partition_of_create_table_as_has_the_value_whatever_its_characters(athena: Athena) -> None:
    options = f"partitioned_by = ARRAY['k'], external_location = 's3://{athena.bucket}/made/'"
    athena.execute(f"CREATE TABLE made WITH ({options}) AS SELECT 1 AS x, 'a b/c=d' AS k UNION ALL SELECT 2, 'e'")
    listed = athena.glue.get_partitions(DatabaseName=athena.database, TableName="made")["Partitions"]
    assert sorted(partition["Values"] for partition in listed) == [["a b/c=d"], ["e"]]
    assert athena.query("SELECT x FROM made WHERE k = 'a b/c=d'") == [["1"]]
    assert athena.query("SELECT x, k FROM made ORDER BY x") == [["1", "a b/c=d"], ["2", "e"]]
