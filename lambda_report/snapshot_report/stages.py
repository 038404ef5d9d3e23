"""The duration of each stage of the execution, from its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

STAGES = (
    *("DownloadCSV", "ConvertParquet", "GlueTransform", "RefreshCatalog"),
    *("VerifySnapshot", "PublishSnapshot", "RecordSuccess"),
)
"""The states that begin a stage. The states after one, such as those that poll the crawler, belong to it."""


@dataclass(frozen=True)
class Timing:
    """The seconds of each stage in the order of the run, and the number of states that were entered."""

    seconds: dict[str, float]
    states: int

    @property
    def total(self) -> float:
        """The seconds of all stages."""
        return sum(self.seconds.values())


def read_timing(sfn: SFNClient, execution: str) -> Timing:
    """Read the timing of a running execution, up to its current state."""
    pages = sfn.get_paginator("get_execution_history").paginate(executionArn=execution, includeExecutionData=False)
    return timing([event for page in pages for event in page["events"]])


def timing(events: Sequence[HistoryEventTypeDef]) -> Timing:
    """Compute the timing from the events of a history, oldest first."""
    entered = [
        (event["timestamp"], event["stateEnteredEventDetails"]["name"])
        for event in events
        if "stateEnteredEventDetails" in event
    ]
    seconds: dict[str, float] = {}
    stage = ""
    for (began, state), (ended, _) in pairwise(entered):
        stage = state if state in STAGES else stage
        if stage:
            seconds[stage] = seconds.get(stage, 0.0) + (ended - began).total_seconds()
    return Timing(seconds, len(entered))
