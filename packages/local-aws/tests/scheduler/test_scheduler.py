"""A schedule fires with its role's rights; what it can't deliver goes to its dead-letter queue."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local_aws.core.errors import LocalAwsError
from local_aws.iam import authorizer as iam
from local_aws.scheduler.firing import fire
from local_aws.stepfunctions import provider as state_machines
from local_aws_harness.keys import ACCOUNT_DECIDES, make_key
from local_aws_harness.machines import Machines, one
from local_aws_harness.roles import allow
from local_aws_harness.served import Served, document, serve

QUEUE = "arn:aws:sqs:us-east-1:123456789012:dead"


class Schedules:
    """A machine, a dead-letter queue encrypted with a key, and schedules for them."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.machines = Machines(served)
        self.machine = self.machines.create(one({"Type": "Pass"}))
        self.key = make_key(served, ACCOUNT_DECIDES)
        self.sqs = served.client("sqs")
        self.url = self.sqs.create_queue(QueueName="dead", Attributes={"KmsMasterKeyId": self.key})["QueueUrl"]
        self.starting = allow("states:StartExecution", self.machine)
        self.burying = [allow("sqs:SendMessage", QUEUE), allow(["kms:GenerateDataKey", "kms:Decrypt"], self.key)]

    def make(self, name: str, *statements: dict[str, Any], state: str = "ENABLED", **target: Any) -> str:
        """The ARN of a new schedule with a role of its own."""
        defaults = {
            "Arn": self.machine,
            "RoleArn": self.served.role(name, "scheduler", *statements),
            "Input": '{"at": "<aws.scheduler.scheduled-time>"}',
            "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600},
            "DeadLetterConfig": {"Arn": QUEUE},
        }
        arn: str = self.served.client("scheduler").create_schedule(
            Name=name,
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            State=state,
            Target={key: value for key, value in {**defaults, **target}.items() if value is not None},
        )["ScheduleArn"]
        return arn

    def executions(self) -> int:
        return len(self.machines.sfn.list_executions(stateMachineArn=self.machine)["executions"])

    def dead_letters(self) -> list[dict[str, Any]]:
        received = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
        for message in received:
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return list(received)


@pytest.fixture(scope="module")
def schedules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Schedules]:
    with serve(tmp_path_factory.mktemp("world"), state_machines.install, iam.install) as served:
        yield Schedules(served)


def test_a_schedule_starts_its_state_machine_with_its_input(schedules: Schedules) -> None:
    schedules.make("daily", schedules.starting)
    delivered = fire(schedules.served.world, "daily")
    assert delivered is not None
    assert delivered.execution is not None
    reported = schedules.machines.ended(delivered.execution)
    assert reported["status"] == "SUCCEEDED"
    assert json.loads(reported["input"])["at"].endswith("Z")
    assert schedules.dead_letters() == []


def test_a_disabled_schedule_does_nothing(schedules: Schedules) -> None:
    schedules.make("disabled", schedules.starting, state="DISABLED")
    before = schedules.executions()
    assert fire(schedules.served.world, "disabled") is None
    assert schedules.executions() == before


def test_what_is_refused_goes_to_the_dead_letters_with_why(schedules: Schedules) -> None:
    arn = schedules.make("refused", *schedules.burying)
    before = schedules.executions()
    delivered = fire(schedules.served.world, "refused")
    assert delivered is not None
    assert delivered.dead_letter
    assert schedules.executions() == before
    (letter,) = schedules.dead_letters()
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert "is not authorized to perform: states:StartExecution" in attributes.pop("ERROR_MESSAGE")
    assert attributes.pop("EXECUTION_ID")
    assert attributes.pop("SCHEDULED_TIME").endswith("Z")
    assert attributes == {
        "ERROR_CODE": "AccessDeniedException",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "2",
        "SCHEDULE_ARN": arn,
        "TARGET_ARN": schedules.machine,
    }
    assert json.loads(letter["Body"])["StateMachineArn"] == schedules.machine


def test_a_machine_that_is_gone_is_told_too(schedules: Schedules) -> None:
    gone = f"{schedules.machine}-gone"
    schedules.make("gone", allow("states:StartExecution", gone), *schedules.burying, Arn=gone)
    delivered = fire(schedules.served.world, "gone")
    assert delivered is not None
    assert delivered.error is not None
    assert delivered.error[0] == "StateMachineDoesNotExist"
    assert len(schedules.dead_letters()) == 1


@pytest.mark.parametrize(
    ("name", "kept", "missing"),
    [("no-queue", 1, "sqs:SendMessage"), ("no-key", 0, "kms:GenerateDataKey")],
)
def test_dead_letters_need_the_queue_and_its_key(schedules: Schedules, name: str, kept: int, missing: str) -> None:
    schedules.make(name, schedules.burying[kept])
    delivered = fire(schedules.served.world, name)
    assert delivered is not None
    assert delivered.lost is not None
    assert f"is not authorized to perform: {missing}" in delivered.lost
    assert schedules.dead_letters() == []


def test_without_a_dead_letter_queue_the_event_is_gone(schedules: Schedules) -> None:
    schedules.make("no-letters", DeadLetterConfig=None)
    delivered = fire(schedules.served.world, "no-letters")
    assert delivered is not None
    assert (delivered.execution, delivered.dead_letter, delivered.lost) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "key", "value", "taken"),
    [
        ("for-group", "aws:SourceArn", "arn:aws:scheduler:us-east-1:123456789012:schedule-group/default", True),
        ("for-other-group", "aws:SourceArn", "arn:aws:scheduler:us-east-1:123456789012:schedule-group/other", False),
        ("for-account", "aws:SourceAccount", "123456789012", True),
        ("for-other-account", "aws:SourceAccount", "210987654321", False),
    ],
)
def test_its_role_must_trust_the_scheduler_for_this_group(
    schedules: Schedules, name: str, key: str, value: str, taken: bool
) -> None:
    schedules.make(name, schedules.starting, *schedules.burying)
    statement = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps(document({**statement, "Condition": {"StringEquals": {key: value}}}))
    schedules.served.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    delivered = fire(schedules.served.world, name)
    assert delivered is not None
    assert (delivered.execution is not None) is taken
    # The queue is out of reach too: the letter would be sent with the same role.
    assert (delivered.lost is None) is taken


def test_another_target_is_refused_by_name(schedules: Schedules) -> None:
    schedules.make("function", Arn="arn:aws:lambda:us-east-1:123456789012:function:f")
    with pytest.raises(LocalAwsError, match="state machines only, not at arn:aws:lambda"):
        fire(schedules.served.world, "function")
