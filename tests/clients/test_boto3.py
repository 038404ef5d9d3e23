"""boto3: the catalog by Athena's API, statements on it as text, prepared statements, CTAS and UNLOAD.

Where a text is exact, its witness is the public repository aoyagikouhei/athena-local, which measured Athena engine
version 3 in 2026-09 (docs/result-files.md, docs/ddl.md, docs/dev/measurements/query-results.md and statements.md).
"""

# ruff: noqa: E501 - a case is a line
from __future__ import annotations

import uuid
from typing import Any

import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from pyarrow.fs import S3FileSystem

from local_aws_harness.athena_client import Athena, QueryFailed

NOTHING = "\t \t "


def answered(athena: Athena, sql: str) -> tuple[dict[str, Any], list[tuple[str, str]], list[list[str | None]], bytes]:
    """The execution, its columns as (name, type), its rows, and the text of its file."""
    execution = athena.execute(sql)
    found = athena.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]
    columns = [(column["Name"], column["Type"]) for column in found["ResultSetMetadata"]["ColumnInfo"]]
    bucket, _, key = execution["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
    text = athena.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return execution, columns, athena.rows(execution["QueryExecutionId"]), text


def padded(*cells: str) -> str:
    return "\t".join(f"{cell:<20}" for cell in cells)


def test_describe_has_the_units_in_padded_columns_and_one_value_a_row(athena: Athena) -> None:
    execution, columns, rows, text = answered(athena, "DESCRIBE samples")
    expected = [
        padded("id", "string", "subject and sample"),
        padded("timestamp", "timestamp", ""),
        padded("acceleration", "double", "m/s^2"),
        padded("n", "int", "the person's count"),
        padded("subject", "int", "a person"),
        NOTHING,
        "# Partition Information\t \t ",
        "# col_name            \tdata_type           \tcomment             ",
        NOTHING,
        padded("subject", "int", "a person"),
    ]
    assert rows == [[line] for line in expected]
    assert text.decode() == "\n".join(expected)
    assert columns == [("col_name", "string"), ("data_type", "string"), ("comment", "string")]
    assert (execution["StatementType"], execution["SubstatementType"]) == ("UTILITY", "DESCRIBE_TABLE")
    assert answered(athena, "DESC samples;")[2] == rows


def test_describe_of_a_view_has_the_names_and_types_of_trino(athena: Athena) -> None:
    execution, columns, rows, _ = answered(athena, "DESCRIBE persons")
    assert rows == [["subject\tinteger"], ["samples\tbigint"]]
    assert columns == [("column", "varchar"), ("type", "varchar")]
    assert execution["SubstatementType"] == "DESC_VIEW"


def test_describe_formatted_and_extended_tell_where_the_table_is(athena: Athena) -> None:
    rows = [row[0] for row in answered(athena, "DESCRIBE FORMATTED samples")[2]]
    assert rows[:3] == [
        "# col_name            \tdata_type           \tcomment             ",
        NOTHING,
        padded("id", "string", "subject and sample"),
    ]
    assert "# Detailed Table Information\t \t " in rows
    assert f"Location:           \ts3://{athena.bucket}/samples/\t " in rows
    assert "Table Type:         \tEXTERNAL_TABLE      \t " in rows
    extended = [row[0] for row in answered(athena, "DESCRIBE EXTENDED samples")[2]]
    assert extended[0] == padded("id", "string", "subject and sample")
    assert extended[-1] is not None
    assert extended[-1].startswith(f"Detailed Table Information\tTable(tableName:samples, dbName:{athena.database}, ")


@pytest.mark.parametrize(
    ("sql", "columns", "expected", "substatement"),
    [
        ("SHOW TABLES", [("tab_name", "string")], ["persons", "samples"], "SHOW_TABLES"),
        ("SHOW TABLES 'sam*'", [("tab_name", "string")], ["samples"], "SHOW_TABLES"),
        ("SHOW TABLES LIKE 'sam.*|nope'", [("tab_name", "string")], ["samples"], "SHOW_TABLES"),
        ("SHOW VIEWS", [("views", "varchar")], ["persons"], "SHOW_VIEWS"),
        ("SHOW PARTITIONS samples", [("partition", "string")], ["subject=1", "subject=3"], "SHOW_PARTITIONS"),
        ("SHOW COLUMNS FROM samples", [("field", "string")], [f"{name:<20}" for name in ("id", "timestamp", "acceleration", "n", "subject")], "SHOW_COLUMNS"),
        ("SHOW TBLPROPERTIES samples", [("prpt_name", "string"), ("prpt_value", "string")], ["EXTERNAL\tTRUE", "comment\tone row a sample"], "SHOW_TABLE_PROPERTIES"),
    ],
    ids=["tables", "tables with a star", "tables with a regular expression", "views", "partitions", "columns", "properties"],
)  # fmt: skip
def test_show(athena: Athena, sql: str, columns: list[tuple[str, str]], expected: list[str], substatement: str) -> None:
    execution, found, rows, text = answered(athena, sql)
    assert found == columns
    # Other tests of this module make tables and views of their own: temp_...
    assert [row[0] for row in rows if not str(row[0]).startswith("temp_")] == expected
    assert text.decode() == "\n".join(str(row[0]) for row in rows)
    assert execution["SubstatementType"] == substatement


def test_show_databases_takes_a_regular_expression(athena: Athena) -> None:
    assert answered(athena, f"SHOW DATABASES LIKE '{athena.database[:-2]}.*'")[2] == [[athena.database]]
    # In a regular expression the star repeats the underscore; the rest of the name would be missing.
    assert answered(athena, f"SHOW SCHEMAS LIKE '{athena.database.partition('_')[0]}_*'")[2] == []


def test_show_create_table_makes_the_same_table_again(athena: Athena) -> None:
    execution, columns, rows, _ = answered(athena, "SHOW CREATE TABLE samples")
    lines = [str(row[0]) for row in rows]
    assert lines[0] == "CREATE EXTERNAL TABLE `samples`("
    assert lines[1] == "  `id` string COMMENT 'subject and sample', "
    assert (columns, execution["SubstatementType"]) == ([("createtab_stmt", "string")], "SHOW_CREATE_TABLE")
    name = f"temp_{uuid.uuid4().hex}"
    athena.execute("\n".join(lines).replace("`samples`", f"`{name}`"))
    first, second = (
        athena.client.get_table_metadata(CatalogName="AwsDataCatalog", DatabaseName=athena.database, TableName=table)[
            "TableMetadata"
        ]
        for table in ("samples", name)
    )
    assert (second["Columns"], second["PartitionKeys"]) == (first["Columns"], first["PartitionKeys"])
    assert second["Parameters"] == first["Parameters"]


def test_show_create_view_makes_the_same_view(athena: Athena) -> None:
    _, columns, rows, _ = answered(athena, "SHOW CREATE VIEW persons")
    assert columns == [("create view", "varchar")]
    athena.execute("\n".join(str(row[0]) for row in rows).replace('"persons"', '"temp_persons"'))
    assert sorted(athena.query("SELECT * FROM temp_persons")) == [["1", "3"], ["3", "2"]]


def test_the_partitions_are_a_relation(athena: Athena) -> None:
    assert athena.query('SELECT * FROM "samples$partitions" ORDER BY subject DESC') == [["3"], ["1"]]
    assert athena.query('SELECT max(subject) FROM "samples$partitions"') == [["3"]]
    with pytest.raises(
        QueryFailed, match=r"TABLE_NOT_FOUND: line 1:15: Table '.*\"persons\$partitions\"' does not exist"
    ):
        athena.query('SELECT * FROM "persons$partitions"')


def test_names_of_three_parts_and_a_database_in_back_quotes(athena: Athena) -> None:
    three = f'"awsdatacatalog"."{athena.database}"."samples"'
    assert athena.query(f"SELECT count(*) FROM {three}") == [["5"]]
    assert athena.query(f"SELECT count(*) FROM AwsDataCatalog.{athena.database}.samples") == [["5"]]
    quoted = {"QueryExecutionContext": {"Database": f"`{athena.database}`"}}
    assert athena.query("SELECT count(*) FROM samples", **quoted) == [["5"]]
    assert athena.statement(f"DESCRIBE `awsdatacatalog`.`{athena.database}`.`persons`") == athena.statement(
        f"DESCRIBE `{athena.database}`.`persons`"
    )
    with pytest.raises(QueryFailed, match="CATALOG_NOT_FOUND: line 1:1: Catalog 'other' not found"):
        athena.execute("DROP TABLE other.a.b")


def test_tables_come_in_pages_and_by_a_regular_expression(athena: Athena) -> None:
    made = f"paged_{uuid.uuid4().hex[:8]}"
    athena.execute(f"CREATE DATABASE {made}")
    for letter in "abc":
        athena.execute(f"CREATE VIEW {made}.view_{letter} AS SELECT 1 AS one")
    asked = {"CatalogName": "AwsDataCatalog", "DatabaseName": made}
    first = athena.client.list_table_metadata(**asked, MaxResults=2)
    second = athena.client.list_table_metadata(**asked, MaxResults=2, NextToken=first["NextToken"])
    pages = [[table["Name"] for table in page["TableMetadataList"]] for page in (first, second)]
    assert pages == [["view_a", "view_b"], ["view_c"]]
    assert "NextToken" not in second
    found = athena.client.list_table_metadata(**asked, Expression="view_[bc]")["TableMetadataList"]
    assert [table["Name"] for table in found] == ["view_b", "view_c"]
    whole = athena.client.get_paginator("list_databases").paginate(
        CatalogName="AwsDataCatalog", PaginationConfig={"PageSize": 1}
    )
    assert {made, athena.database, "default"} <= {one["Name"] for page in whole for one in page["DatabaseList"]}
    with pytest.raises(ClientError, match="Malformed nextPageToken x"):
        athena.client.list_table_metadata(**asked, NextToken="x")


def test_a_table_has_its_units_and_its_place(athena: Athena) -> None:
    asked = {"CatalogName": "AwsDataCatalog", "DatabaseName": athena.database}
    found = athena.client.get_table_metadata(**asked, TableName="samples")["TableMetadata"]
    assert found["TableType"] == "EXTERNAL_TABLE"
    assert found["Columns"][2] == {"Name": "acceleration", "Type": "double", "Comment": "m/s^2"}
    assert found["PartitionKeys"] == [{"Name": "subject", "Type": "int", "Comment": "a person"}]
    assert found["Parameters"]["location"] == f"s3://{athena.bucket}/samples/"
    view = athena.client.get_table_metadata(**asked, TableName="persons")["TableMetadata"]
    assert (view["TableType"], view["Columns"]) == (
        "VIRTUAL_VIEW",
        [{"Name": "subject", "Type": "int"}, {"Name": "samples", "Type": "bigint"}],
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"TableName": "nope"}, "EntityNotFoundException: Table nope not found"),
        ({"TableName": "samples", "DatabaseName": "nope"}, "EntityNotFoundException: Database nope not found"),
    ],
    ids=["table", "database"],
)
def test_what_is_missing_is_told_as_metadata(athena: Athena, call: dict[str, str], words: str) -> None:
    asked = {"CatalogName": "AwsDataCatalog", "DatabaseName": athena.database, **call}
    with pytest.raises(ClientError, match=words) as raised:
        athena.client.get_table_metadata(**asked)
    assert raised.value.response["Error"]["Code"] == "MetadataException"  # PyAthena's has_table reads the code
    with pytest.raises(athena.glue.exceptions.EntityNotFoundException):
        athena.glue.get_table(DatabaseName=asked["DatabaseName"], Name="nope")


