"""Failed events of a stack's resources, with CloudFormation's reasons."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import boto3
from rich.console import Console

_CANCELLED = "Resource creation cancelled"
"""The reason of resources that were cancelled because another one failed."""


def stack_events(session: boto3.Session, stack: str) -> list[dict[str, Any]]:
    """All events of a stack (a name or an id), the oldest first."""
    pages = session.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack)
    return [dict(event) for page in pages for event in page["StackEvents"]][::-1]


def failed_events(events: list[dict[str, Any]], since: datetime | None = None) -> list[dict[str, Any]]:
    """The events of failed resources, the oldest first."""
    return [
        event
        for event in events
        if event["ResourceStatus"].endswith("_FAILED")
        and event.get("ResourceStatusReason") != _CANCELLED
        and (since is None or event["Timestamp"] >= since)
    ]


def print_failed_events(
    console: Console, session: boto3.Session, stack: str, since: datetime | None = None
) -> list[dict[str, Any]]:
    """Print each failure with its reason, and return them."""
    failed = failed_events(stack_events(session, stack), since)
    for event in failed:
        console.print(
            f"  {event['LogicalResourceId']} {event['ResourceStatus']}: "
            f"{event.get('ResourceStatusReason', 'no reason given')}",
            style="red",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    return failed
