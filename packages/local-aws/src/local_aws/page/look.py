"""What the page shows, as an administrator's client of the local AWS reads it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Any

from moto.sns.models import sns_backends

from local_aws.core.messages import as_email, is_structured
from local_aws.core.world import ACCOUNT, ADMINISTRATOR, World

_MOST_ROWS = 100
_MOST_FILES = 20
_MOST_NOTICES = 20
_QUERY_LIMIT = 60.0
"""Seconds until the page stops a query."""

_READING = ("SELECT", "WITH", "VALUES", "TABLE", "(", "SHOW", "DESCRIBE", "EXPLAIN")
"""How statements begin that change nothing."""


@dataclass(frozen=True)
class Visit:
    """A state in an execution: its seconds until it was left (None: it has not been left), and whether it failed."""

    seconds: float | None
    failed: bool


@dataclass(frozen=True)
class Machine:
    """A state machine, with its last execution if there is one."""

    name: str
    arn: str
    definition: Mapping[str, Any]
    status: str | None = None
    started: str | None = None
    error: str | None = None
    visits: Mapping[str, Visit] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """The result of a query: its columns and first rows, or why there are none."""

    columns: list[str]
    rows: list[list[str | None]]
    note: str
    failed: bool = False


class Look:
    """Reads the world by its own API."""

    def __init__(self, world: World) -> None:
        self._world = world

    def _client(self, service: str) -> Any:
        return self._world.client(service, ADMINISTRATOR)

    def stacks(self) -> list[Mapping[str, Any]]:
        """The stacks, as DescribeStacks has them."""
        found: list[Mapping[str, Any]] = self._client("cloudformation").describe_stacks()["Stacks"]
        return found

    def machines(self) -> Iterator[Machine]:
        """The state machines with their last executions."""
        client = self._client("stepfunctions")
        for each in client.list_state_machines()["stateMachines"]:
            arn = each["stateMachineArn"]
            definition = json.loads(client.describe_state_machine(stateMachineArn=arn)["definition"])
            executions = client.list_executions(stateMachineArn=arn)["executions"]
            if not executions:
                yield Machine(each["name"], arn, definition)
                continue
            last = max(executions, key=lambda execution: execution["startDate"])
            described = client.describe_execution(executionArn=last["executionArn"])
            pages = client.get_paginator("get_execution_history").paginate(executionArn=last["executionArn"])
            yield Machine(
                each["name"],
                arn,
                definition,
                last["status"],
                f"{last['startDate']:%Y-%m-%d %H:%M:%S}",
                described.get("error"),
                visits([event for page in pages for event in page["events"]]),
            )

    def start(self, machine: str) -> None:
        """Start an execution with an empty input."""
        self._client("stepfunctions").start_execution(stateMachineArn=machine, input="{}")

    def tables(self) -> Iterator[Mapping[str, Any]]:
        """The tables of all databases, as GetTables has them, with the number of their partitions."""
        glue = self._client("glue")
        for database in glue.get_databases()["DatabaseList"]:
            for table in glue.get_tables(DatabaseName=database["Name"])["TableList"]:
                partitions = 0
                if table.get("PartitionKeys"):
                    pages = glue.get_paginator("get_partitions").paginate(
                        DatabaseName=database["Name"], TableName=table["Name"]
                    )
                    partitions = sum(len(page["Partitions"]) for page in pages)
                yield {**table, "Partitions": partitions}

    def pages(self) -> list[tuple[str, str]]:
        """Bucket and key of the HTML objects, the newest first."""
        s3 = self._client("s3")
        found = []
        for bucket in s3.list_buckets()["Buckets"]:
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
                found += [
                    (each["LastModified"], bucket["Name"], each["Key"])
                    for each in page.get("Contents", [])
                    if each["Key"].endswith(".html")
                ]
        return [(bucket, key) for _, bucket, key in sorted(found, reverse=True)[:_MOST_FILES]]

    def page(self, bucket: str, key: str) -> bytes:
        """An object's content. Raises botocore's ClientError if there is none."""
        content: bytes = self._client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    def notices(self) -> list[tuple[str, str, str]]:
        """Topic, subject and e-mail's text of the messages published to SNS, the newest first."""
        topics = sns_backends[ACCOUNT][self._world.region].topics.values()
        sent = [(topic.name, str(each[2] or ""), str(each[1])) for topic in topics for each in topic.sent_notifications]
        return [
            (topic, subject, dedent(as_email(text, structured=is_structured(text))))
            for topic, subject, text in sent[::-1][:_MOST_NOTICES]
        ]

    def workgroups(self) -> list[str]:
        """The names of Athena's workgroups, those of stacks before `primary`."""
        names = [each["Name"] for each in self._client("athena").list_work_groups()["WorkGroups"]]
        return sorted(names, key=lambda name: (name == "primary", name))

    def databases(self) -> list[str]:
        """The names of the catalog's databases."""
        return [each["Name"] for each in self._client("glue").get_databases()["DatabaseList"]]

    def ask(self, sql: str, workgroup: str, database: str) -> Answer:
        """Run a query that reads; refuse any other."""
        if not sql.strip().upper().startswith(_READING):
            return Answer([], [], f"This page reads only. Expected one of {', '.join(_READING)}.", failed=True)
        athena = self._client("athena")
        try:
            context = {"Database": database} if database else {}
            query = athena.start_query_execution(QueryString=sql, WorkGroup=workgroup, QueryExecutionContext=context)
        except athena.exceptions.ClientError as refused:
            return Answer([], [], refused.response["Error"]["Message"], failed=True)
        name = query["QueryExecutionId"]
        deadline = time.monotonic() + _QUERY_LIMIT
        while True:
            execution = athena.get_query_execution(QueryExecutionId=name)["QueryExecution"]
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                break
            if time.monotonic() > deadline:
                athena.stop_query_execution(QueryExecutionId=name)
                return Answer([], [], f"Stopped after {_QUERY_LIMIT:.0f} s.", failed=True)
            time.sleep(0.05)
        if execution["Status"]["State"] != "SUCCEEDED":
            return Answer([], [], execution["Status"].get("StateChangeReason", ""), failed=True)
        result = athena.get_query_results(QueryExecutionId=name, MaxResults=_MOST_ROWS + 1)["ResultSet"]
        columns = [each["Name"] for each in result["ResultSetMetadata"]["ColumnInfo"]]
        rows = [[value.get("VarCharValue") for value in row["Data"]] for row in result["Rows"]]
        if rows and rows[0] == columns:
            rows = rows[1:]
        scanned = execution.get("Statistics", {}).get("DataScannedInBytes", 0)
        return Answer(
            columns, rows[:_MOST_ROWS], f"{scanned / 1e6:.2f} MB scanned; the first {_MOST_ROWS} rows at most"
        )


def visits(events: list[Mapping[str, Any]]) -> dict[str, Visit]:
    """The visited states of an execution by name, from its history: the seconds of all visits together."""
    entered: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    failed: set[str] = set()
    current = ""
    for event in events:
        if details := event.get("stateEnteredEventDetails"):
            current = str(details["name"])
            entered[current] = event["timestamp"]
        elif details := event.get("stateExitedEventDetails"):
            name = str(details["name"])
            took = (event["timestamp"] - entered.pop(name)).total_seconds()
            seconds[name] = seconds.get(name, 0.0) + took
        elif event["type"].endswith(("Failed", "TimedOut")) and current:
            failed.add(current)
    return {name: Visit(None if name in entered else seconds[name], name in failed) for name in [*seconds, *entered]}