def test_prepared_statements_of_sql_and_of_the_api_are_the_same(athena: Athena) -> None:
    """Athena's user guide, "Use prepared statements": PREPARE, EXECUTE ... USING, DEALLOCATE PREPARE."""
    athena.execute("PREPARE temp_one FROM SELECT id FROM samples WHERE subject = ? AND n > ? ORDER BY id")
    kept = athena.client.get_prepared_statement(StatementName="temp_one", WorkGroup="primary")["PreparedStatement"]
    assert kept["QueryStatement"] == "SELECT id FROM samples WHERE subject = ? AND n > ? ORDER BY id"
    execution = athena.execute("EXECUTE temp_one USING 1, least(1 + 1, 3)")
    assert athena.rows(execution["QueryExecutionId"]) == [["id"], ["1-2"]]
    assert (execution["Query"], execution["StatementType"]) == ("EXECUTE temp_one USING 1, least(1 + 1, 3)", "DML")
    assert athena.query("EXECUTE temp_one", ExecutionParameters=["3", "4"]) == [["3-1"]]
    athena.client.create_prepared_statement(
        StatementName="temp_two", WorkGroup="primary", QueryStatement="SELECT ? || 'b'", Description="text"
    )
    assert athena.query("EXECUTE temp_two USING 'a,('") == [["a,(b"]]
    athena.client.update_prepared_statement(
        StatementName="temp_two", WorkGroup="primary", QueryStatement="SELECT ? || 'c'"
    )
    assert athena.query("EXECUTE temp_two USING 'a'") == [["ac"]]
    listed = athena.client.list_prepared_statements(WorkGroup="primary")["PreparedStatements"]
    assert [one["StatementName"] for one in listed] == ["temp_one", "temp_two"]
    both = athena.client.batch_get_prepared_statement(PreparedStatementNames=["temp_two", "no"], WorkGroup="primary")
    assert both["PreparedStatements"][0]["QueryStatement"] == "SELECT ? || 'c'"
    assert both["UnprocessedPreparedStatementNames"][0]["StatementName"] == "no"
    athena.execute("DEALLOCATE PREPARE temp_one")
    athena.client.delete_prepared_statement(StatementName="temp_two", WorkGroup="primary")
    for name in ("temp_one", "temp_two"):
        with pytest.raises(QueryFailed, match=f"NOT_FOUND: .*Prepared statement not found: {name}"):
            athena.execute(f"EXECUTE {name} USING 1")
        with pytest.raises(athena.client.exceptions.ResourceNotFoundException):
            athena.client.get_prepared_statement(StatementName=name, WorkGroup="primary")


