"""`mhealth status`: the published snapshot, rejected lines, the last runs, and the next run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mhealth_ops.operations.errors import QueryFailed
from mhealth_ops.operations.executions import Ended
from mhealth_ops.operations.running import how_it_ended
from mhealth_ops.operations.schedules import next_start
from mhealth_ops.operations.snapshots import (
    VIEW,
    View,
    count,
    manifest,
    missing_files,
    nothing_to_query,
    publication,
    recorded,
    shown,
    written,
)
from mhealth_ops.operations.stacks import Stack

_LONGEST = 400
"""The most characters of a cause, which may be a stack trace."""

_STYLES = {"SUCCEEDED": "green", "RUNNING": "cyan"}


@dataclass(frozen=True)
class Run:
    """An execution: its start, its duration so far, and its end, None while it runs."""

    began: datetime
    seconds: float
    ended: Ended | None


def print_status(console: Console, stack: Stack, where: str, *, runs: int, starts_by_itself: bool) -> None:
    """Print the status, with the last `runs` executions.

    `where` is the AWS as text; `starts_by_itself` is whether the schedule is active there.
    """
    _line(console, "stack", f"{stack.name} in {stack.session.region_name} {where}, {stack.status}")
    view = shown(stack)
    seen = None if view is None else view.snapshot
    _print_published(console, stack, view)
    _line(console, "readers", what_readers_get(stack, view))
    found = schedule(stack, datetime.now(UTC))
    _line(console, "next run", found if starts_by_itself else f"{found} (not started automatically on the local AWS)")
    if seen is not None:
        _print_quarantine(console, manifest(stack, seen))
    _print_snapshots(console, stack, seen)
    _print_runs(console, list(last_runs(stack, runs)))


def _line(console: Console, name: str, value: str) -> None:
    console.print(Text.assemble((f"{name:<12}", "bold"), value), soft_wrap=True)


def _print_published(console: Console, stack: Stack, view: View | None) -> None:
    if view is None or view.snapshot is None:
        newest = max(recorded(stack), default=None)
        _line(console, "published", f"nothing now; {newest} was the newest" if newest else "nothing yet: mhealth run")
        return
    what = f"snapshot {view.snapshot}"
    if record := publication(stack, view.snapshot):
        what += f", version {record['raw_version']} of {record['dataset']}, {view.since:%Y-%m-%d %H:%M} UTC"
        if record["newest_version"] != record["raw_version"]:
            what += f"; the newest version then was {record['newest_version']}"
    else:
        what += f", {view.since:%Y-%m-%d %H:%M} UTC; without a record: the next run writes one"
    newest = max(recorded(stack), default=view.snapshot)
    if newest > view.snapshot:
        what += f"; the last run published {newest}: it was rolled back"
    _line(console, "published", what)


def what_readers_get(stack: Stack, view: View | None) -> str:
    """What readers get, by the view, its snapshot's manifest and files, and a count through Athena."""
    if why := nothing_to_query(stack):
        return f"get an error: {why}"
    if view is None or view.snapshot is None:
        return f"see a view {VIEW} that was changed and names no snapshot: mhealth run replaces it"
    again = "mhealth run publishes it again"
    try:
        found = count(stack, VIEW)
    except QueryFailed as failure:
        return f"get an error ({failure}): {again}"
    if (made := manifest(stack, view.snapshot)) is None:
        return f"get {found:,} rows, and the manifest of the snapshot is missing: mhealth run makes a new snapshot"
    broken, files = missing_files(stack, view.snapshot)
    if broken:
        return f"get {found:,} rows, and {len(broken)} of {files} files are missing: mhealth run makes a new snapshot"
    rows = sum(file["rows"] for file in made["files"])
    if found != rows:
        return f"get {found:,} of {rows:,} rows, so partitions are missing: {again}"
    return f"get all {rows:,} rows, counted through Athena on the view {VIEW}; {files} files, as its manifest says"


def _print_quarantine(console: Console, found: dict[str, Any] | None) -> None:
    if found is None:
        _line(console, "quarantine", "unknown: the manifest of this snapshot is missing")
        return
    sources = found["sources"]
    rejected = [source for source in sources if source["quarantined"]]
    lines, bad = (sum(source[name] for source in sources) for name in ("lines", "quarantined"))
    _line(console, "quarantine", f"{bad:,} of {lines:,} lines ({bad / max(lines, 1):.3%}), {len(sources)} files")
    for source in rejected:
        counts = f"{source['quarantined']:,} of {source['lines']:,} lines"
        where = f"quarantine/{source['raw_key'].removeprefix('raw/').removesuffix('.csv')}.jsonl"
        _line(console, "", f"{source['name']}: {counts}, in {where}")


def _print_snapshots(console: Console, stack: Stack, seen: int | None) -> None:
    kept, published = written(stack), recorded(stack)
    if not kept:
        return
    console.print(Text("Kept snapshots", style="bold"))
    table = Table("snapshot", "version", "rows", "subjects", "quarantined", "")
    for column in table.columns[1:5]:
        column.justify = "right"
    for each in reversed(kept):
        counts = (f"{count:,}" for count in (each.raw_version, each.rows, each.subjects, each.quarantined))
        word = "readers see it" if each.number == seen else "" if each.number in published else "never published"
        table.add_row(str(each.number), *counts, word)
    console.print(table)


def _print_runs(console: Console, runs: list[Run]) -> None:
    console.print(Text("Last runs", style="bold"))
    for run in runs:
        status = run.ended.status if run.ended else "RUNNING"
        what = textwrap.shorten(how_it_ended(run.ended), _LONGEST, placeholder=" ...") if run.ended else ""
        line = Text.assemble(
            f"{run.began:%Y-%m-%d %H:%M:%S} UTC  ",
            (f"{status:<9}", _STYLES.get(status, "red")),
            f" {run.seconds:7.1f} s  {what}",
        )
        # Not in a column: a cause would be too narrow.
        console.print(line, soft_wrap=True)
    if not runs:
        console.print("none yet")


def last_runs(stack: Stack, count: int) -> Iterator[Run]:
    """The last executions, the newest first."""
    sfn = stack.session.client("stepfunctions")
    machine = stack.outputs["StateMachineArn"]
    for listed in sfn.list_executions(stateMachineArn=machine, maxResults=count)["executions"]:
        # ListExecutions returns neither output nor error.
        found = sfn.describe_execution(executionArn=listed["executionArn"])
        began = found["startDate"].astimezone(UTC)
        stopped = found.get("stopDate")
        seconds = ((stopped or datetime.now(UTC)) - began).total_seconds()
        yield Run(began, seconds, Ended.of(found) if stopped else None)


def schedule(stack: Stack, now: datetime) -> str:
    """The next start of the schedule, or that it is disabled, with its expression."""
    found = stack.session.client("scheduler").get_schedule(Name=stack.outputs["ScheduleName"])
    expression, zone = found["ScheduleExpression"], found.get("ScheduleExpressionTimezone", "UTC")
    by = f"{expression} {zone}"
    if found["State"] != "ENABLED":
        return f"none: the schedule is {found['State']} ({by})"
    following = next_start(expression, zone, now, found.get("StartDate") or found["CreationDate"])
    if following is None:
        return f"none: {by} has no time after now"
    window = found.get("FlexibleTimeWindow", {}).get("MaximumWindowInMinutes")
    within = f", within {window} minutes" if window else ""
    return (
        f"{following:%Y-%m-%d %H:%M} {zone} ({following.astimezone(UTC):%Y-%m-%d %H:%M} UTC){within}, by {expression}"
    )
