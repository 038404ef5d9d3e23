"""A schedule fires when it is told to: nothing here starts by itself.

What it delivers, with whose rights, and what becomes of it when it can't be delivered, is as on AWS:
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError
from moto.scheduler.models import Schedule, scheduler_backends

from local_aws.core import clock
from local_aws.core.errors import LocalAwsError
from local_aws.core.world import ACCOUNT, World
from local_aws.iam.roles import RoleNotTakenError, take_role

DEFAULT_RETRIES = 185
"""MaximumRetryAttempts where a RetryPolicy does not say."""


@dataclass(frozen=True)
class Delivery:
    """What became of one occurrence of a schedule.

    `execution` is the ARN of the execution that it started. Else `error` has the target's error code and message, and
    `dead_letter` is the id of the message in the dead-letter queue, None where there is no such queue or `lost` says
    why the message did not get there.
    """

    execution: str | None = None
    error: tuple[str, str] | None = None
    dead_letter: str | None = None
    lost: str | None = None


def fire(world: World, name: str, group: str = "default") -> Delivery | None:
    """Let a schedule fire once; None for a DISABLED one, which does nothing.

    Failed deliveries are tried again at once, as often as the RetryPolicy says. Raises LocalAwsError where the target
    is no state machine, and moto's error for a schedule that does not exist.
    """
    schedule = scheduler_backends[ACCOUNT][world.region].get_schedule(group, name)
    if schedule.state != "ENABLED":
        return None
    if ":stateMachine:" not in schedule.target["Arn"]:
        raise LocalAwsError(
            f"the local AWS lets schedules fire at state machines only, not at {schedule.target['Arn']}"
        )
    return _Occurrence(world, schedule).deliver()


class _Occurrence:
    """One time at which a schedule fires."""

    def __init__(self, world: World, schedule: Schedule) -> None:
        self._world = world
        self._schedule = schedule
        self._target: Mapping[str, Any] = schedule.target
        self._id = str(uuid.uuid4())
        self._time = f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"

    def deliver(self) -> Delivery:
        """Start the execution, or leave the event in the dead-letter queue."""
        retries = int((self._target.get("RetryPolicy") or {}).get("MaximumRetryAttempts", DEFAULT_RETRIES))
        error = ("", "")
        for attempt in range(retries + 1):
            try:
                states = self._client("stepfunctions")
                started = states.start_execution(stateMachineArn=self._target["Arn"], input=self._input(attempt + 1))
                return Delivery(execution=started["executionArn"])
            except (ClientError, RoleNotTakenError) as failed:
                error = _told(failed)
        return self._give_up(error, retries)

    def _client(self, service: str) -> Any:
        # AWS names the group here, so that a role can be limited to the schedules of one.
        source = f"arn:aws:scheduler:{self._world.region}:{ACCOUNT}:schedule-group/{self._schedule.group_name}"
        granted = take_role(self._world, self._target["RoleArn"], "scheduler", "scheduler", source)
        return self._world.client(service, granted, Config(retries={"total_max_attempts": 1}))

    def _input(self, attempt: int) -> str:
        """The target's input, with Scheduler's own attributes put in."""
        attributes = {
            "schedule-arn": self._schedule.arn,
            "scheduled-time": self._time,
            "execution-id": self._id,
            "attempt-number": str(attempt),
        }
        text = str(self._target.get("Input") or "{}")
        for name, value in attributes.items():
            text = text.replace(f"<aws.scheduler.{name}>", value)
        return text

    def _give_up(self, error: tuple[str, str], retries: int) -> Delivery:
        queue = (self._target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue:
            return Delivery(error=error)
        attributes = {
            "ERROR_CODE": error[0],
            "ERROR_MESSAGE": error[1],
            "EXECUTION_ID": self._id,
            "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": str(retries),
            "SCHEDULED_TIME": self._time,
            "SCHEDULE_ARN": self._schedule.arn,
            "TARGET_ARN": self._target["Arn"],
        }
        body = json.dumps({"Input": self._input(retries + 1), "StateMachineArn": self._target["Arn"]})
        try:
            sent = self._client("sqs").send_message(
                QueueUrl=f"{self._world.endpoint}/{ACCOUNT}/{queue.rsplit(':', 1)[-1]}",
                MessageBody=body,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            )
        except (ClientError, RoleNotTakenError) as failed:
            return Delivery(error=error, lost=": ".join(_told(failed)))
        return Delivery(error=error, dead_letter=sent["MessageId"])


def _told(failed: ClientError | RoleNotTakenError) -> tuple[str, str]:
    """Code and message of an error."""
    if isinstance(failed, RoleNotTakenError):
        return "AccessDeniedException", str(failed)
    error = failed.response["Error"]
    return str(error["Code"]), str(error.get("Message"))