def test_parameters_reach_statements_that_write(athena: Athena, folder: str) -> None:
    sql = f"UNLOAD (SELECT id FROM samples WHERE n > ?) TO '{folder}/' WITH (format = 'PARQUET')"
    athena.execute(sql, ExecutionParameters=["3"])
    assert table(athena, folder) == {"id": ["3-0", "3-1"]}
    with pytest.raises(QueryFailed, match=r"INVALID_PARAMETER_USAGE: .*expected 1 but found 0"):
        athena.execute(sql.replace(folder, f"{folder}-other"))


def test_explain_has_its_header_and_a_plan(athena: Athena) -> None:
    execution, columns, rows, text = answered(athena, "EXPLAIN SELECT count(*) FROM samples WHERE subject = 1")
    assert columns == [("Query Plan", "varchar")]
    assert rows[0] == ["Query Plan"]
    assert len(rows) > 2
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "EXPLAIN")
    assert text.startswith(b"Query Plan\n")
    with pytest.raises(QueryFailed, match="COLUMN_NOT_FOUND"):
        athena.execute("EXPLAIN SELECT nope FROM samples")


def table(athena: Athena, folder: str) -> dict[str, list[Any]]:
    """What is in the Parquet files below a folder, by pyarrow, in the order of the first column."""
    host = athena.endpoint.removeprefix("http://")
    system = S3FileSystem(endpoint_override=host, scheme="http", access_key="any", secret_key="any")
    found = pq.read_table(folder.removeprefix("s3://"), filesystem=system)
    return dict(found.sort_by(found.column_names[0]).to_pydict())


