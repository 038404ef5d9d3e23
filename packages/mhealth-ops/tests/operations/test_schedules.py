"""The next start of a schedule, by the clock of its time zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mhealth_ops.operations.schedules import next_start

BEGAN = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "zone", "now", "expected"),
    [
        pytest.param(
            "cron(0 8 * * ? *)", "Asia/Tokyo", "2026-11-24T22:59+00:00", "2026-11-25T08:00+09:00", id="today there"
        ),
        pytest.param(
            "cron(0 8 * * ? *)", "Asia/Tokyo", "2026-11-24T23:00+00:00", "2026-11-26T08:00+09:00", id="just begun"
        ),
        pytest.param(
            "cron(30 6 ? * MON-FRI *)",
            "Europe/Berlin",
            "2026-11-27T12:00+00:00",
            "2026-11-30T06:30+01:00",
            id="weekday",
        ),
        pytest.param(
            "cron(0 12 1 * ? *)", "Europe/Berlin", "2027-03-02T00:00+00:00", "2027-04-01T12:00+02:00", id="summer time"
        ),
        pytest.param("rate(1 day)", "UTC", "2026-11-24T06:30+00:00", "2026-11-25T06:30+00:00", id="daily"),
        pytest.param("rate(12 hours)", "UTC", "2026-11-24T06:29+00:00", "2026-11-24T06:30+00:00", id="twice a day"),
    ],
)
def test_next_start(expression: str, zone: str, now: str, expected: str) -> None:
    found = next_start(expression, zone, datetime.fromisoformat(now), BEGAN)
    assert found is not None
    assert found.isoformat(timespec="minutes") == expected


@pytest.mark.parametrize("expression", ["cron(0 8 1 1 ? 2020)", "at(2020-01-01T08:00:00)", "rate(soon)"])
def test_what_never_comes_or_is_not_understood_is_none(expression: str) -> None:
    assert next_start(expression, "UTC", datetime(2026, 11, 24, tzinfo=UTC), BEGAN) is None
