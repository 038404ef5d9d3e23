"""Events of a running execution: states that start and end, and its end."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

SHORTEST_PAUSE, LONGEST_PAUSE = 0.25, 1.0
"""The poll interval in seconds. It grows without new events, as Step Functions throttles frequent calls."""

_GROWTH = 1.2

_BEFORE_THE_ERROR = re.compile(r"Error Category: [^;]*; (Failed Line Number: \d+; )?")
"""Glue's prefix of a job's error, at the beginning of a cause only."""


@dataclass(frozen=True)
class Entered:
    """A state has started at `at`, the time of the event."""

    state: str
    at: datetime


@dataclass(frozen=True)
class Left:
    """A state has ended at `at`, the time of the event, with `output`."""

    state: str
    at: datetime
    output: dict[str, Any]


@dataclass(frozen=True)
class Ended:
    """The execution has ended: SUCCEEDED with `output`, or FAILED, TIMED_OUT, ABORTED with `error` and `cause`.

    `began` and `at` are the times of its start and of its end.
    """

    status: str
    seconds: float
    output: dict[str, Any]
    error: str
    cause: str
    at: datetime | None = None
    began: datetime | None = None

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Ended:
        """The end of an execution that DescribeExecution describes."""
        return cls(
            status=described["status"],
            seconds=(described["stopDate"] - described["startDate"]).total_seconds(),
            output=json.loads(described.get("output") or "{}"),
            error=described.get("error") or "",
            cause=described.get("cause") or "",
            at=described["stopDate"],
            began=described["startDate"],
        )

    @property
    def reason(self) -> str:
        """The error, once, and its cause without Glue's prefix; "" where neither is known."""
        before = _BEFORE_THE_ERROR.match(self.cause)
        text = self.cause[len(before[0]) if before else 0 :]
        while self.error and text.startswith(f"{self.error}: "):
            text = text.removeprefix(f"{self.error}: ")
        return ": ".join(part for part in (self.error, text) if part)


def current_state(sfn: SFNClient, execution: str) -> str | None:
    """The state that a running execution entered last, None before the first one."""
    pages = sfn.get_paginator("get_execution_history").paginate(
        executionArn=execution, reverseOrder=True, includeExecutionData=False
    )
    events = (event for page in pages for event in page["events"])
    return next(
        (event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event), None
    )


def follow(sfn: SFNClient, execution: str) -> Iterator[Entered | Left | Ended]:
    """Yield the events of the execution with ARN `execution`, as they happen, until it has ended."""
    reported = 0
    pause = SHORTEST_PAUSE
    while True:
        # Read before the history: if the execution has ended, the history is then complete.
        now = sfn.describe_execution(executionArn=execution)
        pages = sfn.get_paginator("get_execution_history").paginate(executionArn=execution)
        events = [event for page in pages for event in page["events"]]
        for event in events[reported:]:
            if details := event.get("stateEnteredEventDetails"):
                yield Entered(details["name"], event["timestamp"])
            elif left := event.get("stateExitedEventDetails"):
                yield Left(left["name"], event["timestamp"], json.loads(left.get("output", "{}")))
        pause = min(pause * _GROWTH, LONGEST_PAUSE) if len(events) == reported else SHORTEST_PAUSE
        reported = len(events)
        if now["status"] != "RUNNING":
            yield Ended.of(now)
            return
        time.sleep(pause)
