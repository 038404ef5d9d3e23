"""Events of a running execution: states that start and end, and its end."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

SHORTEST_PAUSE, LONGEST_PAUSE = 0.25, 3.0
"""The poll interval in seconds. It grows without new events, as Step Functions throttles frequent calls."""

_GROWTH = 1.2

_BEFORE_THE_ERROR = re.compile(r"Error Category: [^;]*; (Failed Line Number: \d+; )?")
"""Glue's prefix of a job's error, at the beginning of a cause only."""


@dataclass(frozen=True)
class Entered:
    """A state has started."""

    state: str


@dataclass(frozen=True)
class Left:
    """A state has ended after `seconds`, with `output`."""

    state: str
    seconds: float
    output: dict[str, Any]


@dataclass(frozen=True)
class Ended:
    """The execution has ended: SUCCEEDED with `output`, or FAILED, TIMED_OUT, ABORTED with `error` and `cause`."""

    status: str
    seconds: float
    output: dict[str, Any]
    error: str
    cause: str

    @property
    def reason(self) -> str:
        """The error and its cause without Glue's prefix; "" where neither is known."""
        before = _BEFORE_THE_ERROR.match(self.cause)
        text = self.cause[len(before[0]) if before else 0 :].removeprefix(f"{self.error}: ")
        return ": ".join(part for part in (self.error, text) if part)


def follow(sfn: SFNClient, execution: str) -> Iterator[Entered | Left | Ended]:
    """Yield the events of the execution with ARN `execution`, as they happen, until it has ended."""
    reported = 0
    pause = SHORTEST_PAUSE
    entered: dict[str, float] = {}
    while True:
        # Read before the history: if the execution has ended, the history is then complete.
        now = sfn.describe_execution(executionArn=execution)
        pages = sfn.get_paginator("get_execution_history").paginate(executionArn=execution)
        events = [event for page in pages for event in page["events"]]
        for event in events[reported:]:
            if details := event.get("stateEnteredEventDetails"):
                entered[details["name"]] = event["timestamp"].timestamp()
                yield Entered(details["name"])
            elif left := event.get("stateExitedEventDetails"):
                seconds = event["timestamp"].timestamp() - entered[left["name"]]
                yield Left(left["name"], seconds, json.loads(left.get("output", "{}")))
        pause = min(pause * _GROWTH, LONGEST_PAUSE) if len(events) == reported else SHORTEST_PAUSE
        reported = len(events)
        if now["status"] != "RUNNING":
            yield Ended(
                status=now["status"],
                seconds=(now["stopDate"] - now["startDate"]).total_seconds(),
                output=json.loads(now.get("output") or "{}"),
                error=now.get("error") or "",
                cause=now.get("cause") or "",
            )
            return
        time.sleep(pause)
