"""Rules on the schedule: its expression, and failed starts."""

from __future__ import annotations

import functools
import re
import zoneinfo
from collections.abc import Collection, Iterable
from datetime import datetime

from aws_cron_expression_validator.validator import AWSCronExpressionError, AWSCronExpressionValidator

from tools.checks.project import Project
from tools.checks.rules.registry import rule

_RATE = re.compile(r"rate\(([1-9][0-9]*) (minute|hour|day)(s?)\)")


def expression_problem(expression: str) -> str | None:
    """The error of a schedule expression, None for a valid one.

    The grammar is that of EventBridge Scheduler: cron with six fields, rate, or at.
    """
    if expression.startswith("cron("):
        try:
            AWSCronExpressionValidator.validate(expression.removeprefix("cron(").removesuffix(")"))
        except AWSCronExpressionError as error:
            return str(error)
        return None if expression.endswith(")") else "cron( is not closed"
    if expression.startswith("rate("):
        rate = _RATE.fullmatch(expression)
        # Scheduler accepts `rate(1 day)` and `rate(2 days)`, but neither `rate(1 days)` nor `rate(2 day)`.
        good = rate is not None and (rate[1] == "1") == (rate[3] == "")
        return None if good else "expected rate(1 day), rate(2 days), ..."
    if expression.startswith("at("):
        try:
            datetime.strptime(expression, "at(%Y-%m-%dT%H:%M:%S)")
        except ValueError:
            return "expected at(yyyy-mm-ddThh:mm:ss)"
        return None
    return "expected cron(...), rate(...) or at(...)"


@rule
def schedule_expressions_are_valid(project: Project) -> Iterable[str]:
    """cfn-lint and sam accept any text; an invalid expression fails the deployment."""
    for name, schedule in project.of_type("AWS::Scheduler::Schedule").items():
        expression = str(project.default(schedule.get("ScheduleExpression", "")))
        problem = expression_problem(expression)
        if problem:
            yield f"{name}: {expression!r}: {problem}"


@functools.cache
def _time_zones() -> Collection[str]:
    """The time zones of the IANA; collecting them reads a folder of 600 files, and each mutant is asked."""
    return zoneinfo.available_timezones()


@rule
def time_zones_exist(project: Project) -> Iterable[str]:
    """A misspelt time zone fails the deployment; without one the schedule uses UTC."""
    for name, schedule in project.of_type("AWS::Scheduler::Schedule").items():
        zone = project.default(schedule.get("ScheduleExpressionTimezone"))
        if zone not in _time_zones():
            yield f"{name}: {zone!r} is not an IANA time zone"


@rule
def schedule_is_robust(project: Project) -> Iterable[str]:
    """A failed start is retried for a limited time, then sent to the dead-letter queue, which has an alarm."""
    schedules = project.of_type("AWS::Scheduler::Schedule")
    if set(schedules) != {"Schedule"}:
        yield f"expected one schedule, Schedule; found {', '.join(sorted(schedules)) or 'none'}"
    for name, schedule in schedules.items():
        target = schedule.get("Target", {})
        retry = target.get("RetryPolicy", {})
        if (
            not 1 <= retry.get("MaximumRetryAttempts", 185) <= 185
            or not 60 <= retry.get("MaximumEventAgeInSeconds", 86401) < 86400
        ):
            yield f"{name}: RetryPolicy must bound attempts, and an age below a day"
        if target.get("DeadLetterConfig", {}).get("Arn") != {"Fn::GetAtt": ["ScheduleDeadLetters", "Arn"]}:
            yield f"{name}: DeadLetterConfig must be the queue ScheduleDeadLetters"
        if target.get("Arn") != {"Ref": "StateMachine"}:
            yield f"{name}: its target must be StateMachine"
        if "FlexibleWindowMinutes" not in str(schedule.get("FlexibleTimeWindow", "")):
            yield f"{name}: FlexibleTimeWindow must come from the parameter FlexibleWindowMinutes"
        for key, parameter in (("State", "ScheduleState"), ("ScheduleExpression", "ScheduleExpression")):
            if schedule.get(key) != {"Ref": parameter}:
                yield f"{name}: {key} must come from the parameter {parameter}"
