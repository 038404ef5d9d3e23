"""The structured log of a job: one JSON object per line on standard output."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

_run: dict[str, object] = {}


def name_run(*, execution: str, snapshot: int) -> None:
    """Add execution and snapshot to every line that is logged from now on."""
    _run.update(execution=execution, snapshot=snapshot)


def log(event: str, **fields: object) -> None:
    """Print one line: `{"event": event, "execution": ..., "snapshot": ..., ...fields}`."""
    print(json.dumps({"event": event, **_run, **fields}, default=str), flush=True)


@contextmanager
def span(name: str, **fields: object) -> Iterator[dict[str, object]]:
    """Log `name` with the seconds that the block took; the block may add fields to the yielded dictionary."""
    logged: dict[str, object] = dict(fields)
    started = time.perf_counter()
    try:
        yield logged
    finally:
        log(name, seconds=round(time.perf_counter() - started, 3), **logged)
