"""The targets and the figures: each is a ratio within one measurement, or memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.markdown import table

Figures = Mapping[str, Mapping[str, Any]]
"""The figures by name of measurement."""


@dataclass(frozen=True)
class Target:
    """A target: `figure` must be at most `target`, ideally at most `stretch`.

    `source` is the measurement of the figure: `python -m benchmarks SOURCE`.
    """

    what: str
    target: float
    stretch: float
    source: str
    figure: Callable[[Mapping[str, Any]], float]
    unit: str = ""

    def found(self, figures: Figures) -> float | None:
        """The figure, None without its measurement, or where that is older than the target."""
        measured = figures.get(self.source)
        try:
            return None if measured is None else self.figure(measured)
        except KeyError:
            return None


def _ratio(numerator: str, denominator: str) -> Callable[[Mapping[str, Any]], float]:
    def figure(bench: Mapping[str, Any]) -> float:
        found = bench["summary"]
        return float(found[numerator]["both_median"] / found[denominator]["both_median"])

    return figure


def _slope(bench: Mapping[str, Any]) -> float:
    """The CPU seconds of a row against Polars', without starts."""
    rows = bench["larger"]["rows"] - bench["rows"]

    def of_a_row(name: str) -> float:
        return float((bench["larger"]["cpu_seconds"][name] - bench["summary"][name]["cpu_seconds"]) / rows)

    return of_a_row("ours") / of_a_row("with_polars")


def _of_csv(bench: Mapping[str, Any]) -> float:
    return float(bench["summary"]["ours"]["table_bytes"] / bench["csv_bytes"])


def _memory_growth(scaling: Mapping[str, Any]) -> float:
    small, large = scaling["sizes"]["8"], scaling["sizes"]["32"]
    return float(large["peak_bytes"] / small["peak_bytes"])


def _time_growth(scaling: Mapping[str, Any]) -> float:
    small, large = scaling["sizes"]["8"], scaling["sizes"]["32"]
    return float((large["both"] / large["rows"]) / (small["both"] / small["rows"]))


TARGETS: Sequence[Target] = (
    Target("both jobs against Polars", 2.1, 1.5, "bench", _ratio("ours", "with_polars")),
    Target("both jobs against DuckDB", 1.7, 1.2, "bench", _ratio("ours", "with_duckdb")),
    Target("CPU seconds per row against Polars, without starts", 1.5, 1.1, "bench", _slope),
    Target("both jobs against Spark as its experts write it", 0.30, 0.22, "bench", _ratio("ours", "spark_expert")),
    Target("both jobs against Spark as usually written", 0.45, 0.33, "bench", _ratio("ours", "spark_usual")),
    Target(
        "2,000 small files, both jobs on local files", 60, 30, "many", lambda found: float(found["jobs"]["both"]), " s"
    ),
    Target(
        "2,000 small files, the whole execution",
        300,
        150,
        "many",
        lambda found: float(found["execution"]["seconds"]),
        " s",
    ),
    Target("peak memory of a job's process tree, K = 32 against K = 8", 1.15, 1.0, "scaling", _memory_growth),
    Target("seconds per row, K = 32 against K = 8", 1.05, 0.95, "scaling", _time_growth),
    Target("Parquet bytes against CSV bytes", 0.40, 0.30, "bench", _of_csv),
    Target(
        "bytes scanned for three columns of one subject of ten, against the CSV",
        0.005,
        0.003,
        "execution",
        lambda found: float(found["scans"]["one subject, three columns"] / found["csv_bytes"]),
    ),
    Target(
        "one changed subject of 80 against the full run",
        0.25,
        0.15,
        "change",
        lambda found: float(found["changed"]["both"] / found["full"]["both"]),
    ),
    Target(
        "ingest, 1 file of 2 GB: peak memory", 300, 150, "ingest", lambda found: float(found["peak_bytes"] / 1e6), " MB"
    ),
)


def verdict(target: Target, figure: float | None) -> str:
    """The verdict on the figure."""
    if figure is None:
        return "not measured"
    if figure <= target.stretch:
        return "stretch met"
    return "met" if figure <= target.target else "**missed**"


def targets_table(figures: Figures) -> str:
    """The targets with their figures, as a Markdown table."""
    rows = []
    for target in TARGETS:
        found = target.found(figures)
        figure = "" if found is None else f"{_number(found)}{target.unit}"
        limits = (f"{_number(limit)}{target.unit}" for limit in (target.target, target.stretch))
        rows.append((target.what, figure, *limits, verdict(target, found), f"`{target.source}`"))
    head = ("what", "figure", "target", "stretch", "result", "measured by")
    return table(head, rows, words=("result", "measured by"))


def _number(value: float) -> str:
    """Three significant digits, without an exponent.

    >>> [_number(value) for value in (0.00481, 0.4, 2.0, 143.2)]
    ['0.0048', '0.40', '2.00', '143']
    """
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"
