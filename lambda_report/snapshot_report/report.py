"""The content of a report, without its presentation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from snapshot_report.changes import Changes
from snapshot_report.costs import Stage, Totals
from snapshot_report.manifests import Check, RawVersion, Snapshot
from snapshot_report.quarantine import Quarantine
from snapshot_report.queries import Count
from snapshot_report.signals import Choice, Panel
from snapshot_report.synthetic import synthetic_mark
from snapshot_report.trend import PUBLISHED, Run

MOST_WORDS = 6
"""The most words before the path of a source file in the name of a check, and the most after it."""


@dataclass(frozen=True)
class Report(Totals):
    """A run that published a snapshot. `rows_verified` is the count of VerifySnapshot.

    `before` is the previously published snapshot (None: there was none), `changes` the differences to it (None: its
    manifest does not exist). `choice` is None where no row belongs to an activity. `earlier` are the runs before.
    """

    snapshot: Snapshot
    raw: RawVersion
    published_at: str
    execution: str
    counts: Sequence[Count]
    rows_verified: int
    quarantine: Quarantine
    stages: Sequence[Stage]
    choice: Choice | None
    panels: Sequence[Panel]
    before: int | None
    changes: Changes | None
    bucket: str
    earlier: Sequence[Run]

    @property
    def synthetic(self) -> str | None:
        """The name of the file by which the dataset says that it is synthetic."""
        return synthetic_mark(self.raw.skipped)

    @property
    def run(self) -> Run:
        """The run's totals."""
        snapshot = self.snapshot
        return Run(snapshot.number, PUBLISHED, snapshot.rows, snapshot.quarantined, self.seconds, self.usd)

    @property
    def runs(self) -> list[Run]:
        """The last runs, this one last."""
        return [*self.earlier, self.run]


@dataclass(frozen=True)
class Activity:
    """An activity over all subjects: its rows, and the number of subjects that have any."""

    activity_id: int
    activity: str
    rows: int
    subjects: int


def activities(counts: Sequence[Count]) -> list[Activity]:
    """Every activity that has a row, ordered by id."""
    found = sorted({(each.activity_id, each.activity) for each in counts})
    rows = {key: [each.rows for each in counts if (each.activity_id, each.activity) == key] for key in found}
    return [Activity(*key, sum(some), len(some)) for key, some in rows.items()]


@dataclass(frozen=True)
class CheckGroup:
    """The same check of several source files. The texts are those of the first failed check, else of the first one."""

    name: str
    expected: str
    found: str
    passed: int
    of: int


def check_groups(report: Report) -> list[CheckGroup]:
    """The checks of the jobs, grouped over source files, then the counts through Athena."""
    groups: dict[str, list[Check]] = {}
    sources = {file.source for file in report.raw.files}
    for check in report.snapshot.checks:
        groups.setdefault(_without_source(check.name, sources), []).append(check)
    rows = report.snapshot.rows
    counted = {
        "rows counted through Athena before the publication": report.rows_verified,
        "rows per subject and activity, counted through Athena for this page": sum(each.rows for each in report.counts),
    }
    for name, found in counted.items():
        groups[name] = [Check(name, f"{rows:,}", f"{found:,}", rows == found)]
    return [_group(name, checks) for name, checks in groups.items()]


def _group(name: str, checks: Sequence[Check]) -> CheckGroup:
    first = next((check for check in checks if not check.passed), checks[0])
    return CheckGroup(name, first.expected, first.found, sum(check.passed for check in checks), len(checks))


def _without_source(name: str, sources: Collection[str]) -> str:
    """The name of a check with `each source file` in place of the path in it; a path may contain spaces.

    At most MOST_WORDS words are before and after the path, so the work is linear in the length of the path.
    """
    before = name.split(" ", MOST_WORDS)
    for begin in range(len(before)):
        behind = " ".join(before[begin:]).rsplit(" ", MOST_WORDS)
        for end in range(len(behind), 0, -1):
            if " ".join(behind[:end]) in sources:
                return " ".join([*before[:begin], "each source file", *behind[end:]])
    return name
