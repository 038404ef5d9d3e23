"""The content of the report of a failed run, without its presentation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from snapshot_report.costs import Stage, Totals
from snapshot_report.manifests import RawVersion
from snapshot_report.quarantine import Quarantine
from snapshot_report.synthetic import synthetic_mark
from snapshot_report.trend import Run

_OF_GLUE = re.compile(r"Error Category: (?P<category>[^;]*); (Failed Line Number: (?P<line>[0-9]+); )?")
"""What Glue writes at the beginning of a job's message."""


@dataclass(frozen=True)
class Failure:
    """The state that failed, the error's name, its cause, and Glue's category of a job's error.

    `line` is the line of the job's script as Glue gives it. `category` and `line` are empty where Glue gives none.
    """

    state: str
    error: str
    cause: str
    category: str = ""
    line: str = ""


@dataclass(frozen=True)
class FailedRun(Totals):
    """A run that failed. `runs` are the last runs, this one last.

    `seen` is the snapshot that was published when the run began; it is None where there was none, or DownloadCSV
    failed. `raw` is the version that the run read, None where it did not get so far. `quarantine` is None where no
    line was parsed yet.
    """

    number: int
    execution: str
    started_at: str
    failure: Failure
    seen: int | None
    dataset: str
    raw: RawVersion | None
    quarantine: Quarantine | None
    stages: Sequence[Stage]
    bucket: str
    runs: Sequence[Run]

    @property
    def lines(self) -> int | None:
        """The data lines of the version that was read, None where none was read."""
        return None if self.raw is None else sum(file.lines for file in self.raw.files)

    @property
    def synthetic(self) -> str | None:
        """The name of the file by which the dataset says that it is synthetic."""
        return synthetic_mark(self.raw.skipped) if self.raw else None


def read_failure(state: str, run: Mapping[str, Any]) -> Failure:
    """The failure in the data of the state machine, `run`."""
    failure = run.get("failure") or {}
    error, cause = str(failure.get("Error", "unknown")), str(failure.get("Cause", "no cause is given"))
    of_glue = _OF_GLUE.match(cause)
    if of_glue is None:
        return Failure(state, error, cause.removeprefix(f"{error}: "))
    own = cause[of_glue.end() :].removeprefix(f"{error}: ")
    return Failure(state, error, own, of_glue["category"], of_glue["line"] or "")


def totals(run: FailedRun) -> Run:
    """The run's totals for the trend of later reports."""
    rejected = run.quarantine.total if run.quarantine and run.quarantine.complete else None
    return Run(run.number, run.failure.error, None, rejected, run.seconds, run.usd)
