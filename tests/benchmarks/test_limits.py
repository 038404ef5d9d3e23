"""Which limit is met first: computed by hand from the template's defaults and made-up figures."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.limits import first_met, limits
from tools.cost.stack import Stack

ROWS = 1_215_745
FIGURES: dict[str, Any] = {
    "bench": {
        "rows": ROWS,
        "csv_bytes": 200_000_000,
        "cores_used": 2,
        "summary": {"ours": {"convert": 6.0, "transform": 12.0, "table_bytes": 100_000_000}},
    },
    "ingest": {"rows": ROWS, "handler_seconds": 9.0, "peak_bytes": 90_000_000, "source_bytes": 200_000_000},
}


@pytest.fixture
def stack() -> Stack:
    return Stack.read()


def test_a_limit_is_reached_where_the_data_fills_it(stack: Stack) -> None:
    reached = {limit.what: round(limit.reached, 1) for limit in limits(FIGURES, stack)}
    assert reached == {
        "disk of the function (/tmp), for the archive": 10.7,  # 2048 MiB by 200 MB
        "accepted source bytes": 20.0,  # 4 GB by 200 MB
        "time of the function, at this machine's speed": 100.0,  # 900 s by 9 s
        "bytes scanned by a query: all columns of all subjects": 107.4,  # 10 GiB by 100 MB
        "time of GlueTransformJob, at this machine's speed on 4 cores": 300.0,  # 1800 s by 12 s on two of four cores
        "time of ConvertParquetJob, at this machine's speed on 4 cores": 600.0,
        "partitions in the catalog": 250_000.0,  # 10 million by ten subjects in four snapshots
        "memory of the function": float("inf"),
    }
    assert list(reached.values()) == sorted(reached.values())


def test_another_setting_moves_its_limit(stack: Stack) -> None:
    wider = Stack(stack.template, stack.definition, **stack.parameters | {"MaxSourceBytes": 40_000_000_000})
    (moved,) = [limit for limit in limits(FIGURES, wider) if limit.what == "accepted source bytes"]
    assert (moved.allowed, moved.today, moved.reached) == ("40 GB", "0.20 GB", 200.0)


def test_what_is_met_is_told_in_order(stack: Stack) -> None:
    (only,) = first_met(FIGURES, stack, factors=(50,)).splitlines()[2:]
    met = only.strip("| ").split("|")[1].strip()
    assert met == "disk of the function (/tmp), for the archive; accepted source bytes"
