"""The next start of a schedule of EventBridge Scheduler."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from aws_croniter import AwsCroniter

_EXPRESSION = re.compile(r"(cron|rate)\((.+)\)")
_RATE = re.compile(r"([0-9]+) (minute|hour|day)s?")


def next_start(expression: str, zone: str, now: datetime, began: datetime) -> datetime | None:
    """The first time after `now`, in the schedule's time zone; None where there is none, or the expression is invalid.

    `began` is the base of a rate: the schedule's start or creation. A flexible window is added to the result.
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    """
    parts = _EXPRESSION.fullmatch(expression)
    if parts is None:
        return None
    there = ZoneInfo(zone)
    if parts[1] == "cron":
        # The library supports UTC only: it gets the local time as if it were UTC.
        hands = now.astimezone(there).replace(tzinfo=UTC)
        following = AwsCroniter(parts[2]).get_next(hands)
        return following[0].replace(tzinfo=there) if following and following[0] else None
    rate = _RATE.fullmatch(parts[2])
    if rate is None:
        return None
    step = timedelta(**{f"{rate[2]}s": int(rate[1])})
    return (began + ((now - began) // step + 1) * step).astimezone(there)
