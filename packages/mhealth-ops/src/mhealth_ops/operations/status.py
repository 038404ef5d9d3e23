"""`mhealth status`: the published snapshot, rejected lines, the last runs, and the next run, for people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mhealth_ops.operations.health import Run, last_runs, schedule, what_readers_get
from mhealth_ops.operations.reports import Report
from mhealth_ops.operations.running import how_it_ended
from mhealth_ops.operations.snapshots import View, manifest, publication, recorded, shown, written
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.operations.telling import print_wrapped

_LONGEST, _END = 600, 250
"""The most characters of a cause, which may be a stack trace, and those of its end, which says what to do."""

_INDENT = 4

_STYLES = {"SUCCEEDED": "green", "RUNNING": "cyan"}


def print_status(console: Console, stack: Stack, where: str, *, runs: int, starts_by_itself: bool) -> None:
    """Print the status, with the last `runs` executions.

    `where` is the AWS as text; `starts_by_itself` is whether the schedule is active there.
    """
    _line(console, "stack", f"{stack.name} in {stack.session.region_name} {where}, {stack.status}")
    view = shown(stack)
    seen = None if view is None else view.snapshot
    _print_published(console, stack, view)
    _line(console, "readers", what_readers_get(stack, view).text)
    found = schedule(stack, datetime.now(UTC))
    _line(console, "next run", found if starts_by_itself else f"{found} (not started automatically on the local AWS)")
    if seen is not None:
        _print_quarantine(console, manifest(stack, seen))
    _print_snapshots(console, stack, seen)
    _print_runs(console, stack, list(last_runs(stack, runs)))


def _line(console: Console, name: str, value: str) -> None:
    print_wrapped(console, Text.assemble((f"{name:<12}", "bold"), value), 12)


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
    _line(console, "report", Report.on(view.snapshot).address(stack) or "none")


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
    table = Table("snapshot", "version", "rows", "subjects", "rejected", "")
    for column in table.columns[1:5]:
        column.justify = "right"
    for each in reversed(kept):
        counts = (f"{count:,}" for count in (each.raw_version, each.rows, each.subjects, each.quarantined))
        word = "readers see it" if each.number == seen else "" if each.number in published else "never published"
        table.add_row(str(each.number), *counts, word)
    console.print(table)


def _print_runs(console: Console, stack: Stack, runs: list[Run]) -> None:
    console.print(Text("Last runs", style="bold"))
    for run in runs:
        status = run.ended.status if run.ended else "RUNNING"
        running = f"in {run.state or 'no state yet'}: mhealth run --follow {run.execution.rpartition(':')[2]}"
        what = _shortened(how_it_ended(run.ended)) if run.ended else running
        line = Text.assemble(
            f"{run.began:%Y-%m-%d %H:%M:%S} UTC  ",
            (f"{status:<9}", _STYLES.get(status, "red")),
            f" {run.seconds:7.1f} s  {what}",
        )
        # Not in a column: a cause would be too narrow.
        print_wrapped(console, line, _INDENT)
        report = Report.of_run(run.execution, run.ended) if run.failed else None
        if report and (address := report.address(stack)):
            print_wrapped(console, Text(f"{'':{_INDENT}}report: {address}"), _INDENT)
    if not runs:
        console.print("none yet")


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - _END]} ... {text[-_END:]}"
