"""Checks of a stack after a run, each with its expected and its actual result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from botocore.exceptions import ClientError

from mhealth_ops.operations.errors import OperationFailed
from mhealth_ops.operations.executions import Ended
from mhealth_ops.operations.queries import ONE_SUBJECT_QUERY, README_QUERIES, Answer, ask, named_query
from mhealth_ops.operations.snapshots import manifest, nothing_to_query, readers_see, recorded, table_folder
from mhealth_ops.operations.stacks import Stack

SMALL_SHARE = 0.1
"""The largest share of the published files that a query of one subject may scan."""

ROWS_OF_THE_VIEW = "SELECT snapshot, count(*) FROM mhealth GROUP BY snapshot ORDER BY snapshot"


class Verdict(Enum):
    """The result of a check. A warning is not a failure, but the operator should know it."""

    HOLDS = "ok"
    WARNING = "warning"
    FAILS = "FAILED"


@dataclass(frozen=True)
class Check:
    """A check and its result; `advice` says what to do after a failure."""

    name: str
    verdict: Verdict
    expected: str
    found: str
    advice: str = ""


def checks(stack: Stack, ended: Ended) -> Iterator[Check]:
    """Run the checks one by one after the execution that has `ended`."""
    yield _execution(ended)
    answers: dict[str, Answer] = {}
    for name in README_QUERIES:
        yield _held(f"query {name}", "rows", lambda name=name: _query(stack, name, answers))  # type: ignore[misc]
    yield _held("rows of the view", "those of the manifest", lambda: rows_of_the_view(stack))
    yield _held(
        "bytes of one subject", "a small share", lambda: bytes_of_one_subject(stack, answers.get(ONE_SUBJECT_QUERY))
    )
    yield _held("who is told", "a confirmed subscription", lambda: subscription(stack))
    yield _held("schedule", "as the stack says", lambda: schedule(stack))
    yield _held("alarms", "none in ALARM", lambda: alarms(stack, ended))


def _held(name: str, expected: str, look: Callable[[], Check]) -> Check:
    """Run a check; an error in it is a failure with that reason."""
    try:
        return look()
    except (OperationFailed, ClientError) as error:
        return Check(name, Verdict.FAILS, expected, str(error))


def _execution(ended: Ended) -> Check:
    name, expected = "execution", "SUCCEEDED: published, or nothing new"
    if ended.status != "SUCCEEDED":
        found = " ".join(part for part in (ended.status, ended.reason) if part)
        return Check(name, Verdict.FAILS, expected, found, "docs/errors.md says what to do about this error.")
    outcome, message = ended.output.get("outcome"), ended.output.get("message", "")
    if outcome == "published":
        return Check(name, Verdict.HOLDS, expected, f"SUCCEEDED, published snapshot {ended.output['snapshot']}")
    if outcome == "unchanged":
        return Check(name, Verdict.HOLDS, expected, f"SUCCEEDED, nothing new: {message}")
    if outcome == "published again":
        return Check(name, Verdict.HOLDS, expected, f"SUCCEEDED, published again: {message}")
    advice = "When the other execution has ended, verify again: make verify."
    return Check(name, Verdict.FAILS, expected, f"SUCCEEDED, but {outcome}: {message}", advice)


def _query(stack: Stack, name: str, answers: dict[str, Answer]) -> Check:
    answers[name] = answer = ask(stack, named_query(stack, name).statement)
    rows = len(answer.rows)
    return Check(f"query {name}", Verdict.HOLDS if rows else Verdict.FAILS, "rows", f"{rows} rows")


def rows_of_the_view(stack: Stack) -> Check:
    """Whether readers see the rows that the snapshot's manifest counts; a warning after a rollback."""
    snapshot, rows = published(stack)
    seen = ask(stack, ROWS_OF_THE_VIEW).rows
    expected = f"a manifest of snapshot {snapshot}"
    if rows is not None:
        expected = f"{rows:,} of snapshot {snapshot}, by its manifest"
    found = ", ".join(f"{int(count or 0):,} of snapshot {number}" for number, count in seen) or "none"
    name, newest = "rows of the view", max(recorded(stack), default=snapshot)
    undo = f"To show the newest snapshot, run the named query RollBack with {newest}."
    if seen != ((str(snapshot), str(rows)),):
        advice = f"Start an execution: it publishes the missing rows again. {undo}"
        return Check(name, Verdict.FAILS, expected, found, advice)
    if snapshot < newest:
        return Check(name, Verdict.WARNING, expected, found, f"Somebody rolled back from {newest}. {undo}")
    return Check(name, Verdict.HOLDS, expected, found)


