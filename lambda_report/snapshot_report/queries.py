"""What the report asks Athena, in the statements that the template gives it."""

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

_LOOK_EVERY = 0.2  # seconds
_LONGEST = 60.0  # seconds for one query


@dataclass(frozen=True)
class Count:
    """How many rows a subject has of an activity."""

    subject: int
    activity_id: int
    activity: str
    rows: int


class Athena:
    """A database, asked through a workgroup, whose results lie in `bucket`."""

    def __init__(self, athena: AthenaClient, bucket: Bucket, database: str, work_group: str) -> None:
        self._athena = athena
        self._bucket = bucket
        self._database = database
        self._work_group = work_group

    def counts(self, statement: str, snapshot: int) -> list[Count]:
        """The rows of a snapshot per subject and activity. Raises ReportQueryFailed."""
        return [
            Count(int(row["subject"]), int(row["activity_id"]), row["activity"], int(row["samples"]))
            for row in self.rows(statement.format(snapshot=snapshot))
        ]

    def rows(self, statement: str) -> list[Mapping[str, str]]:
        """The rows of a query, as texts by column; null is the empty text. Raises ReportQueryFailed."""
        started = self._athena.start_query_execution(
            QueryString=statement, QueryExecutionContext={"Database": self._database}, WorkGroup=self._work_group
        )["QueryExecutionId"]
        deadline = time.monotonic() + _LONGEST
        while True:
            execution = self._athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
            status = execution["Status"]
            if status["State"] == "SUCCEEDED":
                break
            if status["State"] in ("FAILED", "CANCELLED") or time.monotonic() > deadline:
                raise ReportQueryFailed(
                    f"the query {started} is {status['State']}: {status.get('StateChangeReason', 'no reason given')}. "
                    f"It was: {statement}. A retry makes sense where the reason passes; the snapshot is published."
                )
            time.sleep(_LOOK_EVERY)
        # The result object: one read, where the API gives a thousand rows at a time.
        key = execution["ResultConfiguration"]["OutputLocation"].removeprefix(f"s3://{self._bucket.name}/")
        return list(csv.DictReader(io.StringIO(self._bucket.content(key).decode())))

    def bytes_scanned(self, query: str) -> int:
        """What a query has read."""
        execution = self._athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        return execution["Statistics"].get("DataScannedInBytes", 0)
