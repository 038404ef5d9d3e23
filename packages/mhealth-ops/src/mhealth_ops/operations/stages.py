"""The stages of an execution, with the seconds of each by the timestamps of its events.

A stage begins with one of `STAGES` and lasts until the next one begins, so that the states in between, such as those
that poll the crawler, are counted. The report counts in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mhealth_ops.operations.executions import Ended, Entered, Left

STAGES = (
    *("DownloadCSV", "CountForReaders", "ConvertParquet", "GlueTransform", "RefreshCatalog", "RegisterAgain"),
    *("VerifySnapshot", "PublishSnapshot", "RecordSuccess", "WriteReport"),
)
"""The states that begin a stage."""

_TOLD_BY = {
    "CountForReaders": "ReadCountForReaders",
    "RefreshCatalog": "ReadSnapshotSummary",
    "VerifySnapshot": "ReadVerifiedCounts",
}
"""The state of a stage whose output has its result, where it is not the first one."""


@dataclass(frozen=True)
class Stage:
    """A stage that has begun at `began` and ended after `seconds`; `output` is that of the state with its result."""

    name: str
    began: datetime
    seconds: float
    output: dict[str, Any]
    failed: bool = False


@dataclass
class _Open:
    name: str
    began: datetime
    output: dict[str, Any]

    def closed(self, at: datetime, *, failed: bool = False) -> Stage:
        return Stage(self.name, self.began, (at - self.began).total_seconds(), self.output, failed)


def by_stage(events: Iterable[Entered | Left | Ended]) -> Iterator[str | Stage | Ended]:
    """Yield each stage as it ends, the name of each state as it begins, and the execution's end."""
    stage: _Open | None = None
    last: datetime | None = None
    for event in events:
        match event:
            case Entered(state, at):
                if state in STAGES:
                    if stage:
                        yield stage.closed(at)
                    stage = _Open(state, at, {})
                yield state
            case Left(state, at, output):
                last = at
                if stage and state in (stage.name, _TOLD_BY.get(stage.name)):
                    stage.output = output
                if stage and "failure" in output:
                    yield stage.closed(at, failed=True)
                    stage = None
            case Ended() as ended:
                if stage:  # the last one, or that which an abort or the execution's time limit ended
                    succeeded = ended.status == "SUCCEEDED"
                    yield stage.closed((last if succeeded else ended.at) or stage.began, failed=not succeeded)
                yield ended
