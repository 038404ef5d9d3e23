"""Costs by hand, at the prices of 2026-11."""

from __future__ import annotations

import pytest

from snapshot_report.costs import Stage, Usage, stages
from snapshot_report.stages import Timing

USAGE = Usage({"ConvertParquet": 29, "GlueTransform": 90}, dpus=2, memory_mb=2048, verify_bytes=50_000_000)
SECONDS = {
    "DownloadCSV": 10.0,
    "ConvertParquet": 75.0,
    "GlueTransform": 130.0,
    "RefreshCatalog": 61.0,
    "VerifySnapshot": 2.0,
    "PublishSnapshot": 1.0,
    "RecordSuccess": 0.1,
}


@pytest.fixture(scope="module")
def reported() -> dict[str, Stage]:
    return {stage.name: stage for stage in stages(Timing(SECONDS, 40), USAGE)}


def test_each_stage_costs_what_one_computes_by_hand(reported: dict[str, Stage]) -> None:
    usd = {name: stage.usd for name, stage in reported.items()}
    assert usd["DownloadCSV"] == pytest.approx(2 * 10 * 0.0000166667)
    assert usd["ConvertParquet"] == pytest.approx(2 * 60 / 3600 * 0.44)  # a minute at least
    assert usd["GlueTransform"] == pytest.approx(2 * 90 / 3600 * 0.44)  # not the 130 s that one waits
    assert usd["RefreshCatalog"] == pytest.approx(2 * 600 / 3600 * 0.44)  # ten minutes at least
    assert usd["VerifySnapshot"] == pytest.approx(0.00025)  # 50 MB at 5 USD a TB
    assert usd["PublishSnapshot"] is None
    assert usd["RecordSuccess"] == pytest.approx(0.000005)
    assert usd["StateMachine"] == pytest.approx(0.001)  # 40 x 0.025 / 1000


def test_each_stage_says_what_is_paid_for(reported: dict[str, Stage]) -> None:
    assert reported["DownloadCSV"].how == "2.00 GB of memory x 10.0 s"
    assert reported["ConvertParquet"].how == "2 DPU x 60 s, as billed: the least, it took 29 s"
    assert reported["GlueTransform"].how == "2 DPU x 90 s, as billed"
    assert reported["RefreshCatalog"].how.startswith("2 DPU x 600 s, as billed: the least, it took 61 s; how many DPUs")
    assert "assumed" in reported["RefreshCatalog"].how
    assert reported["VerifySnapshot"].how == "50 MB scanned, as billed"
    assert reported["StateMachine"].how == "40 state transitions"


def test_only_what_nobody_measured_is_assumed(reported: dict[str, Stage]) -> None:
    assert {name for name, stage in reported.items() if stage.assumed} == {"RefreshCatalog"}


def test_a_failed_job_is_counted_by_the_seconds_of_its_state_and_marked() -> None:
    usage = Usage({"ConvertParquet": 29}, dpus=2, memory_mb=2048, verify_bytes=0)
    convert, failed, _ = stages(Timing({"ConvertParquet": 75.0, "GlueTransform": 130.0}, 3), usage)
    assert (convert.assumed, failed.assumed) == (False, True)
    assert failed.usd == pytest.approx(2 * 130 / 3600 * 0.44)
    assert failed.how.startswith("2 DPU x 130 s, as billed; Glue's own seconds of a failed job are not known")


def test_a_small_query_is_billed_for_ten_megabytes() -> None:
    small = Usage(USAGE.job_seconds, 2, 2048, verify_bytes=0)
    (stage, _) = stages(Timing({"VerifySnapshot": 2.0}, 1), small)
    assert stage.usd == pytest.approx(0.00005)


def test_a_long_crawl_is_billed_by_the_second() -> None:
    (stage, _) = stages(Timing({"RefreshCatalog": 900.0}, 1), USAGE)
    assert stage.usd == pytest.approx(2 * 900 / 3600 * 0.44)


def test_a_run_without_a_crawler_pays_for_none() -> None:
    # CatalogRefresh is Job: the execution has no state of the crawl.
    seconds = {stage: took for stage, took in SECONDS.items() if stage != "RefreshCatalog"}
    without = {stage.name: stage.usd or 0 for stage in stages(Timing(seconds, 40), USAGE)}
    crawled = {stage.name: stage.usd or 0 for stage in stages(Timing(SECONDS, 40), USAGE)}
    assert set(crawled) - set(without) == {"RefreshCatalog"}
    assert sum(crawled.values()) - sum(without.values()) == pytest.approx(2 * 600 / 3600 * 0.44)
