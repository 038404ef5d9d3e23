"""The stack's named queries, run through Athena and shown."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from local_aws.operations.errors import QueryFailed
from local_aws.operations.stacks import Stack

README_QUERIES = ("RowsPerSubject", "WalkingMinutes", "MinutesPerActivity")
"""The named queries that an analyst meets first. The second one reads one subject."""

ONE_SUBJECT_QUERY = "WalkingMinutes"

QUERY_SECONDS = 300
"""A query of this table that takes longer is stuck."""

SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 1.0


@dataclass(frozen=True)
class Answer:
    """What Athena answered: cells as text, and the bytes that it read for it. At most the first thousand rows."""

    statement: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    scanned: int


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
    raise QueryFailed(f"The workgroup {stack.outputs['WorkGroupName']} has no named query {name}.")


def ask(stack: Stack, statement: str) -> Answer:
    """Run a statement in the stack's database and workgroup. Raises QueryFailed, with Athena's own reason."""
    athena = stack.session.client("athena")
    started = athena.start_query_execution(
        QueryString=statement,
        QueryExecutionContext={"Database": stack.outputs["DatabaseName"]},
        WorkGroup=stack.outputs["WorkGroupName"],
    )["QueryExecutionId"]
    deadline, pause = time.monotonic() + QUERY_SECONDS, SHORTEST_PAUSE
    while True:
        execution = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
        status = execution["Status"]
        if status["State"] == "SUCCEEDED":
            break
        if status["State"] in {"FAILED", "CANCELLED"}:
            raise QueryFailed(f"The query is {status['State']}: {status.get('StateChangeReason', 'no reason told')}")
        if time.monotonic() > deadline:
            raise QueryFailed(f"The query {started} is {status['State']} after {QUERY_SECONDS} s.")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
    header, *body = [tuple(cell.get("VarCharValue", "") for cell in row["Data"]) for row in rows] or [()]
    return Answer(statement, header, tuple(body), execution["Statistics"]["DataScannedInBytes"])


def show(console: Console, query: NamedQuery, answer: Answer) -> None:
    """Print what was asked and what came."""
    console.print()
    console.print(f"[bold]{query.name}[/bold]: {query.description}")
    console.print(answer.statement, style="cyan", highlight=False, markup=False)
    table = Table(*answer.header)
    for cells in answer.rows:
        table.add_row(*cells)
    console.print(table)
