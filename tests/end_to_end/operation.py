"""The alarms and metrics of a stack."""

from __future__ import annotations

import datetime
import json
from typing import Any

from local_aws.core import clock

from .conftest import World

MINUTE, HOUR = datetime.timedelta(minutes=1), datetime.timedelta(hours=1)


def alarms(world: World) -> dict[str, str]:
    """Logical id -> state of every alarm of the stack, evaluated now."""
    described = world.client("cloudwatch").describe_alarms()["MetricAlarms"]
    states = {each["AlarmName"]: each["StateValue"] for each in described}
    return {name: states[physical] for name, physical in world.resources.items() if physical in states}


def turned(state: str, notices: list[dict[str, Any]]) -> set[str]:
    """The alarms that told of this new state, by their name."""
    return {notice["AlarmName"] for notice in notices if notice.get("NewStateValue") == state}


def metric(world: World, name: str, statistic: str = "Sum") -> list[float]:
    """The statistic of one of the pipeline's metrics over the last three days, empty without data.

    One period is the whole span: with shorter ones, what two runs put would be one datapoint or two, by the clock.
    """
    now = clock.now()
    points = world.client("cloudwatch").get_metric_statistics(
        Namespace="mhealth",
        MetricName=name,
        Dimensions=[{"Name": "Stack", "Value": "mhealth"}],
        StartTime=now - 72 * HOUR,
        EndTime=now + HOUR,
        Period=74 * 3600,  # an hour more, as the start is rounded down
        Statistics=[statistic],
    )["Datapoints"]
    return [point[statistic] for point in points]


def on_the_dashboard(world: World) -> tuple[set[str], set[str]]:
    """The metrics and the alarms that the dashboard shows, by their names."""
    body = world.client("cloudwatch").get_dashboard(DashboardName=world.resources["Dashboard"])["DashboardBody"]
    widgets = json.loads(body)["widgets"]
    shown: set[str] = set()
    for widget in widgets:
        namespace = None
        for one in widget["properties"].get("metrics", []):
            if isinstance(one[0], str):
                namespace = one[0] if one[0] != "." else namespace
                shown |= {one[1]} if namespace == "mhealth" else set()
    (arns,) = [widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm"]
    return shown, {arn.rsplit(":", 1)[1] for arn in arns}
