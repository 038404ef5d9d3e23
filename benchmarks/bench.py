"""`make bench`: the comparison, its figures, the targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks import machine
from benchmarks.dataset import Shape, dataset
from benchmarks.implementations import CORES, IMPLEMENTATIONS
from benchmarks.markdown import megabytes, seconds, table
from benchmarks.rounds import at_larger_scale, race, summary
from benchmarks.targets import targets_table

PUBLISHED_SCALE, PUBLISHED_ROUNDS, PUBLISHED_SLOPE = 8, 3, 24
"""The size of the targets, the least rounds of a published figure, and the larger size of the slope."""


def run(
    shape: Shape, rounds: int, names: Sequence[str] = tuple(IMPLEMENTATIONS), larger_scale: int = 0
) -> dict[str, Any]:
    """Run, print and store the comparison. Raises ResultsDiffer and RunFailed, but never because of a figure.

    With `larger_scale`, the quick implementations also run once at that scale, for the slope of their CPU seconds.
    """
    data = dataset(shape)
    print(f"{data.files} files, {data.rows:,} rows, {megabytes(data.raw_bytes)} of CSV, {CORES} cores, {rounds} rounds")
    for implementation in (IMPLEMENTATIONS[name] for name in names):
        if implementation.most_rounds < rounds:
            print(f"{implementation.title}: at most {implementation.most_rounds}, as it is slow")
    about = machine.about()
    runs, verdicts = race(data, rounds, names)
    larger = dataset(Shape(larger_scale)) if larger_scale else None
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
        **({"larger": {"rows": larger.rows, "cpu_seconds": at_larger_scale(larger, names)}} if larger else {}),
    }
    quick_rounds = min((len(runs[name]) for name in names if not IMPLEMENTATIONS[name].is_slow), default=0)
    whole = tuple(names) == tuple(IMPLEMENTATIONS) and shape == Shape(PUBLISHED_SCALE)
    whole = whole and quick_rounds >= PUBLISHED_ROUNDS and larger_scale == PUBLISHED_SLOPE
    path = machine.save("bench", figures, published=whole)
    print(f"\n{race_table(figures)}\n\n{comparison_table(figures)}\n")
    if set(names) == set(IMPLEMENTATIONS):
        # Ratios depend on the size: another size is shown without the published figures.
        print(f"{targets_table(machine.saved() if whole else {'bench': figures})}\n")
    print(f"figures: {path}")
    return figures


def slope(figures: Mapping[str, Any], name: str) -> float | None:
    """The CPU seconds of a million rows more, without those of the starts; None where they were not measured."""
    larger = figures.get("larger", {})
    if name not in larger.get("cpu_seconds", {}):
        return None
    more = larger["cpu_seconds"][name] - figures["summary"][name]["cpu_seconds"]
    return float(more / (larger["rows"] - figures["rows"]) * 1e6)


def race_table(figures: Mapping[str, Any]) -> str:
    """The seconds of each competitor as a Markdown table, the fastest first."""
    found: Mapping[str, Mapping[str, Any]] = figures["summary"]
    ours = found["ours"]["both_median"]
    rows = [
        (
            IMPLEMENTATIONS[name].title,
            seconds(each["convert"]),
            seconds(each["transform"]),
            seconds(each["both"]),
            seconds(each["both_median"]),
            f"{ours / each['both_median']:.2f}",
            f"{each['cpu_seconds'] / figures['rows'] * 1e6:.2f} s",
            "" if (of_a_row := slope(figures, name)) is None else f"{of_a_row:.2f} s",
            megabytes(each["peak_bytes"]),
            megabytes(each["stage_bytes"]),
            megabytes(each["table_bytes"]),
            str(each["rounds"]),
        )
        for name, each in sorted(found.items(), key=lambda item: float(item[1]["both_median"]))
    ]
    head = (
        "tool",
        "hop 1",
        "hop 2",
        "both, minimum",
        "both, median",
        "ours relative to it",
        "CPU per million rows",
        "without starts",
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