def objects(athena: Athena, prefix: str) -> list[str]:
    found = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix=prefix).get("Contents", [])
    return [f"s3://{athena.bucket}/{one['Key']}" for one in found]


@pytest.mark.notices(
    "packages/local-aws/src/local_aws/athena/unload.py", "written=written.files", "written=written.files[1:]"
)
def test_unload_writes_the_rows_and_a_manifest(athena: Athena, folder: str) -> None:
    """User guide, "UNLOAD" and "Find query output files in Amazon S3": ID-manifest.csv and ID.metadata."""
    sql = "SELECT id, acceleration, subject FROM samples WHERE n > 1"
    properties = "format = 'PARQUET', compression = 'SNAPPY', partitioned_by = ARRAY['subject']"
    execution = athena.execute(f"UNLOAD ({sql}) TO '{folder}/' WITH ({properties})")
    assert table(athena, folder) == {
        "id": ["1-1", "1-2", "3-0", "3-1"],
        "acceleration": [-2.25, None, 0.5, 9.75],
        "subject": [1, 1, 3, 3],
    }
    files = objects(athena, folder.partition(f"{athena.bucket}/")[2])
    assert {uri.split("/")[4] for uri in files} == {"subject=1", "subject=3"}
    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://{athena.bucket}/results/{execution['QueryExecutionId']}"
    assert execution["Statistics"]["DataManifestLocation"] == f"{location}-manifest.csv"
    key = location.partition(f"{athena.bucket}/")[2]
    assert objects(athena, key) == [f"{location}-manifest.csv", f"{location}.metadata"]
    listed = athena.s3.get_object(Bucket=athena.bucket, Key=f"{key}-manifest.csv")["Body"].read().decode()
    assert sorted(listed.splitlines()) == files
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "UNLOAD")
    with pytest.raises(QueryFailed, match="HIVE_PATH_ALREADY_EXISTS"):
        athena.execute(f"UNLOAD ({sql}) TO '{folder}/' WITH (format = 'PARQUET')")


