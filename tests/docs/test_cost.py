"""What docs/cost.md says is what the template costs: amounts by hand, at the prices of 2026-11."""

from __future__ import annotations

import copy

import pytest

from docs.cost import tables
from docs.cost.cost import PRICES, Line, after_free_tier, month, query_line, run, standing, total
from docs.cost.stack import USAGE, Stack


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


# ---------------------------------------------------------------- a run


def test_full_run_costs_what_one_computes_by_hand(stack: Stack) -> None:
    costs = usd(run(stack, "full"))
    assert costs["ConvertParquetJob: 2 DPU x 60 s"] == pytest.approx(0.014667, abs=1e-6)  # 2 x 60 / 3600 x 0.44
    assert costs["GlueTransformJob: 2 DPU x 60 s"] == pytest.approx(0.014667, abs=1e-6)
    assert costs["Crawler: 2 DPU x 600 s"] == pytest.approx(0.146667, abs=1e-6)  # 2 x 600 / 3600 x 0.44
    assert costs["DownloadFunction: 1.73 GB x 6 s"] == pytest.approx(0.000173, abs=1e-6)  # 1769 / 1024 x 6 x 1.66667e-5
    assert costs["StateMachine"] == pytest.approx(0.000850, abs=1e-6)  # 34 x 0.000025
    assert costs["VerifySnapshot"] == pytest.approx(0.000050, abs=1e-9)  # 10 MB x 5 / 1 TB
    assert costs["DataBucket: writes"] == pytest.approx(0.000875, abs=1e-6)  # 175 x 0.000005
    assert costs["Logs"] == pytest.approx(0.005045, abs=1e-6)  # 10.09 MB x 0.5 / GB
    assert total(run(stack, "full")) == pytest.approx(0.1839, abs=1e-4)


def test_run_that_finds_nothing_new_starts_no_glue_and_no_query(stack: Stack) -> None:
    prices = {line.price for line in run(stack, "unchanged")}
    assert not prices & {"glue_dpu_hour", "glue_crawler_dpu_hour", "athena_terabyte", "s3_write"}
    assert total(run(stack, "unchanged")) == pytest.approx(0.0010, abs=1e-4)


def test_state_machine_is_billed_by_the_states_of_the_run(stack: Stack) -> None:
    assert stack.path("unchanged") == [
        "FindRunningExecutions",
        "AnyRunningExecutionListed",
        "FindOldestExecution",
        "IsThisTheOldestExecution",
        "DownloadCSV",
        "IsThereSomethingNew",
        "NothingNew",
    ]
    assert stack.transitions("unchanged") == 7
    # 22 states, and three more looks at the crawler (60 s at 15 s) of four states each.
    assert stack.path("full")[-1] == "Published"
    assert len(stack.path("full")) == 22
    assert stack.transitions("full") == 34


def test_looking_at_the_crawler_more_often_takes_more_transitions(stack: Stack) -> None:
    often = Stack(stack.template, stack.definition, CrawlerPollSeconds=5)  # 12 looks in 60 s, not 4
    assert often.transitions("full") == stack.transitions("full") + 8 * 4


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
    assert one["step_functions_transition"] == 34 + 29 * 7
    assert one["lambda_request"] == 30


def test_snapshots_kept_and_versions_that_linger_are_stored(stack: Stack) -> None:
    (line,) = [line for line in standing(stack, 1) if line.price == "s3_gb_month"]
    assert line.quantity == pytest.approx(0.439927 + 0.107925, abs=1e-5)
    kept = Stack(stack.template, stack.definition, KeepSnapshots=1)
    rules = stack.properties("DataBucket")["LifecycleConfiguration"]["Rules"]
    lingering = max(rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays", 0) for rule in rules)
    (line,) = [line for line in standing(kept, 30) if line.price == "s3_gb_month"]
    assert line.quantity == pytest.approx(30 * 0.439927 + (1 + lingering) * 0.107925, abs=1e-4)


def test_free_tier_is_taken_off_once_for_all_lines_of_a_price() -> None:
    lines = [Line("a", "step_functions_transition", 3000), Line("b", "step_functions_transition", 5000)]
    assert sum(after_free_tier(lines)) == pytest.approx(4000 * 0.000025)  # 8,000 less 4,000
    assert after_free_tier([Line("a", "step_functions_transition", 4000)]) == [0]
    assert after_free_tier([Line("a", "glue_dpu_hour", 1)]) == [0.44]


# ---------------------------------------------------------------- a query, a bad day


def test_query_pays_for_ten_megabytes_at_least() -> None:
    assert query_line("", 2_121_427).usd == pytest.approx(0.00005)
    assert query_line("", 107_860_334).usd == pytest.approx(0.000539, abs=1e-6)


def test_worst_day_is_bounded_by_the_timeouts(stack: Stack) -> None:
    bounds = tables.bounds(stack)
    assert "`ConvertParquetJob` hangs until its Timeout, 30 minutes | 0.440000 |" in bounds
    assert "gives it up, after 60 minutes | 0.880000 |" in bounds
    shorter = tables.bounds(stack.with_properties(["ConvertParquetJob"], Timeout=15))
    assert "`ConvertParquetJob` hangs until its Timeout, 15 minutes | 0.220000 |" in shorter
