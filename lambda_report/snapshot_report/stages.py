"""How long each stage of the execution took, from its history."""

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
"""The states that begin a stage. What comes behind one, such as the looks at the crawler, belongs to it."""


@dataclass(frozen=True)
class Timing:
    """The seconds of each stage in the order of the run, and how many states the execution has entered."""

    seconds: dict[str, float]
    states: int

    @property
    def total(self) -> float:
        """Seconds of all stages."""
        return sum(self.seconds.values())


def read_timing(sfn: SFNClient, execution: str) -> Timing:
    """The timing of an execution that runs, up to the state that it is in."""
    pages = sfn.get_paginator("get_execution_history").paginate(executionArn=execution, includeExecutionData=False)
    return timing([event for page in pages for event in page["events"]])


def timing(events: Sequence[HistoryEventTypeDef]) -> Timing:
    """The timing by the events of a history, oldest first."""
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
