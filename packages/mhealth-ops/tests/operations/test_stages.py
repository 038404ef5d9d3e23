"""The stages of an execution and their seconds, by the timestamps of its events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from mhealth_ops.operations.executions import Ended, Entered, Left
from mhealth_ops.operations.stages import Stage, by_stage

BEGAN = datetime(2026, 11, 30, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def passed(state: str, begin: float, end: float, **output: Any) -> list[Entered | Left]:
    return [Entered(state, at(begin)), Left(state, at(end), output)]


def ended(status: str, seconds: float) -> Ended:
    return Ended(status, seconds, {}, "", "", at(seconds))


def stages(*events: Entered | Left | Ended) -> list[tuple[str, float, dict[str, Any], bool]]:
    found = [each for each in by_stage(events) if isinstance(each, Stage)]
    return [(each.name, each.seconds, each.output, each.failed) for each in found]


def test_a_stage_lasts_until_the_next_one_begins() -> None:
    found = stages(
        *passed("GlueTransform", 0, 20, transform=1),
        *passed("ReadLastCrawl", 20, 20.5, crawl=1),
        *passed("RefreshCatalog", 21, 21.5, crawl=2),
        *passed("WaitForCrawler", 21.5, 80, crawl=3),
        *passed("ReadSnapshotSummary", 80, 81, summary=1),
        *passed("VerifySnapshot", 81.5, 83, verify=1),
        *passed("ReadVerifiedCounts", 83, 84, verified=1),
        *passed("PublishSnapshot", 85, 86, published=1),
        *passed("WriteReport", 86, 91, report={"uri": "s3://b/r"}),
        *passed("Published", 91, 91.25, report="s3://b/r"),
        ended("SUCCEEDED", 91.5),
    )
    assert found == [
        ("GlueTransform", 21.0, {"transform": 1}, False),
        ("RefreshCatalog", 60.5, {"summary": 1}, False),
        ("VerifySnapshot", 3.5, {"verified": 1}, False),
        ("PublishSnapshot", 1.0, {"published": 1}, False),
        ("WriteReport", 5.25, {"report": {"uri": "s3://b/r"}}, False),
    ]


def test_a_failed_stage_ends_with_its_failed_state() -> None:
    found = stages(
        *passed("DownloadCSV", 0, 3, download=1),
        *passed("ConvertParquet", 3, 7, failure={"Error": "JobFailed"}),
        *passed("NotifyFailure", 7, 9, failure={"Error": "JobFailed"}),
        ended("FAILED", 9),
    )
    assert [(name, seconds, failed) for name, seconds, _, failed in found] == [
        ("DownloadCSV", 3.0, False),
        ("ConvertParquet", 4.0, True),
    ]


def test_a_stage_that_an_abort_ended_has_failed() -> None:
    found = stages(*passed("DownloadCSV", 0, 3, download=1), Entered("ConvertParquet", at(3)), ended("ABORTED", 60))
    assert [(name, seconds, failed) for name, seconds, _, failed in found] == [
        ("DownloadCSV", 3.0, False),
        ("ConvertParquet", 57.0, True),
    ]


def test_states_are_named_as_they_begin() -> None:
    events = [*passed("DownloadCSV", 0, 1), *passed("IsThereSomethingNew", 1, 1), ended("SUCCEEDED", 1)]
    assert [each for each in by_stage(events) if isinstance(each, str)] == ["DownloadCSV", "IsThereSomethingNew"]
