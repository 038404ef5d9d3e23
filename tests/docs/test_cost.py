"""What docs/cost.md says is what the template costs: amounts by hand, at the prices of 2026-11."""

from __future__ import annotations

import copy
import json

import pytest

from ingest import metrics
from tools.cost import tables
from tools.cost.cost import PRICES, Line, after_free_tier, dpus, month, query_line, run, standing, total
from tools.cost.stack import USAGE, Stack


@pytest.fixture(scope="module")
def stack() -> Stack:
    return Stack.read()


def usd(lines: list[Line]) -> dict[str, float]:
    return {line.what: line.usd for line in lines}


def quantities(lines: list[Line]) -> dict[str, float]:
    return {line.price: line.quantity for line in lines}


# ---------------------------------------------------------------- the page


def test_page_is_what_the_script_makes_today(stack: Stack) -> None:
    text = tables.PAGE.read_text()
    assert tables.page(text, stack) == text, "stale: run `make cost`"


def test_page_without_a_marker_is_refused(stack: Stack) -> None:
    text = tables.PAGE.read_text().replace("<!-- table: levers -->", "")
    with pytest.raises(LookupError, match="expected a marker for each of"):
        tables.page(text, stack)


def test_somebody_thought_about_the_cost_of_every_resource_type(stack: Stack) -> None:
    types = {each["Type"] for each in stack.template["Resources"].values()}
    assert types == set(PRICES["resources"]), "prices.json, resources: name the prices of a type, or why it is free"


def test_every_price_belongs_to_a_resource_type() -> None:
    named = {price for prices in PRICES["resources"].values() if isinstance(prices, list) for price in prices}
    assert named == set(PRICES["prices"])
    free = [why for why in PRICES["resources"].values() if isinstance(why, str)]
    assert all(why.startswith("free: ") for why in free)


def test_every_price_tells_its_unit_and_source() -> None:
    for name, price in PRICES["prices"].items():
        assert price["usd"] > 0, name
        assert price["per"] >= 1, name
        assert price["unit"], name
        assert price["page"].startswith("https://aws.amazon.com/"), name
        assert price["seen"], name


def test_every_quantity_tells_its_origin() -> None:
    assert all(each["from"] for part in ("run", "stored_bytes", "queries") for each in USAGE[part].values())


def test_function_prints_as_many_metrics_as_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    metrics.publish("mhealth", "a-stack", age=86400.0, seconds=6.0)
    (group,) = json.loads(capsys.readouterr().out)["_aws"]["CloudWatchMetrics"]
    assert {len(group["Metrics"])} == {USAGE["run"]["function_metrics"][kind] for kind in ("full", "unchanged")}


def test_dpu_seconds_that_are_measured_are_those_that_are_billed(stack: Stack) -> None:
    substitutions = stack.properties("StateMachine")["DefinitionSubstitutions"]
    assert {dpus(stack.properties(job)) for job in tables.JOBS} == {substitutions["JobDpus"]}


# ---------------------------------------------------------------- a run


def test_full_run_costs_what_one_computes_by_hand(stack: Stack) -> None:
    costs = usd(run(stack, "full"))
    assert costs["ConvertParquetJob: 2 DPU x 60 s"] == pytest.approx(0.014667, abs=1e-6)  # 2 x 60 / 3600 x 0.44
    assert costs["GlueTransformJob: 2 DPU x 60 s"] == pytest.approx(0.014667, abs=1e-6)
    assert costs["Crawler: 2 DPU x 600 s"] == pytest.approx(0.146667, abs=1e-6)  # 2 x 600 / 3600 x 0.44
    assert costs["DownloadFunction: 1.73 GB x 6 s"] == pytest.approx(0.000173, abs=1e-6)  # 1769 / 1024 x 6 x 1.66667e-5
    assert costs["StateMachine"] == pytest.approx(0.001075, abs=1e-6)  # 43 x 0.000025
    assert costs["ReportFunction: 1.73 GB x 5 s"] == pytest.approx(0.000144, abs=1e-6)  # 1769 / 1024 x 5 x 1.66667e-5
    assert costs["ReportFunction: a query"] == pytest.approx(0.000050, abs=1e-9)  # 10 MB x 5 / 1 TB
    assert costs["VerifySnapshot"] == pytest.approx(0.000050, abs=1e-9)  # 10 MB x 5 / 1 TB
    assert costs["DataBucket: writes"] == pytest.approx(0.000920, abs=1e-6)  # 184 x 0.000005
    assert costs["Logs"] == pytest.approx(0.005053, abs=1e-6)  # 10.106 MB x 0.5 / GB
    assert costs["Metrics, each for one hour"] == pytest.approx(0.003750, abs=1e-6)  # 9 / 720 x 0.3
    assert costs["Metrics, calls that put them"] == pytest.approx(0.000010, abs=1e-9)
    assert costs["DataKey: requests"] == pytest.approx(0.001149, abs=1e-6)  # 383 x 0.000003
    assert total(run(stack, "full")) == pytest.approx(0.188544, abs=2e-6)


