"""What a job did and how long it took: one JSON object per line on standard output."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

_run: dict[str, object] = {}


def name_run(*, execution: str, snapshot: int) -> None:
    """Let every line from now on tell which execution and which snapshot it is about."""
    _run.update(execution=execution, snapshot=snapshot)


def log(event: str, **facts: object) -> None:
    """Print one line: `{"event": event, "execution": ..., "snapshot": ..., ...facts}`."""
    print(json.dumps({"event": event, **_run, **facts}, default=str), flush=True)


@contextmanager
def span(name: str, **facts: object) -> Iterator[dict[str, object]]:
    """Log `name` with the seconds that the block took; the block may add facts to the yielded dictionary."""
    found: dict[str, object] = dict(facts)
    started = time.perf_counter()
    try:
        yield found
    finally:
        log(name, seconds=round(time.perf_counter() - started, 3), **found)
