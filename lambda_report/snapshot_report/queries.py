"""The report's Athena queries. The template has their statements."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from snapshot_report.errors import ReportQueryFailed
from snapshot_report.storage import Bucket

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

_POLL_INTERVAL = 0.2  # seconds
_TIMEOUT = 60.0  # seconds for one query


@dataclass(frozen=True)
class Count:
    """The number of rows of a subject and an activity."""

    subject: int
    activity_id: int
    activity: str
    rows: int


class Athena:
    """Queries of a database through a workgroup, whose results are stored in `bucket`."""

    def __init__(self, athena: AthenaClient, bucket: Bucket, database: str, work_group: str) -> None:
        self._athena = athena
        self._bucket = bucket
        self._database = database
        self._work_group = work_group

    def counts(self, statement: str, snapshot: int) -> list[Count]:
        """Count the rows of a snapshot by subject and activity. Raises ReportQueryFailed."""
        return [
            Count(int(row["subject"]), int(row["activity_id"]), row["activity"], int(row["samples"]))
            for row in self.rows(statement.format(snapshot=snapshot))
        ]

    def rows(self, statement: str) -> list[Mapping[str, str]]:
        """Run a query; return its rows as strings by column, null as the empty string. Raises ReportQueryFailed."""
        started = self._athena.start_query_execution(
            QueryString=statement, QueryExecutionContext={"Database": self._database}, WorkGroup=self._work_group
        )["QueryExecutionId"]
        deadline = time.monotonic() + _TIMEOUT
        while True:
            execution = self._athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
            status = execution["Status"]
            if status["State"] == "SUCCEEDED":
                break
            if status["State"] in ("FAILED", "CANCELLED") or time.monotonic() > deadline:
                raise ReportQueryFailed(
                    f"the query {started} is {status['State']}: {status.get('StateChangeReason', 'no reason given')}. "
                    f"It was: {statement}. Retryable if the reason is temporary. The snapshot stays published."
                )
            time.sleep(_POLL_INTERVAL)
        # The result object takes one request; the API returns a thousand rows at a time.
        key = execution["ResultConfiguration"]["OutputLocation"].removeprefix(f"s3://{self._bucket.name}/")
        return list(csv.DictReader(io.StringIO(self._bucket.content(key).decode())))

    def bytes_scanned(self, query: str) -> int:
        """The bytes that a query has scanned."""
        execution = self._athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        return execution["Statistics"].get("DataScannedInBytes", 0)