def test_what_is_expected_of_a_run_is_computed_by_hand(stack: Stack) -> None:
    costs = usd(run(stack, "full", "expected"))
    assert costs["ConvertParquetJob: 2 DPU x 83 s"] == pytest.approx(0.020289, abs=1e-6)  # 2 x 83 / 3600 x 0.44
    assert costs["GlueTransformJob: 2 DPU x 83 s"] == pytest.approx(0.020289, abs=1e-6)
    assert costs["Crawler: 2 DPU x 600 s"] == pytest.approx(0.146667, abs=1e-6)  # 195 s, billed as ten minutes
    assert costs["DownloadFunction: 1.73 GB x 90 s"] == pytest.approx(0.002591, abs=1e-6)
    assert costs["StateMachine"] == pytest.approx(0.001775, abs=1e-6)  # 71 x 0.000025
    # Two jobs of 23 s more, 84 s more of the function and its /tmp, 28 states more.
    more = total(run(stack, "full", "expected")) - total(run(stack, "full"))
    assert more == pytest.approx(0.011244 + 0.002419 + 0.000004 + 0.000700, abs=2e-6)
    assert run(stack, "unchanged", "expected") == run(stack, "unchanged")


def test_what_is_expected_tells_its_source() -> None:
    for name, each in USAGE["run"].items():
        if "expected" in each:
            assert "expected: " in each["from"] or "middle" in each["from"], name
            assert each["expected"] >= each["full"], name


def test_page_tells_a_run_by_two_amounts(stack: Stack) -> None:
    assert "| a run that computes everything | 0.18854 | 0.20291 |" in tables.summary(stack)
    assert "| ConvertParquetJob | 2 DPU x 60 s | 0.01467 | 2 DPU x 83 s | 0.02029 |" in tables.tables(stack)["full run"]


def test_run_that_finds_nothing_new_starts_no_glue_and_one_query(stack: Stack) -> None:
    prices = {line.price for line in run(stack, "unchanged")}
    assert not prices & {"glue_dpu_hour", "glue_crawler_dpu_hour"}
    assert usd(run(stack, "unchanged"))["CountForReaders"] == pytest.approx(0.000050, abs=1e-9)  # 10 MB x 5 / 1 TB
    # States 8 x 0.000025, the query, function 0.000029, metrics 3 / 720 x 0.3 and their call 0.000010, log 0.000013,
    # S3 6 x 0.000005 and 8 x 0.0000004, key 14 x 0.000003, rest 0.000012
    assert total(run(stack, "unchanged")) == pytest.approx(0.001639, abs=2e-6)


def test_state_machine_is_billed_by_the_states_of_the_run(stack: Stack) -> None:
    assert stack.path("unchanged") == [
        "DownloadCSV",
        "IsThereSomethingNew",
        "CountForReaders",
        "ReadCountForReaders",
        "DoReadersSeeAllRows",
        "MeasureNothingNew",
        "WasItPublishedAgain",
        "NothingNew",
    ]
    assert stack.transitions("unchanged") == 8
    # 23 states, and five more looks at the crawler (90 s at 15 s) of four states each; 195 s are 13 looks.
    assert stack.path("full")[-1] == "Published"
    assert len(stack.path("full")) == 23
    assert stack.transitions("full") == 43
    assert stack.transitions("full", "expected") == 43 + 7 * 4


def test_looking_at_the_crawler_more_often_takes_more_transitions(stack: Stack) -> None:
    often = Stack(stack.template, stack.definition, CrawlerPollSeconds=5)  # 18 looks in 90 s, not 6
    assert often.transitions("full") == stack.transitions("full") + 12 * 4


def test_job_that_registers_its_partitions_saves_the_crawl_and_its_states(stack: Stack) -> None:
    job = Stack(stack.template, stack.definition, CatalogRefresh="Job")
    assert "glue_crawler_dpu_hour" not in quantities(run(job, "full"))
    # ReadLastCrawl, RefreshCatalog and six looks of four states (the last without CountWait) are not entered.
    assert job.transitions("full") == stack.transitions("full") - 2 - 6 * 4 + 1
    # The crawl, 0.146667, and 25 transitions at 0.000025: 78 % of the least, 73 % of what is expected.
    assert total(run(stack, "full")) - total(run(job, "full")) == pytest.approx(0.147292, abs=1e-6)


