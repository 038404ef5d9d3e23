"""The state of a stack for people and for monitoring: what readers get, the runs, whether the data is fresh."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from mhealth_ops.operations.errors import QueryFailed
from mhealth_ops.operations.executions import Ended, current_state
from mhealth_ops.operations.schedules import next_start
from mhealth_ops.operations.snapshots import VIEW, View, count, manifest, missing_files, nothing_to_query
from mhealth_ops.operations.stacks import Stack


class Health(IntEnum):
    """The state for monitoring; its value is the exit status."""

    FRESH = 0
    STALE = 1
    FAILED = 2


@dataclass(frozen=True)
class Run:
    """An execution: its ARN, start, duration so far, and its end, None while it runs, in `state`."""

    execution: str
    began: datetime
    seconds: float
    ended: Ended | None
    state: str | None = None

    @property
    def failed(self) -> bool:
        """Whether it ended without success."""
        return self.ended is not None and self.ended.status != "SUCCEEDED"


@dataclass(frozen=True)
class Readers:
    """Whether readers get every row of the published snapshot, and what they get as text."""

    complete: bool
    text: str


def what_readers_get(stack: Stack, view: View | None) -> Readers:
    """What readers get, by the view, its snapshot's manifest and files, and a count through Athena."""
    if why := nothing_to_query(stack):
        return Readers(False, f"get an error: {why}")
    if view is None or view.snapshot is None:
        return Readers(False, f"see a view {VIEW} that was changed and names no snapshot: mhealth run replaces it")
    again, anew = "mhealth run publishes it again", "mhealth run makes a new snapshot"
    try:
        found = count(stack, VIEW)
    except QueryFailed as failure:
        return Readers(False, f"get an error ({failure}): {again}")
    if (made := manifest(stack, view.snapshot)) is None:
        return Readers(False, f"get {found:,} rows, and the manifest of the snapshot is missing: {anew}")
    files = len(made["files"])
    if broken := missing_files(stack, view.snapshot, made):
        return Readers(False, f"get {found:,} rows, and {len(broken)} of {files} files are missing: {anew}")
    rows = sum(file["rows"] for file in made["files"])
    if found != rows:
        return Readers(False, f"get {found:,} of {rows:,} rows, so partitions are missing: {again}")
    counted = f"counted through Athena on the view {VIEW}"
    return Readers(True, f"get all {rows:,} rows, {counted}; {files} files, as its manifest says")


def health(
    readers: Readers, last: Ended | None, succeeded: datetime | None, now: datetime, freshness: timedelta
) -> tuple[Health, list[str]]:
    """The health by what readers get, the `last` run that ended, and when one `succeeded` last, with its reasons.

    FAILED: readers do not get every row, or the last run failed. STALE: no run succeeded within `freshness`.
    """
    reasons = [] if readers.complete else [f"readers {readers.text}"]
    if last and last.status != "SUCCEEDED":
        reasons.append(f"the last run is {last.status}: {last.reason}")
    if reasons:
        return Health.FAILED, reasons
    if succeeded is None or now - succeeded > freshness:
        since = f"since {succeeded.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if succeeded else "yet"
        hours = freshness.total_seconds() / 3600
        return Health.STALE, [f"no run succeeded {since}; allowed are {hours:g} hours (FreshnessHours)"]
    return Health.FRESH, []


def last_ended(stack: Stack) -> Ended | None:
    """The end of the last execution that has ended, None if there is none."""
    sfn = stack.session.client("stepfunctions")
    pages = sfn.get_paginator("list_executions").paginate(stateMachineArn=stack.outputs["StateMachineArn"])
    ended = (each for page in pages for each in page["executions"] if each["status"] != "RUNNING")
    found = next(ended, None)
    return None if found is None else Ended.of(sfn.describe_execution(executionArn=found["executionArn"]))


def last_success(stack: Stack) -> datetime | None:
    """The end of the last execution that succeeded, None if there is none."""
    listed = stack.session.client("stepfunctions").list_executions(
        stateMachineArn=stack.outputs["StateMachineArn"], statusFilter="SUCCEEDED", maxResults=1
    )
    return next((each["stopDate"] for each in listed["executions"]), None)


def last_runs(stack: Stack, count: int) -> Iterator[Run]:
    """The last executions, the newest first."""
    sfn = stack.session.client("stepfunctions")
    machine = stack.outputs["StateMachineArn"]
    for listed in sfn.list_executions(stateMachineArn=machine, maxResults=count)["executions"]:
        # ListExecutions returns neither output nor error.
        found = sfn.describe_execution(executionArn=listed["executionArn"])
        began = found["startDate"].astimezone(UTC)
        stopped = found.get("stopDate")
        seconds = ((stopped or datetime.now(UTC)) - began).total_seconds()
        execution = listed["executionArn"]
        if stopped:
            yield Run(execution, began, seconds, Ended.of(found))
        else:
            yield Run(execution, began, seconds, None, current_state(sfn, execution))


def schedule(stack: Stack, now: datetime) -> str:
    """The next start of the schedule, or that it is disabled, with its expression."""
    found = stack.session.client("scheduler").get_schedule(Name=stack.outputs["ScheduleName"])
    expression, zone = found["ScheduleExpression"], found.get("ScheduleExpressionTimezone", "UTC")
    by = f"{expression} {zone}"
    if found["State"] != "ENABLED":
        return f"none: the schedule is {found['State']} ({by})"
    following = next_start(expression, zone, now, found.get("StartDate") or found["CreationDate"])
    if following is None:
        return f"none: {by} has no time after now"
    window = found.get("FlexibleTimeWindow", {}).get("MaximumWindowInMinutes")
    within = f", within {window} minutes" if window else ""
    return (
        f"{following:%Y-%m-%d %H:%M} {zone} ({following.astimezone(UTC):%Y-%m-%d %H:%M} UTC){within}, by {expression}"
    )
