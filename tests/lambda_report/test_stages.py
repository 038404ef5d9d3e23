"""Seconds per stage, from events with times written by hand."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from mhealth_ops.operations.stages import STAGES as STAGES_OF_MHEALTH_RUN
from snapshot_report.stages import STAGES, timing

DEFINITION = Path(__file__).parents[2] / "cloudformation" / "pipeline.asl.json"


def entered(second: float, state: str) -> dict[str, Any]:
    start = datetime.datetime(2026, 11, 24, 8, tzinfo=datetime.UTC)
    return {
        "timestamp": start + datetime.timedelta(seconds=second),
        "stateEnteredEventDetails": {"name": state},
    }


def test_what_comes_behind_a_stage_belongs_to_it() -> None:
    reported = timing(
        [
            entered(0, "DownloadCSV"),
            {"timestamp": entered(3, "")["timestamp"], "type": "LambdaFunctionScheduled"},
            entered(5, "IsThereSomethingNew"),
            entered(5.5, "ConvertParquet"),
            entered(70, "GlueTransform"),
            entered(130, "RefreshCatalog"),
            entered(131, "WaitForCrawler"),
            entered(146, "GetCrawler"),
            entered(146.5, "WaitForCrawler"),
            entered(161.5, "VerifySnapshot"),
            entered(163, "WriteReport"),
        ]
    )
    assert reported.seconds == {
        "DownloadCSV": 5.5,
        "ConvertParquet": 64.5,
        "GlueTransform": 60.0,
        "RefreshCatalog": 31.5,
        "VerifySnapshot": 1.5,
    }
    assert reported.states == 10
    assert reported.total == 163


def test_a_history_without_states_takes_no_time() -> None:
    assert timing([]).seconds == {}


def test_mhealth_run_counts_the_seconds_of_the_same_stages() -> None:
    assert [stage for stage in STAGES_OF_MHEALTH_RUN if stage in STAGES] == list(STAGES)


def test_stages_are_states_of_the_state_machine() -> None:
    assert set(STAGES_OF_MHEALTH_RUN) <= set(json.loads(DEFINITION.read_text())["States"])
    assert set(STAGES) <= set(json.loads(DEFINITION.read_text())["States"])
