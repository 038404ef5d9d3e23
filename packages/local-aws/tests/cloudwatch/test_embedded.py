"""The embedded metric format, read from log lines."""

import datetime
import json
from typing import Any

import pytest

from local_aws.cloudwatch.embedded import InvalidFormatError, datapoints

MOMENT = datetime.datetime(2026, 11, 24, 8, 0, 0, 500_000)
MILLISECONDS = 1_795_507_200_500


def line(*directives: dict[str, Any], timestamp: Any = MILLISECONDS, **members: Any) -> str:
    return json.dumps({"_aws": {"Timestamp": timestamp, "CloudWatchMetrics": list(directives)}, **members})


def directive(*metrics: dict[str, Any], dimensions: list[list[str]] | None = None) -> dict[str, Any]:
    return {"Namespace": "shop", "Dimensions": dimensions or [["Stack"]], "Metrics": list(metrics)}


ROWS = {"Name": "rows", "Unit": "Count"}


def test_a_line_gives_each_metric_for_each_set_of_dimensions() -> None:
    two = directive(ROWS, {"Name": "seconds"}, dimensions=[["Stack"], ["Stack", "Stage"]])
    found = datapoints(line(two, Stack="s", Stage="convert", rows=3, seconds=[1.5, 2]))
    stack, stage = {"Name": "Stack", "Value": "s"}, {"Name": "Stage", "Value": "convert"}
    rows = {"MetricName": "rows", "Timestamp": MOMENT, "Unit": "Count", "Values": [3.0]}
    seconds = {"MetricName": "seconds", "Timestamp": MOMENT, "Unit": "None", "Values": [1.5, 2.0]}
    assert found == [
        ("shop", {**rows, "Dimensions": [stack]}),
        ("shop", {**seconds, "Dimensions": [stack]}),
        ("shop", {**rows, "Dimensions": [stack, stage]}),
        ("shop", {**seconds, "Dimensions": [stack, stage]}),
    ]


@pytest.mark.parametrize(
    "text",
    ["plain", '{"message": "json"}', '{"_aws" broken', '["_aws"]', 'said "_aws" in passing'],
    ids=["plain", "json", "broken", "list", "word"],
)
def test_other_lines_give_nothing(text: str) -> None:
    assert datapoints(text) == []


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        pytest.param(line(directive(ROWS), rows=1), "the dimension Stack is not a string", id="no-dimension"),
        pytest.param(line(directive(ROWS), Stack=7, rows=1), "dimension Stack is not a string", id="number-dimension"),
        pytest.param(line(directive(ROWS), Stack="s"), "the metric rows is neither a number", id="no-metric"),
        pytest.param(
            line(directive(ROWS), Stack="s", rows="3"), "the metric rows is neither a number", id="text-metric"
        ),
        pytest.param(
            line(directive(ROWS), Stack="s", rows=True), "the metric rows is neither a number", id="bool-metric"
        ),
        pytest.param(line(directive(ROWS), Stack="s", rows=[1] * 101), "rows has 101 values", id="many-values"),
        pytest.param(line(directive(ROWS), timestamp="now", Stack="s", rows=1), "Timestamp", id="no-time"),
        pytest.param(line({"Metrics": [ROWS]}, rows=1), "without Namespace", id="no-namespace"),
        pytest.param(line(directive(*[ROWS] * 101), Stack="s", rows=1), "101 metrics", id="many-metrics"),
    ],
)
def test_a_line_that_does_not_comply_says_where(text: str, reported: str) -> None:
    with pytest.raises(InvalidFormatError, match=reported):
        datapoints(text)
