"""Test clock for alarms and schedules: a test advances it instead of waiting."""

from __future__ import annotations

import datetime

_moved = datetime.timedelta()


def now() -> datetime.datetime:
    """The current time of the clock, in UTC."""
    return datetime.datetime.now(tz=datetime.UTC) + _moved


def move(by: datetime.timedelta) -> None:
    """Advance the clock (or set it back), in addition to earlier changes."""
    global _moved
    _moved += by


def reset() -> None:
    """Reset the clock to the real time."""
    global _moved
    _moved = datetime.timedelta()
