"""The checks of a deployed stack, on the real template after a real run; then each with what it checks broken."""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.sns.models import sns_backends
from rich.console import Console
from typer.testing import CliRunner

from local_aws.cloudformation.deploy import deploy
from local_aws.core import clock
from local_aws.core.world import ACCOUNT
from local_aws.server import LocalAws
from mhealth_ops.cli import app
from mhealth_ops.kaggle.synthetic import write_dataset
from mhealth_ops.local.stack import local_stack
from mhealth_ops.operations.checks import (
    Check,
    Verdict,
    alarms,
    bytes_of_one_subject,
    checks,
    rows_of_the_view,
    schedule,
    subscription,
)
from mhealth_ops.operations.executions import Ended
from mhealth_ops.operations.queries import ask, named_query
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.operations.verify import verify
from mhealth_ops.project import TEMPLATE
from tests.suite.kept import kept_spark

pytestmark = [pytest.mark.local_aws, pytest.mark.story]

ROWS = (900, 800, 6000, 6000)  # the third walks; and is, in the columns of its query, less than a tenth of all
ENDED = Ended("SUCCEEDED", 1.0, {"outcome": "unchanged", "message": "same"}, "", "")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    folder = tmp_path_factory.mktemp("verify")
    write_dataset(folder / "dataset", rows=ROWS)
    with (
        local_stack(str(folder / "dataset"), folder=folder / "world", spark=kept_spark()) as aws,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", "any")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "any")
        yield aws
    clock.reset()


@pytest.fixture(scope="module")
def session(aws: LocalAws) -> boto3.Session:
    return boto3.Session(region_name=aws.region)


@pytest.fixture
def stack(session: boto3.Session) -> Stack:
    return Stack.named("mhealth", session)


@pytest.fixture(scope="module")
def first(session: boto3.Session) -> tuple[bool, str]:
    """The first run: whether it was verified, and what was shown."""
    shown = io.StringIO()
    holds = verify(Console(file=shown, width=120), Stack.named("mhealth", session))
    return holds, shown.getvalue()


def verdicts(shown: str) -> dict[str, str]:
    """Check -> verdict, as they were printed."""
    lines = re.findall(r"^  (ok|warning|FAILED) +(.+?)  +expected .+; found .+$", shown, re.MULTILINE)
    return {name: verdict for verdict, name in lines}


def test_first_run_of_a_sound_stack_is_verified(first: tuple[bool, str]) -> None:
    holds, shown = first
    assert holds
    found = verdicts(shown)
    # CloudWatch looks at the freshness alarm at full hours only: one may have struck since the run.
    assert found.pop("alarms") in {"warning", "ok"}
    assert found == {
        "execution": "ok",
        "query RowsPerSubject": "ok",
        "query WalkingMinutes": "ok",
        "query MinutesPerActivity": "ok",
        "rows of the view": "ok",
        "bytes of one subject": "ok",
        "who is told": "warning",
        "schedule": "ok",
    }
    assert re.search(r"expected 13,700 of snapshot \d{14}, by its manifest; found 13,700 of snapshot", shown)
    assert "make deploy PARAMETERS=AlarmEmail=" in shown
    reported = re.findall(r"^  (\w+) +[\d.]+ s  ", shown, re.MULTILINE)
    assert reported[0] == "DownloadCSV"
    assert reported[-1] == "WriteReport"


def test_a_run_that_finds_nothing_new_is_verified_too(first: tuple[bool, str]) -> None:
    done = CliRunner().invoke(app, ["verify", "--aws", "--stack", "mhealth", "--region", "us-east-1"])
    assert done.exit_code == 0, done.output
    assert "SUCCEEDED, nothing new" in done.output


def test_a_failed_run_is_told_with_its_error(first: tuple[bool, str], aws: LocalAws, tmp_path: Path) -> None:
    dataset = aws.world.folder.parent / "dataset"
    for file in dataset.glob("*.log"):
        file.rename(tmp_path / file.name)
    done = CliRunner().invoke(app, ["verify", "--aws", "--region", "us-east-1"])
    for file in tmp_path.glob("*.log"):
        file.rename(dataset / file.name)
    assert done.exit_code == 1
    assert "FAILED NoUsableFiles" in done.output
    # Readers keep the snapshot of before.
    assert verdicts(done.output)["rows of the view"] == "ok"


def test_a_run_that_left_the_work_to_another_is_no_proof(first: tuple[bool, str], stack: Stack) -> None:
    ended = dataclasses.replace(ENDED, output={"outcome": "another execution is running", "message": "arn"})
    assert next(checks(stack, ended)).verdict is Verdict.FAILS


def publish(stack: Stack, snapshot: int) -> None:
    ask(stack, named_query(stack, "RollBack").statement.replace("YYYYMMDDHHMMSS", str(snapshot)))


@pytest.fixture
def published(first: tuple[bool, str], stack: Stack) -> Iterator[int]:
    """The snapshot that the run published; afterwards it is published again."""
    snapshot = int(stack.document("manifests/current.json")["snapshot"])
    yield snapshot
    publish(stack, snapshot)


def test_a_view_moved_to_a_snapshot_with_fewer_rows_is_found(stack: Stack, published: int) -> None:
    older = 20200101000000
    s3, glue, database = stack.session.client("s3"), stack.session.client("glue"), stack.outputs["DatabaseName"]
    target = f"processed/snapshot={older}/subject=1/"
    source = {"Bucket": stack.bucket, "Key": f"processed/snapshot={published}/subject=1/part-00000.parquet"}
    s3.copy_object(CopySource=source, Bucket=stack.bucket, Key=f"{target}part-00000.parquet")
    (table,) = glue.get_tables(DatabaseName=database, Expression="mhealth_snapshots")["TableList"]
    storage = {**table["StorageDescriptor"], "Location": f"s3://{stack.bucket}/{target}"}
    partition = {"Values": [str(older), "1"], "StorageDescriptor": storage}
    glue.create_partition(DatabaseName=database, TableName="mhealth_snapshots", PartitionInput=partition)
    assert rows_of_the_view(stack).verdict is Verdict.HOLDS
    publish(stack, older)
    check = rows_of_the_view(stack)
    assert check.verdict is Verdict.FAILS
    assert check.expected == f"a manifest of snapshot {older}"
    assert check.found == f"900 of snapshot {older}"
    assert f"RollBack with {published}" in check.advice


def test_a_view_that_shows_nothing_is_found_by_every_query(stack: Stack, published: int) -> None:
    publish(stack, 20190101000000)
    found = {check.name: check for check in checks(stack, ENDED)}
    broken = {name for name, check in found.items() if check.verdict is Verdict.FAILS}
    # The run that failed above sets off alarms as soon as CloudWatch's five minutes are over.
    assert broken - {"alarms"} == {
        "query RowsPerSubject",
        "query WalkingMinutes",
        "query MinutesPerActivity",
        "rows of the view",
    }


def test_a_view_that_is_gone_is_told_with_athenas_reason(stack: Stack, published: int) -> None:
    stack.session.client("glue").delete_table(DatabaseName=stack.outputs["DatabaseName"], Name="mhealth")
    found = {check.name: check for check in checks(stack, ENDED)}
    assert found["query RowsPerSubject"].verdict is Verdict.FAILS
    assert "mhealth" in found["query RowsPerSubject"].found
    assert found["bytes of one subject"].found == "no answer to WalkingMinutes"


def test_reading_every_column_of_a_subject_is_no_small_share(stack: Stack, published: int) -> None:
    check = bytes_of_one_subject(stack, ask(stack, "SELECT * FROM mhealth WHERE subject = 3"))
    assert check.verdict is Verdict.FAILS


def test_somebody_is_told_once_a_subscription_is_confirmed(stack: Stack) -> None:
    assert subscription(stack).verdict is Verdict.WARNING
    topic = stack.outputs["AlarmTopicArn"]
    sns = stack.session.client("sns")
    arn = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.org")["SubscriptionArn"]
    assert subscription(stack) == Check(
        "who is told", Verdict.HOLDS, "a confirmed subscription of the topic", "1 confirmed"
    )
    # moto confirms at once; SNS waits for the person.
    sns_backends[ACCOUNT]["us-east-1"].subscriptions[arn].arn = "PendingConfirmation"
    assert subscription(stack).found == "none confirmed, 1 pending"
    assert "link in the e-mail" in subscription(stack).advice


def test_a_schedule_switched_off_beside_the_stack_is_found(stack: Stack) -> None:
    scheduler: Any = stack.session.client("scheduler")
    assert schedule(stack).found == "ENABLED, cron(0 8 * * ? *) Asia/Tokyo"
    now = scheduler.get_schedule(Name=stack.outputs["ScheduleName"])
    kept = ("Name", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target")
    scheduler.update_schedule(**{name: now[name] for name in kept}, State="DISABLED")
    assert schedule(stack).verdict is Verdict.FAILS
    scheduler.update_schedule(**{name: now[name] for name in kept}, State="ENABLED")
    assert schedule(stack).verdict is Verdict.HOLDS


def test_alarms_that_a_failed_run_set_off_are_told_with_their_reasons(first: tuple[bool, str], stack: Stack) -> None:
    clock.move(timedelta(minutes=2))
    check = alarms(stack, ENDED)
    assert check.verdict is Verdict.FAILS
    assert re.search(
        r"in ALARM: DownloadErrorsAlarm: .+; ExecutionFailedAlarm: Threshold Crossed: 1 out of", check.found
    )


def test_alarms_are_off_again_an_hour_later(first: tuple[bool, str], stack: Stack) -> None:
    clock.move(timedelta(hours=1))
    check = alarms(stack, ENDED)
    assert (check.verdict, check.found) == (Verdict.HOLDS, "6 alarms, none in ALARM")


def test_freshness_from_before_a_good_run_is_a_warning_only(first: tuple[bool, str], stack: Stack) -> None:
    clock.move(timedelta(hours=28))
    assert alarms(stack, ENDED).verdict is Verdict.WARNING
    assert alarms(stack, dataclasses.replace(ENDED, status="FAILED")).verdict is Verdict.FAILS


def test_an_alarm_that_somebody_deleted_is_found(stack: Stack) -> None:
    cloudwatch = stack.session.client("cloudwatch")
    cloudwatch.delete_alarms(AlarmNames=[stack.resources["DeadLettersAlarm"].physical_id])
    check = alarms(stack, ENDED)
    assert (check.verdict, check.found) == (Verdict.FAILS, "missing: DeadLettersAlarm")


def test_a_schedule_that_is_off_by_its_parameter_is_a_warning(aws: LocalAws, session: boto3.Session) -> None:
    deploy(aws.world, template=TEMPLATE, stack_name="mhealth", parameters={"ScheduleState": "DISABLED"})
    check = schedule(Stack.named("mhealth", session))
    assert (check.verdict, check.expected) == (Verdict.WARNING, "DISABLED")
