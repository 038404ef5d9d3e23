"""Statements run through Athena in the stack's database, and the stack's named queries."""

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
"""The named queries that an analyst meets first. The second one reads one subject."""

ONE_SUBJECT_QUERY = "WalkingMinutes"

QUERY_SECONDS = 300
"""A query of this table that takes longer is stuck."""

PAGE_ROWS = 1000
"""Athena hands out no more rows in one answer."""

SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 1.0


@dataclass(frozen=True)
class Column:
    """A column of a result and its type, as Athena names it: `bigint`, `varchar`, `timestamp`."""

    name: str
    type: str


Row = tuple[str | None, ...]
"""A row of a result: what Athena prints for each cell, None for NULL."""


@dataclass(frozen=True)
class Answer:
    """The first thousand rows that Athena answered with, and the bytes that it read for them."""

    statement: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    scanned: int


@dataclass(frozen=True)
class Result:
    """All that Athena answered with: the rows are fetched as they are taken, once. `seconds` are Athena's own."""

    statement: str
    columns: tuple[Column, ...]
    rows: Iterator[Row]
    scanned: int
    seconds: float


@dataclass(frozen=True)
class NamedQuery:
    """A query that is kept in the stack's workgroup."""

    name: str
    description: str
    statement: str


def named_query(stack: Stack, name: str) -> NamedQuery:
    """The stack's query of that name. Raises QueryFailed where its workgroup has none."""
    athena = stack.session.client("athena")
    pages = athena.get_paginator("list_named_queries").paginate(WorkGroup=stack.outputs["WorkGroupName"])
    ids = [each for page in pages for each in page["NamedQueryIds"]]
    found = athena.batch_get_named_query(NamedQueryIds=ids)["NamedQueries"] if ids else []
    for query in found:
        if query["Name"] == name:
            return NamedQuery(name, query.get("Description", ""), query["QueryString"])
    names = ", ".join(sorted(query["Name"] for query in found)) or "none"
    raise QueryFailed(f"The workgroup {stack.outputs['WorkGroupName']} has no named query {name}. It has: {names}.")


def ask(stack: Stack, statement: str) -> Answer:
    """Run a statement in the stack's database and workgroup. Raises QueryFailed, with Athena's own reason."""
    result = run_query(stack, statement, limit=QUERY_SECONDS)
    return Answer(statement, result.columns, tuple(itertools.islice(result.rows, PAGE_ROWS)), result.scanned)


def run_query(stack: Stack, statement: str, *, limit: float = math.inf) -> Result:
    """The same with every row; raises QueryFailed, too, where there is no end after `limit` seconds.

    Whoever interrupts it stops the query: on AWS it would go on and cost.
    """
    athena = stack.session.client("athena")
    try:
        started = athena.start_query_execution(
            QueryString=statement,
            QueryExecutionContext={"Database": stack.outputs["DatabaseName"]},
            WorkGroup=stack.outputs["WorkGroupName"],
        )["QueryExecutionId"]
    except athena.exceptions.InvalidRequestException as refused:
        raise QueryFailed(f"Athena does not take the query: {refused.response['Error'].get('Message')}") from None
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
    # DESCRIBE's rows may have fewer cells than columns: all of a line in one.
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
    )


def _ended(athena: AthenaClient, started: str, limit: float) -> QueryExecutionTypeDef:
    deadline, pause = time.monotonic() + limit, SHORTEST_PAUSE
    while True:
        execution = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
        status = execution["Status"]
        if status["State"] == "SUCCEEDED":
            return execution
        if status["State"] in {"FAILED", "CANCELLED"}:
            raise QueryFailed(f"The query is {status['State']}: {status.get('StateChangeReason', 'no reason told')}")
        if time.monotonic() > deadline:
            raise QueryFailed(f"The query {started} is {status['State']} after {limit:.0f} s.")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _without_header(rows: Iterator[Row], columns: tuple[Column, ...]) -> Iterator[Row]:
    """The rows without the one that repeats the columns' names: Athena puts it before a SELECT's rows only."""
    for row in itertools.islice(rows, 1):
        if row != tuple(column.name for column in columns):
            yield row
    yield from rows
