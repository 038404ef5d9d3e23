"""Reasons of a failed deployment or run: failed resources, the last failed run, denied requests."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from mhealth_ops.operations.advice import advice
from mhealth_ops.operations.denials import denials, roles_of
from mhealth_ops.operations.errors import NoSuchStack
from mhealth_ops.operations.executions import Ended
from mhealth_ops.operations.failed_events import print_failed_events, stack_events

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def explain(console: Console, session: boto3.Session, stack: str) -> None:
    """Print the reasons of the last failure of a stack. Raises NoSuchStack."""
    try:
        events = stack_events(session, stack)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise NoSuchStack(f"There is no stack {stack} in {session.region_name}, also no deleted one.") from None
    began = _last_operation(events)
    console.rule(f"Failures of {stack} since {began:%Y-%m-%d %H:%M} UTC", align="left")
    if not print_failed_events(console, session, stack, began):
        console.print("  CloudFormation reports no failed resource.", highlight=False)
    _print_failed_run(console, session, events, began)
    _print_denials(console, session, dict(roles_of(events)), began)


def _last_operation(events: list[dict[str, object]]) -> datetime:
    """The start of the last deployment of the stack."""
    starts = [
        event["Timestamp"]
        for event in events
        if event["ResourceType"] == "AWS::CloudFormation::Stack"
        and event["ResourceStatus"] in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "REVIEW_IN_PROGRESS")
    ]
    found = starts[-1] if starts else _EPOCH
    assert isinstance(found, datetime)
    return found


def _print_failed_run(
    console: Console, session: boto3.Session, events: list[dict[str, object]], since: datetime
) -> None:
    machines = {
        str(event["PhysicalResourceId"])
        for event in events
        if event["ResourceType"] == "AWS::StepFunctions::StateMachine" and event.get("PhysicalResourceId")
    }
    states = session.client("stepfunctions")
    for machine in machines:
        try:
            failed = states.list_executions(stateMachineArn=machine, statusFilter="FAILED", maxResults=1)["executions"]
        except states.exceptions.StateMachineDoesNotExist:
            continue  # rolled back
        for execution in failed:
            if execution["startDate"] >= since:
                ended = Ended.of(states.describe_execution(executionArn=execution["executionArn"]))
                line = f"  The run {execution['name']} failed: {ended.reason}"
                console.print(line, style="red", highlight=False, markup=False, soft_wrap=True)
                console.print(f"  What to do: {advice(ended.error)}.", highlight=False, markup=False, soft_wrap=True)


def _print_denials(console: Console, session: boto3.Session, roles: dict[str, str], since: datetime) -> None:
    try:
        found = denials(session, frozenset(roles), since)
    except (ClientError, BotoCoreError) as error:
        console.print(f"  CloudTrail could not be read for denied requests: {error}", highlight=False, markup=False)
        return
    if not found:
        console.print(
            "  CloudTrail has no denied request of the stack's roles. It is up to 15 minutes late, and does not "
            "record access to S3 objects.",
            highlight=False,
            soft_wrap=True,
        )
    for denial in found:
        console.print(
            f"  {roles[denial.role]} ({denial.role}) was denied {denial.action} on {denial.resource}\n"
            f"    add to the role: {denial.statement}",
            style="red",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
