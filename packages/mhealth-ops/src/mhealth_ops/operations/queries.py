"""Athena queries in the stack's database, and the stack's named queries."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mhealth_ops.operations.errors import QueryFailed
from mhealth_ops.operations.stacks import Stack

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef

README_QUERIES = ("RowsPerSubject", "WalkingMinutes", "MinutesPerActivity")
"""The named queries of the demo. The second one scans one subject."""

ONE_SUBJECT_QUERY = "WalkingMinutes"

QUERY_SECONDS = 300
"""The timeout of a query in seconds."""

PAGE_ROWS = 1000
"""The most rows of one GetQueryResults page."""

SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 1.0

_BATCH = 50
"""The most ids of BatchGetNamedQuery."""


@dataclass(frozen=True)
class Column:
    """A column of a result and its Athena type: `bigint`, `varchar`, `timestamp`."""

    name: str
    type: str


Row = tuple[str | None, ...]
"""A row of a result: Athena's text of each cell, None for NULL."""


@dataclass(frozen=True)
class Answer:
    """The first thousand rows of a result, and the bytes scanned."""

    statement: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    scanned: int


@dataclass(frozen=True)
class Result:
    """A whole result: an iterator fetches the rows, once. `seconds` is Athena's execution time."""

    statement: str
    columns: tuple[Column, ...]
    rows: Iterator[Row]
    scanned: int
    seconds: float
    location: str
    """The S3 address of the result object; of a query it is CSV."""


@dataclass(frozen=True)
class NamedQuery:
    """A named query of the stack's workgroup."""

    name: str
    description: str
    statement: str


def named_queries(stack: Stack) -> list[NamedQuery]:
    """The stack's named queries, ordered by name."""
    athena = stack.session.client("athena")
    pages = athena.get_paginator("list_named_queries").paginate(WorkGroup=stack.outputs["WorkGroupName"])
    ids = [each for page in pages for each in page["NamedQueryIds"]]
    batches = [ids[first : first + _BATCH] for first in range(0, len(ids), _BATCH)]
    found = (each for batch in batches for each in athena.batch_get_named_query(NamedQueryIds=batch)["NamedQueries"])
    named = (NamedQuery(each["Name"], each.get("Description", ""), each["QueryString"]) for each in found)
    return sorted(named, key=lambda query: query.name)


def named_query(stack: Stack, name: str) -> NamedQuery:
    """The stack's named query. Raises QueryFailed if it does not exist."""
    found = named_queries(stack)
    for query in found:
        if query.name == name:
            return query
    names = ", ".join(query.name for query in found) or "none"
    raise QueryFailed(f"The workgroup {stack.outputs['WorkGroupName']} has no named query {name}. It has: {names}.")


def ask(stack: Stack, statement: str) -> Answer:
    """Run a statement in the stack's database and workgroup. Raises QueryFailed with Athena's reason."""
    result = run_query(stack, statement, limit=QUERY_SECONDS)
    return Answer(statement, result.columns, tuple(itertools.islice(result.rows, PAGE_ROWS)), result.scanned)


def run_query(stack: Stack, statement: str, *, limit: float = math.inf) -> Result:
    """Run a statement; return all rows. Raises QueryFailed, also after `limit` seconds.

    An interrupt stops the query, which would otherwise keep running on AWS and be billed.
    """
    athena = stack.session.client("athena")
    try:
        started = athena.start_query_execution(
            QueryString=statement,
            QueryExecutionContext={"Database": stack.outputs["DatabaseName"]},
            WorkGroup=stack.outputs["WorkGroupName"],
        )["QueryExecutionId"]
    except athena.exceptions.InvalidRequestException as refused:
        raise QueryFailed(f"Athena rejected the query: {refused.response['Error'].get('Message')}") from None
    try:
        execution = _ended(athena, started, limit)
    except KeyboardInterrupt:
        athena.stop_query_execution(QueryExecutionId=started)
        raise
    pages = iter(athena.get_paginator("get_query_results").paginate(QueryExecutionId=started))
    first = next(pages)
    columns = tuple(
        Column(each["Name"], each["Type"]) for each in first["ResultSet"]["ResultSetMetadata"].get("ColumnInfo", [])
    )
    # The rows of DESCRIBE may have fewer cells than columns: a whole line in one cell.
    missing = (None,) * len(columns)
    rows = (
        (*(cell.get("VarCharValue") for cell in row["Data"]), *missing)[: len(columns)]
        for page in itertools.chain([first], pages)
        for row in page["ResultSet"]["Rows"]
    )
    statistics = execution["Statistics"]
    return Result(
        statement,
        columns,
        _without_header(rows, columns),
        scanned=statistics.get("DataScannedInBytes", 0),
        seconds=statistics.get("TotalExecutionTimeInMillis", 0) / 1000,
        location=execution.get("ResultConfiguration", {}).get("OutputLocation", ""),
    )


def _ended(athena: AthenaClient, started: str, limit: float) -> QueryExecutionTypeDef:
    deadline, pause = time.monotonic() + limit, SHORTEST_PAUSE
    while True:
        execution = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
        status = execution["Status"]
        if status["State"] == "SUCCEEDED":
            return execution
        if status["State"] in {"FAILED", "CANCELLED"}:
            raise QueryFailed(f"The query is {status['State']}: {status.get('StateChangeReason', 'no reason given')}")
        if time.monotonic() > deadline:
            raise QueryFailed(f"The query {started} is {status['State']} after {limit:.0f} s.")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _without_header(rows: Iterator[Row], columns: tuple[Column, ...]) -> Iterator[Row]:
    """The rows without the header row, which Athena returns for SELECT only."""
    for row in itertools.islice(rows, 1):
        if row != tuple(column.name for column in columns):
            yield row
    yield from rows
