"""Monitoring with the real template: metrics, alarms, dead letters, and their messages."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_aws.core import clock
from local_aws.scheduler.firing import fire
from local_aws.server import LocalAws
from mhealth_ops.kaggle.synthetic import write_dataset

from .conftest import Subscriber, World
from .project import Project, deployed

pytestmark = [pytest.mark.local_aws, pytest.mark.story]

ROWS = (60, 50)
MINUTE, HOUR = datetime.timedelta(minutes=1), datetime.timedelta(hours=1)


@dataclass
class Place:
    world: World
    aws: LocalAws
    dataset: Path
    reported: Callable[[], list[dict[str, Any]]]

    def alarms(self) -> dict[str, str]:
        """Logical id -> state of every alarm of the stack, evaluated now."""
        states = {each["AlarmName"]: each["StateValue"] for each in self._described()}
        return {name: states[physical] for name, physical in self.world.resources.items() if physical in states}

    def _described(self) -> list[dict[str, Any]]:
        described: list[dict[str, Any]] = self.world.client("cloudwatch").describe_alarms()["MetricAlarms"]
        return described

    def metric(self, name: str, statistic: str) -> list[float]:
        """The statistic of one of the pipeline's metrics over the last three days, empty without data.

        One period is the whole span: with shorter ones, what two runs put would be one datapoint or two, by the clock.
        """
        now = clock.now()
        points = self.world.client("cloudwatch").get_metric_statistics(
            Namespace="mhealth",
            MetricName=name,
            Dimensions=[{"Name": "Stack", "Value": "mhealth"}],
            StartTime=now - 72 * HOUR,
            EndTime=now + HOUR,
            Period=74 * 3600,  # an hour more, as the start is rounded down
            Statistics=[statistic],
        )["Datapoints"]
        return [point[statistic] for point in points]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder: Path = tmp_path_factory.mktemp("operation")
    write_dataset(folder / "dataset", rows=ROWS)
    clock.reset()
    with deployed(Project.copied(folder / "project"), folder / "dataset", folder / "world") as (world, aws):
        yield Place(world, aws, folder / "dataset", Subscriber(world).reported)
    clock.reset()


def test_a_run_that_publishes_is_measured(place: Place) -> None:
    log = place.dataset / "mHealth_subject1.log"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join([*lines[:-1], lines[-1].rsplit("\t", 1)[0] + "\t13\n"]))
    # One bad line of 110 is more than the default share allows; in the other file it is none.
    execution = place.world.execute()
    assert execution["error"] == "TooManyBadRows"
    log.write_text("".join(lines))
    place.world.publish()
    assert place.metric("RowsProcessed", "Sum") == [110]
    assert place.metric("RowsQuarantined", "Sum") == [0]
    assert place.metric("SnapshotConfirmed", "Sum") == [1]
    (convert,), (transform,) = place.metric("ConvertSeconds", "Sum"), place.metric("TransformSeconds", "Sum")
    assert 0 < convert < 120
    assert 0 < transform < 120
    # Two workers of one DPU each.
    assert place.metric("ConvertDPUSeconds", "Sum") == [2 * convert]
    assert place.metric("TransformDPUSeconds", "Sum") == [2 * transform]


def test_a_run_with_nothing_new_confirms_the_snapshot_and_tells_its_age(place: Place) -> None:
    place.world.execute()
    assert place.metric("SnapshotConfirmed", "Sum") == [2]
    (age,) = place.metric("PublishedSnapshotAge", "Maximum")
    assert 0 < age < 120


def test_a_failed_run_sets_off_its_alarms_and_nothing_else(place: Place) -> None:
    clock.move(6 * MINUTE)
    states = place.alarms()
    assert states.pop("FreshnessAlarm") in {"OK", "ALARM"}  # its first whole hour is not over
    assert states == {
        "ExecutionFailedAlarm": "ALARM",  # the first run of this story
        "ExecutionTimedOutAlarm": "OK",
        "DeadLettersAlarm": "OK",
        "DownloadErrorsAlarm": "OK",
        "ReportErrorsAlarm": "OK",
    }
    reported = place.reported()
    own = [message for message in reported if "state" in message]
    assert [(message["state"], message["error"]) for message in own] == [("ConvertParquet", "TooManyBadRows")]
    assert "mHealth_subject1.log" in own[0]["cause"]
    assert "line 60: " in own[0]["cause"]
    notices = [message for message in reported if message.get("NewStateValue") == "ALARM"]
    assert place.world.resources["ExecutionFailedAlarm"] in [notice["AlarmName"] for notice in notices]


def test_an_hour_later_all_is_well(place: Place) -> None:
    clock.move(HOUR)
    assert set(place.alarms().values()) == {"OK"}
    recovered = {notice["AlarmName"] for notice in place.reported() if notice.get("NewStateValue") == "OK"}
    assert place.world.resources["ExecutionFailedAlarm"] in recovered


def test_a_start_that_cannot_be_delivered_is_kept_and_told(place: Place) -> None:
    world = place.world
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "states:*", "Resource": "*"}]}
    named = {"RoleName": world.resources["ScheduleRole"], "PolicyName": "denied"}
    world.client("iam").put_role_policy(**named, PolicyDocument=json.dumps(policy))
    fire(place.aws.world, world.outputs["ScheduleName"])
    world.client("iam").delete_role_policy(**named)
    (letter,) = world.client("sqs").receive_message(
        QueueUrl=world.resources["ScheduleDeadLetters"], MessageAttributeNames=["All"], VisibilityTimeout=0
    )["Messages"]
    assert "states:StartExecution" in letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    clock.move(6 * MINUTE)
    assert place.alarms()["DeadLettersAlarm"] == "ALARM"
    (notice,) = [notice for notice in place.reported() if notice.get("NewStateValue") == "ALARM"]
    assert notice["AlarmName"] == world.resources["DeadLettersAlarm"]
    assert "ERROR_MESSAGE" in notice["AlarmDescription"]


def test_a_day_and_two_hours_without_a_good_run_are_told(place: Place) -> None:
    clock.move(20 * HOUR)
    assert place.alarms()["FreshnessAlarm"] == "OK"
    clock.move(9 * HOUR)
    assert place.alarms()["FreshnessAlarm"] == "ALARM"
    reported = [notice for notice in place.reported() if notice.get("NewStateValue") == "ALARM"]
    assert place.world.resources["FreshnessAlarm"] in [notice["AlarmName"] for notice in reported]


def test_the_dashboard_shows_metrics_that_exist(place: Place) -> None:
    cloudwatch = place.world.client("cloudwatch")
    body = cloudwatch.get_dashboard(DashboardName=place.world.resources["Dashboard"])["DashboardBody"]
    widgets = json.loads(body)["widgets"]
    exist = {metric["MetricName"] for metric in cloudwatch.list_metrics(Namespace="mhealth")["Metrics"]}
    shown: set[str] = set()
    for widget in widgets:
        namespace = None
        for metric in widget["properties"].get("metrics", []):
            if isinstance(metric[0], str):
                namespace = metric[0] if metric[0] != "." else namespace
                shown |= {metric[1]} if namespace == "mhealth" else set()
    assert shown == exist - {"SnapshotConfirmed"}  # that one is for the alarm
    (alarms,) = [widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm"]
    assert {arn.rsplit(":", 1)[1] for arn in alarms} == {
        physical for name, physical in place.world.resources.items() if name.endswith("Alarm")
    }
