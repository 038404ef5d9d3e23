"""The health of a stack for monitoring."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mhealth_ops.operations.executions import Ended
from mhealth_ops.operations.health import Health, Readers, health

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOURS = timedelta(hours=26)
ALL_ROWS = Readers(True, "get all 5 rows")
FEWER_ROWS = Readers(False, "get 4 of 5 rows")
SUCCEEDED = Ended("SUCCEEDED", 1.0, {}, "", "")
FAILED = Ended("FAILED", 1.0, {}, "EmptyFile", "no line")


@pytest.mark.parametrize(
    ("readers", "last", "hours_ago", "expected", "reason"),
    [
        pytest.param(ALL_ROWS, SUCCEEDED, 1.0, Health.FRESH, "", id="fresh"),
        pytest.param(ALL_ROWS, SUCCEEDED, 26.0, Health.FRESH, "", id="at-the-limit"),
        pytest.param(
            ALL_ROWS,
            SUCCEEDED,
            26.5,
            Health.STALE,
            "no run succeeded since 2026-11-29 09:30:00 UTC; allowed are 26 hours (FreshnessHours)",
            id="stale",
        ),
        pytest.param(ALL_ROWS, None, None, Health.STALE, "no run succeeded yet; allowed are 26 hours", id="never"),
        pytest.param(
            ALL_ROWS, FAILED, 1.0, Health.FAILED, "the last run is FAILED: EmptyFile: no line", id="failed-run"
        ),
        pytest.param(FEWER_ROWS, SUCCEEDED, 1.0, Health.FAILED, "readers get 4 of 5 rows", id="rows-missing"),
    ],
)
def test_health(readers: Readers, last: Ended | None, hours_ago: float | None, expected: Health, reason: str) -> None:
    succeeded = None if hours_ago is None else NOW - timedelta(hours=hours_ago)
    found, reasons = health(readers, last, succeeded, NOW, HOURS)
    assert found is expected
    assert "; ".join(reasons).startswith(reason)
    assert bool(reasons) is (expected is not Health.FRESH)


def test_the_exit_statuses() -> None:
    assert (Health.FRESH, Health.STALE, Health.FAILED) == (0, 1, 2)
