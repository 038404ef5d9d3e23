"""The last runs, by the totals that each report has in its object's metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from snapshot_report.storage import Bucket

MOST_RUNS = 12
"""The most runs of a trend, the own one included."""

PUBLISHED: Final = "published"

_KEY = re.compile(r"(?P<number>[0-9]{14})(?P<failed>-failed)?\.html")


@dataclass(frozen=True)
class Run:
    """A run's totals. `outcome` is `published` or the name of the error; `number` is its UTC time, yyyymmddHHMMSS.

    `rows` and `rejected` are None where a failed run did not get so far.
    """

    number: int
    outcome: str
    rows: int | None
    rejected: int | None
    seconds: float
    usd: float

    @property
    def published(self) -> bool:
        """Whether the run published its snapshot."""
        return self.outcome == PUBLISHED

    def metadata(self) -> dict[str, str]:
        """The totals as metadata of an object: ASCII, a few bytes."""
        return {
            "outcome": self.outcome.encode("ascii", "replace").decode()[:100],
            **({} if self.rows is None else {"rows": str(self.rows)}),
            **({} if self.rejected is None else {"rejected": str(self.rejected)}),
            "seconds": f"{self.seconds:.3f}",
            "usd": f"{self.usd:.6f}",
        }


def run_number(started_at: str) -> int:
    """The number of a run that began at an instant in ISO 8601, in UTC.

    >>> run_number("2026-11-24T08:00:00.123Z")
    20261124080000
    """
    return int(datetime.fromisoformat(started_at).astimezone(UTC).strftime("%Y%m%d%H%M%S"))


def report_key(prefix: str, number: int, *, failed: bool = False) -> str:
    """The key of a run's report. The keys of all reports sort by time."""
    return f"{prefix}/{number}{'-failed' if failed else ''}.html"


def earlier_runs(bucket: Bucket, prefix: str, number: int) -> list[Run]:
    """The last runs before `number` that have a report with totals, oldest first."""
    keys = [key for key in bucket.keys(f"{prefix}/") if (before := _number(prefix, key)) and before < number]
    found = [_run(_number(prefix, key), bucket.metadata(key)) for key in sorted(keys)[1 - MOST_RUNS :]]
    return [run for run in found if run is not None]


def _number(prefix: str, key: str) -> int:
    match = _KEY.fullmatch(key.removeprefix(f"{prefix}/"))
    return int(match["number"]) if match else 0


def _run(number: int, found: Mapping[str, str]) -> Run | None:
    """None for a report of an earlier release, which has no totals."""
    try:
        rows, rejected = (int(found[name]) if name in found else None for name in ("rows", "rejected"))
        return Run(number, found["outcome"], rows, rejected, float(found["seconds"]), float(found["usd"]))
    except (KeyError, ValueError):
        return None
