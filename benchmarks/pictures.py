"""The pictures of docs/performance.md, drawn from the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

from benchmarks.implementations import IMPLEMENTATIONS, OURS

# Deterministic output, so that a picture changes only with its figures.
mpl.rcParams["svg.hashsalt"] = "mhealth"
_WIDTH = 9.0
_COLOURS = (
    "#4c78a8",
    "#f58518",
    "#54a24b",
    "#e45756",
    "#72b7b2",
    "#b279a2",
    "#ff9da6",
    "#9d755d",
    "#bab0ac",
    "#eeca3b",
    "#1f3d66",
    "#8c5a00",
    "#1d5c2a",
    "#7a1f2b",
    "#111111",
    "#8a8f00",
)

Bar = Sequence[tuple[str, float]]
"""Consecutive parts with their seconds."""


def draw_race(bench: Mapping[str, Any], path: Path) -> Path:
    """Seconds of both steps of every implementation, the fastest on top."""
    found = sorted(bench["summary"].items(), key=lambda item: float(item[1]["both"]))
    bars = {
        ("* " if name == OURS.name else "") + IMPLEMENTATIONS[name].title: [
            ("CSV to stage Parquet", each["convert"]),
            ("stage to table", each["both"] - each["convert"]),
        ]
        for name, each in found
    }
    title = f"{bench['rows'] / 1e6:.1f} million rows, {bench['csv_bytes'] / 1e9:.2f} GB of CSV, two cores: seconds"
    return _draw(bars, title, path)


def draw_execution(execution: Mapping[str, Any], path: Path) -> Path:
    """The seconds of an execution by state, and of the two jobs alone."""
    found = execution["execution"]
    parts: list[tuple[str, float]] = []
    rest = 0.0
    for state, took in found["states"].items():
        job = found["jobs"].get(state)
        if job is not None:
            spans = [(f"{state}: {name}", spent) for name, spent in job["spans"].items() if spent >= 0.2]
            parts += [(f"{state}: process and Spark", took - sum(spent for _, spent in spans)), *spans]
        elif took >= 0.2:
            parts.append((state, took))
        else:
            rest += took
    parts.append(("other states", rest))
    bare = execution["bare"]
    bars: dict[str, Bar] = {
        "the whole execution": parts,
        "the two jobs alone": [(f"{hop}, alone", bare[hop]["seconds"]) for hop in ("convert", "transform")],
    }
    return _draw(bars, f"an execution over {execution['rows'] / 1e6:.1f} million rows: seconds", path)


def _draw(bars: Mapping[str, Bar], title: str, path: Path) -> Path:
    labels = list(dict.fromkeys(label for bar in bars.values() for label, _ in bar))
    colours = {label: _COLOURS[place % len(_COLOURS)] for place, label in enumerate(labels)}
    figure, axes = plt.subplots(figsize=(_WIDTH, 1.2 + 0.45 * len(bars) + 0.11 * len(labels)), layout="constrained")
    drawn: set[str] = set()
    for place, (name, bar) in enumerate(bars.items()):
        left = 0.0
        for label, seconds in bar:
            shown = label if label not in drawn else None
            axes.barh(place, seconds, left=left, color=colours[label], edgecolor="white", label=shown)
            drawn.add(label)
            left += seconds
        axes.text(left, place, f" {left:.1f}", va="center")
        del name
    axes.set_yticks(range(len(bars)), list(bars))
    axes.invert_yaxis()
    axes.set_title(title, fontsize=10)
    axes.margins(x=0.08)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    # matplotlib ends lines with a space, which the git hooks remove.
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("".join(f"{line.rstrip()}\n" for line in lines), encoding="utf-8")
    return path
