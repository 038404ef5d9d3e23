"""The corpus through the API of a local Athena, whatever its engine is."""

from __future__ import annotations

import re
from typing import Any

from local_aws_harness.athena_client import Athena, QueryFailed
from local_aws_harness.athena_corpus import Answer
from local_aws_harness.athena_default import TABLES, rows_sql


def make_tables(service: Athena) -> None:
    """Create the corpus's tables as Parquet in S3."""
    for name in TABLES:
        service.execute(f"CREATE TABLE {name} WITH (format = 'PARQUET') AS {rows_sql(name)}")


def ask_service(service: Athena, sql: str) -> Answer:
    """The answer to a statement: the types are those of the API."""
    try:
        execution = service.execute(sql)["QueryExecutionId"]
    except QueryFailed as failed:
        name, _, text = str(failed).partition(": ")
        return Answer(error=(name, text))
    found = service.client.get_query_results(QueryExecutionId=execution)["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    rows = service.rows(execution)[1:]
    return Answer(tuple((one["Label"], _type(one)) for one in found), tuple(tuple(row) for row in rows))


def _type(info: Any) -> str:
    kind = str(info["Type"])
    if kind == "decimal":
        return f"decimal({info['Precision']}, {info['Scale']})"
    return {"float": "real"}.get(re.sub(r"\(.*", "", kind), kind)
