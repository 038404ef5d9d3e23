"""CREATE TABLE ... AS: a query's rows as Parquet files in S3, and a table over them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

from local_aws.athena import properties
from local_aws.athena.catalog import CATALOG
from local_aws.athena.errors import QueryFailedError, not_done
from local_aws.athena.parquet_files import Written, require_empty, write
from local_aws.athena.results import Column
from local_aws.athena.statements import Statement, StatementResult, require_database
from local_aws.athena.syntax import tokens_of
from local_aws.athena.trino_types import hive_of_trino

WRITTEN_ROWS = (Column("rows", "bigint"),)
"""The column of the result of a statement that writes rows; there is no row of it."""


def create_table_as(statement: Statement) -> StatementResult:
    """Run the query, write its rows, make the table. Raises QueryFailedError."""
    database, name = statement.name()
    require_database(statement.catalog, database)
    if statement.catalog.find(database, name) is not None:
        if statement.has("exists"):
            return StatementResult()
        raise QueryFailedError("TABLE_ALREADY_EXISTS", f"Table '{CATALOG}.{database}.{name}' already exists", (1, 1))
    found, query = _parts(statement.match.group("rest"))
    with_data = re.search(r"\s+WITH\s+(NO\s+)?DATA\s*$", query, re.IGNORECASE)
    if with_data:
        query = query[: with_data.start()]
    question = statement.question(query)
    columns = statement.session.describe(question)
    labels = named_columns(columns)
    keys, compression = properties.keys(found), properties.compression(found)
    location = (found.get("external_location") or statement.folder).rstrip("/") + "/"
    require_empty(location, statement.engine.region)
    statement.catalog.caller.may_use_table("glue:CreateTable", database, name)
    written = Written()
    if not (with_data and with_data[1]):
        written = write(statement, question, labels, keys, location, compression)
    types = dict(zip(labels, (hive_of_trino(column.type) for column in columns), strict=True))
    storage = {
        "Columns": [{"Name": label, "Type": types[label]} for label in labels if label not in keys],
        "Location": location,
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
    }
    given = {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
        "PartitionKeys": [{"Name": key, "Type": types[key]} for key in keys],
        "StorageDescriptor": storage,
    }
    glue = statement.catalog.glue
    glue.create_table(database, name, given)
    for folder in written.folders:
        values = [unquote(part.partition("=")[2]) for part in folder.strip("/").split("/")]
        part = {"Values": values, "StorageDescriptor": {**storage, "Location": f"{location}{folder}"}}
        glue.create_partition(database, name, part)
    return StatementResult(WRITTEN_ROWS, scanned=written.scanned, written=written.files)


def named_columns(columns: Sequence[Column]) -> list[str]:
    """The names of a query's columns, in small letters. Raises QueryFailedError for one without, or used twice."""
    labels = [label.lower() for label in (column.label for column in columns)]
    for place, label in enumerate(labels):
        if re.fullmatch(r"_col\d+", label):
            raise QueryFailedError("MISSING_COLUMN_NAME", f"Column name not specified at position {place + 1}", (1, 1))
        if label in labels[:place]:
            raise QueryFailedError("DUPLICATE_COLUMN_NAME", f"Column name '{label}' specified more than once", (1, 1))
    return labels


def _parts(rest: str) -> tuple[dict[str, str], str]:
    """The properties of WITH (...) and the query behind AS. Raises QueryFailedError for a property not known here."""
    tokens = tokens_of(rest)
    text, behind = "", 0
    if tokens[0].text.upper() == "WITH":
        end = properties.closing(tokens, 1)
        text, behind = rest[tokens[1].end + 1 : tokens[end].start].strip(), end + 1
    found = properties.read(text, properties.CTAS, "CREATE TABLE AS")
    if behind >= len(tokens) or tokens[behind].text.upper() != "AS":
        raise not_done("CREATE TABLE without AS: say CREATE EXTERNAL TABLE")
    return found, rest[tokens[behind].end + 1 :].strip()
