"""Test clock for alarms and schedules: a test moves it on instead of waiting."""

from __future__ import annotations

import datetime

_moved = datetime.timedelta()


def now() -> datetime.datetime:
    """The time, with its time zone (UTC)."""
    return datetime.datetime.now(tz=datetime.UTC) + _moved


def move(by: datetime.timedelta) -> None:
    """Let it be later (or earlier) than it is, on top of earlier moves."""
    global _moved
    _moved += by


def reset() -> None:
    """Let it be what it is."""
    global _moved
    _moved = datetime.timedelta()
