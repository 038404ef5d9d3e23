"""`mhealth status --format json`: the status for programs, with an exit status for monitoring."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from mhealth_ops.operations.health import (
    Health,
    Run,
    health,
    last_ended,
    last_runs,
    last_success,
    schedule,
    what_readers_get,
)
from mhealth_ops.operations.reports import Report
from mhealth_ops.operations.running import how_it_ended
from mhealth_ops.operations.snapshots import manifest, publication, recorded, shown, written
from mhealth_ops.operations.stacks import Stack


def status_document(stack: Stack, *, runs: int, now: datetime) -> tuple[dict[str, Any], Health]:
    """The status as a JSON object, and the health."""
    view = shown(stack)
    readers = what_readers_get(stack, view)
    last = list(last_runs(stack, runs))
    freshness = timedelta(hours=float(stack.parameters["FreshnessHours"]))
    succeeded = last_success(stack)
    found, reasons = health(readers, last_ended(stack), succeeded, now, freshness)
    published = recorded(stack)
    document = {
        "health": found.name.lower(),
        "reasons": reasons,
        "stack": {"name": stack.name, "region": stack.session.region_name, "status": stack.status},
        "published": None if view is None or view.snapshot is None else _published(stack, view.snapshot, view.since),
        "readers": {"complete": readers.complete, "get": readers.text},
        "running": next((_run(stack, each) for each in last if not each.ended), None),
        "last_success": _time(succeeded),
        "freshness_hours": freshness.total_seconds() / 3600,
        "next_run": schedule(stack, now),
        "runs": [_run(stack, each) for each in last],
        "snapshots": [
            {
                "snapshot": each.number,
                "raw_version": each.raw_version,
                "rows": each.rows,
                "subjects": each.subjects,
                "rejected_lines": each.quarantined,
                "published": each.number in published,
            }
            for each in reversed(written(stack))
        ],
    }
    return document, found


def _published(stack: Stack, snapshot: int, since: datetime) -> dict[str, Any]:
    record = publication(stack, snapshot) or {}
    made = manifest(stack, snapshot)
    return {
        "snapshot": snapshot,
        "since": _time(since),
        "rolled_back": max(recorded(stack), default=snapshot) > snapshot,
        **{name: record.get(name) for name in ("dataset", "raw_version", "newest_version", "code_version")},
        "report": Report.on(snapshot).address(stack),
        "rejected": None if made is None else [_rejected(each) for each in made["sources"] if each["quarantined"]],
    }


def _rejected(source: dict[str, Any]) -> dict[str, Any]:
    return {"file": source["name"], "lines": source["lines"], "rejected_lines": source["quarantined"]}


def _run(stack: Stack, run: Run) -> dict[str, Any]:
    report = Report.of_run(run.execution, run.ended)
    return {
        "execution": run.execution,
        "began": _time(run.began),
        "seconds": round(run.seconds, 3),
        "status": run.ended.status if run.ended else "RUNNING",
        "state": run.state,
        "error": (run.ended.error or None) if run.ended else None,
        "result": how_it_ended(run.ended) if run.ended else None,
        "report": report.address(stack) if report else None,
    }


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat(timespec="seconds")


def write_status(stack: Stack, runs: int) -> Health:
    """Write the status as JSON on standard output; return the health."""
    document, found = status_document(stack, runs=runs, now=datetime.now(UTC))
    print(json.dumps(document, indent=1, ensure_ascii=False))
    return found