def published(stack: Stack) -> tuple[int, int | None]:
    """The published snapshot and its rows by its manifest, None without a manifest.

    Raises OperationFailed where no snapshot is published.
    """
    if why := nothing_to_query(stack):
        raise OperationFailed(f"Readers see nothing: {why}.")
    snapshot = readers_see(stack)
    if snapshot is None:
        raise OperationFailed("The view names no snapshot: mhealth run replaces it.")
    made = manifest(stack, snapshot)
    return snapshot, None if made is None else sum(file["rows"] for file in made["files"])


def bytes_of_one_subject(stack: Stack, answer: Answer | None) -> Check:
    """Whether Athena scanned a small share of the published files for the query of one subject, which has `answer`."""
    name = "bytes of one subject"
    if answer is None:
        return Check(name, Verdict.FAILS, "a small share", f"no answer to {ONE_SUBJECT_QUERY}")
    snapshot, _ = published(stack)
    whole = sum(size for _, size in stack.objects(table_folder(snapshot)))
    expected = f"at most {SMALL_SHARE * whole:,.0f} of {whole:,} bytes"
    found = f"{answer.scanned:,} bytes"
    if answer.scanned <= SMALL_SHARE * whole:
        return Check(name, Verdict.HOLDS, expected, found)
    advice = "Either Athena read more than one subject's partition, or this subject is most of the dataset."
    return Check(name, Verdict.FAILS, expected, found, advice)


def subscription(stack: Stack) -> Check:
    """Whether failures are notified."""
    topic = stack.outputs["AlarmTopicArn"]
    pages = stack.session.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    states = [each["SubscriptionArn"] for page in pages for each in page["Subscriptions"]]
    # Unconfirmed subscriptions have PendingConfirmation or Deleted in place of the ARN.
    confirmed = sum(state.startswith("arn:") for state in states)
    expected = "a confirmed subscription of the topic"
    if confirmed:
        return Check("who is told", Verdict.HOLDS, expected, f"{confirmed} confirmed")
    found = f"none confirmed, {states.count('PendingConfirmation')} pending" if states else "none"
    advice = (
        "Confirm it by the link in the e-mail."
        if states
        else f"Set AlarmEmail (make deploy PARAMETERS=AlarmEmail=you@example.org), or subscribe to {topic}."
    )
    return Check("who is told", Verdict.WARNING, expected, found, advice)


def schedule(stack: Stack) -> Check:
    """Whether the schedule's state is that of the stack's parameter; a warning if it is disabled."""
    name = stack.outputs["ScheduleName"]
    found = stack.session.client("scheduler").get_schedule(Name=name)
    expected = stack.parameters["ScheduleState"]
    reported = f"{found['State']}, {found['ScheduleExpression']} {found.get('ScheduleExpressionTimezone', 'UTC')}"
    if found["State"] != expected:
        advice = "It was changed outside of the stack. Set the parameter ScheduleState, or change it back."
        return Check("schedule", Verdict.FAILS, expected, reported, advice)
    if expected == "DISABLED":
        return Check("schedule", Verdict.WARNING, expected, reported, "No run starts by itself.")
    return Check("schedule", Verdict.HOLDS, expected, reported)


def alarms(stack: Stack, ended: Ended) -> Check:
    """Whether every alarm of the stack exists and none is in ALARM.

    CloudWatch evaluates the freshness alarm, whose range is longer than a day, once an hour. After a successful run its
    state may be an old one, so ALARM is a warning. The same is true after a first deployment.
    """
    wanted = stack.of_type("AWS::CloudWatch::Alarm")
    cloudwatch = stack.session.client("cloudwatch")
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNames=sorted(wanted.values()))
    states = {each["AlarmName"]: each for page in pages for each in page["MetricAlarms"]}
    missing = sorted(name for name, physical in wanted.items() if physical not in states)
    on = sorted(name for name, physical in wanted.items() if states.get(physical, {}).get("StateValue") == "ALARM")
    expected = f"{len(wanted)} alarms, none in ALARM"
    if not wanted or missing:
        found = f"missing: {', '.join(missing)}" if missing else "the stack has no alarm"
        return Check("alarms", Verdict.FAILS, expected, found, "Deploy the stack again to create them.")
    if on == ["FreshnessAlarm"] and ended.status == "SUCCEEDED":
        advice = (
            "CloudWatch evaluates it once an hour, so it does not know this run yet. If it is still in ALARM after two "
            "hours, the metric SnapshotConfirmed does not arrive."
        )
        return Check("alarms", Verdict.WARNING, expected, "FreshnessAlarm in ALARM, from before this run", advice)
    if on:
        reasons = "; ".join(f"{name}: {states[wanted[name]].get('StateReason', '')}" for name in on)
        advice = "See the description of each alarm, and docs/operations.md."
        return Check("alarms", Verdict.FAILS, expected, f"in ALARM: {reasons}", advice)
    return Check("alarms", Verdict.HOLDS, expected, f"{len(states)} alarms, none in ALARM")
