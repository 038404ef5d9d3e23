"""`make bench`: the comparison, its figures, the targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks import machine
from benchmarks.dataset import Shape, dataset
from benchmarks.implementations import CORES, IMPLEMENTATIONS
from benchmarks.markdown import megabytes, seconds, table
from benchmarks.rounds import race, summary
from benchmarks.targets import targets_table

PUBLISHED_SCALE, PUBLISHED_ROUNDS = 8, 3
"""The size of the targets, and the least rounds of a published figure."""


def run(shape: Shape, rounds: int, names: Sequence[str] = tuple(IMPLEMENTATIONS)) -> dict[str, Any]:
    """Run, print and store the comparison. Raises ResultsDiffer and RunFailed, but never because of a figure."""
    data = dataset(shape)
    print(f"{data.files} files, {data.rows:,} rows, {megabytes(data.raw_bytes)} of CSV, {CORES} cores, {rounds} rounds")
    for implementation in (IMPLEMENTATIONS[name] for name in names):
        if implementation.most_rounds < rounds:
            print(f"{implementation.title}: at most {implementation.most_rounds}, as it is slow")
    about = machine.about()
    runs, verdicts = race(data, rounds, names)
    figures = {
        **about,
        "scale": shape.scale,
        "rounds": rounds,
        "cores_used": CORES,
        "files": data.files,
        "rows": data.rows,
        "csv_bytes": data.raw_bytes,
        "summary": {name: summary(runs[name]) for name in names},
        "compared": verdicts,
        "runs": runs,
    }
    quick_rounds = min((len(runs[name]) for name in names if not IMPLEMENTATIONS[name].is_slow), default=0)
    whole = (
        tuple(names) == tuple(IMPLEMENTATIONS) and shape == Shape(PUBLISHED_SCALE) and quick_rounds >= PUBLISHED_ROUNDS
    )
    path = machine.save("bench", figures, published=whole)
    print(f"\n{race_table(figures)}\n\n{comparison_table(figures)}\n")
    if set(names) == set(IMPLEMENTATIONS):
        # Ratios depend on the size: another size is shown without the published figures.
        print(f"{targets_table(machine.saved() if whole else {'bench': figures})}\n")
    print(f"figures: {path}")
    return figures


def race_table(figures: Mapping[str, Any]) -> str:
    """The seconds of each competitor as a Markdown table, the fastest first."""
    found: Mapping[str, Mapping[str, Any]] = figures["summary"]
    fastest = min(each["both"] for each in found.values())
    ours = found["ours"]["both"]
    rows = [
        (
            IMPLEMENTATIONS[name].title,
            seconds(each["convert"]),
            seconds(each["transform"]),
            seconds(each["both"]),
            seconds(each["both_median"]),
            f"{each['both'] / fastest:.2f}",
            f"{ours / each['both']:.2f}",
            seconds(each["cpu_seconds"]),
            megabytes(each["peak_bytes"]),
            megabytes(each["stage_bytes"]),
            megabytes(each["table_bytes"]),
            str(each["rounds"]),
        )
        for name, each in sorted(found.items(), key=lambda item: float(item[1]["both"]))
    ]
    head = (
        "tool",
        "hop 1",
        "hop 2",
        "both, minimum",
        "both, median",
        "relative to fastest",
        "ours relative to it",
        "CPU",
        "peak memory",
        "stage",
        "table",
        "rounds",
    )
    return table(head, rows)


def comparison_table(figures: Mapping[str, Any]) -> str:
    """The comparison of each table with this project's."""
    rows = [(IMPLEMENTATIONS[name].title, summary) for name, summary in figures["compared"].items()]
    return table(("tool", "its table"), rows, words=("its table",))