def test_choice_that_usage_does_not_know_is_named(stack: Stack) -> None:
    definition = copy.deepcopy(stack.definition)
    definition["States"]["DownloadCSV"]["Next"] = "IsItMonday"
    definition["States"]["IsItMonday"] = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.day", "StringEquals": "Monday", "Next": "IsThereSomethingNew"}],
        "Default": "NothingNew",
    }
    with pytest.raises(LookupError, match=r"IsItMonday leads to one of .*IsThereSomethingNew.*NothingNew"):
        Stack(stack.template, definition).path("full")


def test_three_more_workers_cost_their_dpus_for_a_minute_in_each_job(stack: Stack) -> None:
    jobs = ("ConvertParquetJob", "GlueTransformJob")
    more = stack.with_properties(jobs, NumberOfWorkers=5)
    assert run(more, "full") == run(Stack(stack.template, stack.definition, GlueWorkers=5), "full")
    # 2 jobs x 3 DPU x 60 / 3600 h x 0.44
    assert total(run(more, "full")) - total(run(stack, "full")) == pytest.approx(0.044)
    assert total(run(stack.with_properties(jobs, WorkerType="G.2X"), "full")) - total(
        run(stack, "full")
    ) == pytest.approx(2 * 2 * 60 / 3600 * 0.44)


def test_flex_has_a_price_of_its_own(stack: Stack) -> None:
    flex = stack.with_properties(["ConvertParquetJob"], ExecutionClass="FLEX")
    assert usd(run(flex, "full"))["ConvertParquetJob: 2 DPU x 60 s"] == pytest.approx(2 * 60 / 3600 * 0.29)


# ---------------------------------------------------------------- a month


def test_month_of_changes_is_thirty_runs_and_what_they_leave(stack: Stack) -> None:
    thirty = quantities(month(stack, 30))
    assert thirty["glue_crawler_dpu_hour"] == pytest.approx(10)  # 30 x 2 / 6
    assert thirty["glue_dpu_hour"] == pytest.approx(2)  # 30 x 2 x 2 / 60
    one = quantities(month(stack, 1))
    assert one["step_functions_transition"] == 43 + 29 * 8
    assert one["lambda_request"] == 31


def test_snapshots_kept_and_versions_that_linger_are_stored(stack: Stack) -> None:
    (line,) = [line for line in standing(stack, 1) if line.price == "s3_gb_month"]
    assert line.quantity == pytest.approx(0.439232 + 0.000332 + 0.081603, abs=1e-5)
    kept = Stack(stack.template, stack.definition, KeepSnapshots=1)
    (line,) = [line for line in standing(kept, 30) if line.price == "s3_gb_month"]
    assert line.quantity == pytest.approx(30 * (0.439232 + 0.000332) + (2 + 7) * 0.081603, abs=1e-4)


def test_free_tier_is_taken_off_once_for_all_lines_of_a_price() -> None:
    lines = [Line("a", "step_functions_transition", 3000), Line("b", "step_functions_transition", 5000)]
    assert sum(after_free_tier(lines)) == pytest.approx(4000 * 0.000025)  # 8,000 less 4,000
    assert after_free_tier([Line("a", "step_functions_transition", 4000)]) == [0]
    assert after_free_tier([Line("a", "glue_dpu_hour", 1)]) == [0.44]


# ---------------------------------------------------------------- a query, a bad day


def test_query_pays_for_ten_megabytes_at_least() -> None:
    assert query_line("", 1_239_717).usd == pytest.approx(0.00005)
    assert query_line("", 81_540_606).usd == pytest.approx(0.000408, abs=1e-6)


def test_alarms_are_billed_by_the_metrics_that_they_watch(stack: Stack) -> None:
    assert quantities(standing(stack, 1))["alarm_metric_month"] == 6
    two = [{"Id": "a", "MetricStat": {}}, {"Id": "b", "MetricStat": {}}, {"Id": "c", "Expression": "a / b"}]
    assert quantities(standing(stack.with_properties(["DeadLettersAlarm"], Metrics=two), 1))["alarm_metric_month"] == 7


def test_month_without_runs_costs_the_key_and_what_is_stored(stack: Stack) -> None:
    lines = standing(stack, 1)
    assert total(lines) == pytest.approx(1 + 0.0120 + 6 * 0.1 + 3, abs=1e-4)
    assert sum(after_free_tier(lines)) == pytest.approx(1.0120, abs=1e-4)


def test_worst_day_is_bounded_by_the_timeouts(stack: Stack) -> None:
    bounds = tables.bounds(stack)
    assert "`ConvertParquetJob` hangs until its Timeout, 30 minutes | 0.44000 |" in bounds
    assert "stops waiting, after 60 minutes | 0.88000 |" in bounds
    shorter = tables.bounds(stack.with_properties(["ConvertParquetJob"], Timeout=15))
    assert "`ConvertParquetJob` hangs until its Timeout, 15 minutes | 0.22000 |" in shorter