def test_create_table_as_with_all_that_is_done(athena: Athena, folder: str) -> None:
    name = f"temp_{uuid.uuid4().hex[:8]}"
    properties = (
        f"table_type = 'HIVE', is_external = true, format = 'parquet', external_location = '{folder}', "
        "partitioned_by = ARRAY['subject'], write_compression = 'ZSTD'"
    )
    execution = athena.execute(
        f'CREATE TABLE "{athena.database}"."{name}" WITH ({properties}) AS SELECT id, n AS "N", subject FROM samples'
    )
    assert athena.query(f"SELECT * FROM {name} WHERE subject = 3 ORDER BY id") == [["3-0", "4", "3"], ["3-1", "5", "3"]]
    assert athena.query(f'SELECT * FROM "{name}$partitions" ORDER BY 1') == [["1"], ["3"]]
    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://{athena.bucket}/results/tables/{execution['QueryExecutionId']}"
    assert execution["Statistics"]["DataManifestLocation"] == f"{location}-manifest.csv"
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DDL", "CREATE_TABLE_AS_SELECT")
    described = athena.glue.get_table(DatabaseName=athena.database, Name=name)["Table"]
    assert described["StorageDescriptor"]["Location"] == f"{folder}/"
    (kind,) = {uri.rpartition(".")[2] for uri in objects(athena, folder.partition(f"{athena.bucket}/")[2])}
    assert kind == "parquet"


def test_a_table_without_a_location_is_below_the_results(athena: Athena) -> None:
    name = f"temp_{uuid.uuid4().hex[:8]}"
    execution = athena.execute(f"CREATE TABLE {name} AS SELECT 1 AS a WHERE false")
    described = athena.glue.get_table(DatabaseName=athena.database, Name=name)["Table"]
    location = f"s3://{athena.bucket}/results/tables/{execution['QueryExecutionId']}/"
    assert described["StorageDescriptor"]["Location"] == location
    assert objects(athena, location.partition(f"{athena.bucket}/")[2]) == []  # no rows, no file
    assert athena.query(f"SELECT * FROM {name}") == []


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ("bucketed_by = ARRAY['a'], bucket_count = 2", "does not do bucket_count in CREATE TABLE AS"),
        ("format = 'ORC'", "does not do CREATE TABLE AS with format ORC: say PARQUET"),
        (
            "table_type = 'ICEBERG', location = 's3://x/', is_external = false",
            "does not do location in CREATE TABLE AS",
        ),
        ("write_compression = 'BROTLI'", "does not do the compression BROTLI"),
        ("nope = 1", "INVALID_TABLE_PROPERTY: .*table property 'nope' does not exist"),
    ],
    ids=["buckets", "orc", "iceberg", "compression", "unknown"],
)
def test_what_create_table_as_does_not_do_is_refused_by_name(athena: Athena, properties: str, words: str) -> None:
    with pytest.raises(QueryFailed, match=words):
        athena.execute(f"CREATE TABLE temp_refused WITH ({properties}) AS SELECT 1 AS a")
    assert athena.statement("SHOW TABLES 'temp_refused'") == []


def test_a_table_can_be_altered(athena: Athena) -> None:
    name = f"temp_{uuid.uuid4().hex[:8]}"
    athena.execute(f"CREATE EXTERNAL TABLE {name} (a int) STORED AS PARQUET LOCATION 's3://{athena.bucket}/{name}/'")
    athena.execute(f"ALTER TABLE {name} SET TBLPROPERTIES ('comment' = 'it''s', 'b' = '2')".replace("''", "\\'"))
    athena.execute(f"ALTER TABLE {name} ADD COLUMNS (b double COMMENT 'm', c array<int>)")
    athena.execute(f"ALTER TABLE {name} SET LOCATION 's3://{athena.bucket}/elsewhere/'")
    found = athena.glue.get_table(DatabaseName=athena.database, Name=name)["Table"]
    assert found["Parameters"] == {"EXTERNAL": "TRUE", "comment": "it's", "b": "2"}
    assert found["StorageDescriptor"]["Columns"] == [
        {"Name": "a", "Type": "int"},
        {"Name": "b", "Type": "double", "Comment": "m"},
        {"Name": "c", "Type": "array<int>"},
    ]
    assert found["StorageDescriptor"]["Location"] == f"s3://{athena.bucket}/elsewhere/"
    with pytest.raises(QueryFailed, match="Duplicate column name: a"):
        athena.execute(f"ALTER TABLE {name} ADD COLUMNS (A int)")
    assert athena.statement(f"SHOW TBLPROPERTIES {name}('b')") == ["2"]
