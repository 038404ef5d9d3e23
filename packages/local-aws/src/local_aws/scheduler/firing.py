"""Firing of schedules on request: no schedule fires automatically.

Delivery, permissions and handling of failures are as on AWS:
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
"""The default of MaximumRetryAttempts."""


@dataclass(frozen=True)
class Delivery:
    """The result of firing a schedule.

    `execution` is the ARN of the started execution. Otherwise `error` has the target's error code and message, and
    `dead_letter` is the id of the message in the dead-letter queue, None without a queue or if `lost` says why the
    message could not be sent.
    """

    execution: str | None = None
    error: tuple[str, str] | None = None
    dead_letter: str | None = None
    lost: str | None = None


def fire(world: World, name: str, group: str = "default") -> Delivery | None:
    """Fire a schedule once; return None for a DISABLED one, which does nothing.

    Failed deliveries are retried immediately, by the RetryPolicy. Raises LocalAwsError if the target is not a state
    machine, and moto's error for a missing schedule.
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
    """An occurrence of a schedule."""

    def __init__(self, world: World, schedule: Schedule) -> None:
        self._world = world
        self._schedule = schedule
        self._target: Mapping[str, Any] = schedule.target
        self._id = str(uuid.uuid4())
        self._time = f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"

    def deliver(self) -> Delivery:
        """Start the execution, or send the event to the dead-letter queue."""
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
        # AWS uses the group, so that a role can be limited to the schedules of a group.
        source = f"arn:aws:scheduler:{self._world.region}:{ACCOUNT}:schedule-group/{self._schedule.group_name}"
        granted = take_role(self._world, self._target["RoleArn"], "scheduler", "scheduler", source)
        return self._world.client(service, granted, Config(retries={"total_max_attempts": 1}))

    def _input(self, attempt: int) -> str:
        """The target's input, with Scheduler's context attributes replaced."""
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
