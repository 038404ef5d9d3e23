"""The limits that growing data reaches first, from measured figures and the template's settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.dataset import Shape
from benchmarks.markdown import table
from tools.cost.stack import Stack

MIB = 1 << 20
GLUE_VCPUS = 4
"""Cores of a G.1X worker; one worker of the job is the driver."""

QUOTAS = {"partitions of a table": 10_000_000, "payload of a state": 256 * 1024, "disk of a function": 10_240 * MIB}
"""Quotas of AWS: Glue, Step Functions, Lambda's ephemeral storage. They are not in the template."""

_CSV_IN_ARCHIVE = 1.0
"""The size of the archive relative to the CSV in the worst case; Kaggle's archives are smaller."""


@dataclass(frozen=True)
class Limit:
    """A limit, how much of it today's data uses, and how to raise it. It is reached at `reached` times today's data."""

    what: str
    allowed: str
    today: str
    reached: float
    lever: str


def limits(figures: Mapping[str, Mapping[str, Any]], stack: Stack) -> list[Limit]:
    """The limits that the measured figures cover, the one that is reached first on top."""
    shape = Shape()
    found: list[Limit] = []

    def add(what: str, allowed: float, today: float, unit: str, scale: float, lever: str) -> None:
        allowed_text, today_text = (f"{_short(value / scale)} {unit}".strip() for value in (allowed, today))
        found.append(Limit(what, allowed_text, today_text, allowed / today, lever))

    function = stack.properties("DownloadFunction")
    if bench := figures.get("bench"):
        csv_bytes = bench["csv_bytes"] / bench["rows"] * shape.total_rows
        table_bytes = bench["summary"]["ours"]["table_bytes"] / bench["rows"] * shape.total_rows
        add(
            "accepted source bytes",
            float(stack.parameters["MaxSourceBytes"]),
            csv_bytes,
            "GB",
            1e9,
            "the parameter `MaxSourceBytes`, which protects against a wrong dataset",
        )
        add(
            "disk of the function (/tmp), for the archive",
            float(function["EphemeralStorage"]["Size"] * MIB),
            csv_bytes * _CSV_IN_ARCHIVE,
            "GB",
            1e9,
            f"`EphemeralStorage`, up to {QUOTAS['disk of a function'] // MIB:,} MB",
        )
        add(
            "bytes scanned by a query: all columns of all subjects",
            float(stack.parameters["MaxBytesScanned"]),
            table_bytes,
            "GB",
            1e9,
            "the parameter `MaxBytesScanned`; a query of one subject does not grow",
        )
        workers = (int(stack.parameters["GlueWorkers"]) - 1) * GLUE_VCPUS
        ours = bench["summary"]["ours"]
        for job, hop in (("ConvertParquetJob", "convert"), ("GlueTransformJob", "transform")):
            on_glue = ours[hop] / bench["rows"] * shape.total_rows * bench["cores_used"] / workers
            add(
                f"time of {job}, at this machine's speed on {workers} cores",
                float(stack.properties(job)["Timeout"] * 60),
                on_glue,
                "s",
                1,
                "`GlueWorkers`: every source file is a separate task, a large one several",
            )
    if ingest := figures.get("ingest"):
        each = ingest["handler_seconds"] / ingest["rows"] * shape.total_rows
        add(
            "time of the function, at this machine's speed",
            float(function["Timeout"]),
            each,
            "s",
            1,
            "none in Lambda: a Map state with a function for each file, or a container task",
        )
        memory = float(function["MemorySize"] * MIB)
        found.append(
            Limit(
                "memory of the function",
                f"{memory / 1e6:,.0f} MB",
                f"{ingest['peak_bytes'] / 1e6:,.0f} MB at {ingest['source_bytes'] / 1e9:.1f} GB",
                float("inf"),
                "not needed: it does not grow with the data",
            )
        )
    snapshots = int(stack.parameters["KeepSnapshots"]) + 1
    add(
        "partitions in the catalog",
        QUOTAS["partitions of a table"],
        snapshots * len(shape.subjects),
        "",
        1,
        "`KeepSnapshots`, or partition projection, which needs no partitions",
    )
    if many := figures.get("many"):
        per_file = many["documents"]["snapshot manifest"] / many["subjects"]
        found.append(
            Limit(
                "payload between states",
                f"{QUOTAS['payload of a state'] // 1024} KiB",
                f"no list of files: the snapshot manifest ({per_file:,.0f} bytes a file) is passed by key",
                float("inf"),
                "not needed",
            )
        )
    return sorted(found, key=lambda limit: limit.reached)


def limits_table(figures: Mapping[str, Mapping[str, Any]], stack: Stack) -> str:
    """The limits as a Markdown table."""
    rows = [(each.what, each.allowed, each.today, _times(each.reached), each.lever) for each in limits(figures, stack)]
    head = ("limit", "allowed", "today's data", "reached at", "how to raise it")
    return table(head, rows, words=("how to raise it",))


def first_met(figures: Mapping[str, Mapping[str, Any]], stack: Stack, factors: Sequence[int] = (100, 10_000)) -> str:
    """The limits that are reached at some multiples of the data, in order."""
    rows = []
    for factor in factors:
        met = [each.what for each in limits(figures, stack) if each.reached <= factor]
        rows.append((f"{factor:,} times", "; ".join(met) or "none"))
    head = ("data", "limits that are reached, in order")
    return table(head, rows, words=head)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}"


def _times(factor: float) -> str:
    return "never" if factor == float("inf") else f"{factor:,.0f} times"
