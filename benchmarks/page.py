"""The tables and pictures of docs/performance.md and docs/scale.md, from the figures in benchmarks/results."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.bench import comparison_table, race_table
from benchmarks.execution import scans_table, states_table
from benchmarks.formats import columns_table, recipes_table
from benchmarks.ingest import ingest_table
from benchmarks.limits import first_met, limits_table
from benchmarks.machine import saved
from benchmarks.pictures import draw_execution, draw_race
from benchmarks.places import PICTURES, ROOT
from benchmarks.scaling import change_table, sizes_table
from benchmarks.targets import Figures, targets_table
from tools.cost.stack import Stack

PAGES = (ROOT / "docs" / "performance.md", ROOT / "docs" / "scale.md")

_OF_A_MEASUREMENT: Mapping[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "race": ("bench", race_table),
    "comparison": ("bench", comparison_table),
    "sizes": ("scaling", sizes_table),
    "one file": ("one_file", sizes_table),
    "change": ("change", change_table),
    "execution": ("execution", states_table),
    "scans": ("execution", scans_table),
    "many": ("many", states_table),
    "ingest": ("ingest", ingest_table),
    "formats": ("formats", recipes_table),
    "columns": ("formats", columns_table),
}
"""Marker to the measurement of the table."""

_PICTURES: Mapping[str, tuple[str, Callable[[Mapping[str, Any], Path], Path]]] = {
    "race": ("Seconds of both hops", draw_race),
    "execution": ("Where the seconds of an execution go", draw_execution),
}
"""Marker to the title of the picture below its table, and the function that draws it."""

_MARKED = re.compile(r"(<!-- table: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def tables(figures: Figures, stack: Stack) -> dict[str, str]:
    """Marker to table, for both pages. A missing measurement is named."""
    made = {
        "targets": targets_table(figures),
        "limits": limits_table(figures, stack),
        "first met": first_met(figures, stack),
    }
    for marker, (source, make) in _OF_A_MEASUREMENT.items():
        command = f"`python -m benchmarks {source.replace('_', '-')}`"
        if source in figures:
            made[marker] = f"{make(dict(figures[source]))}\n\n{_measured(figures[source])}, by {command}."
            if marker in _PICTURES:
                made[marker] += f"\n\n![{_PICTURES[marker][0]}]({PICTURES.name}/{marker}.svg)"
        else:
            made[marker] = f"*Not measured yet:* {command}."
    return made


def _measured(figures: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in figures["versions"].items())
    load = figures["load_before"]
    before = f" after a minute with a load of {load:g}," if load > 1 else ""
    commit = f" of commit {figures['commit']}" if figures.get("commit") else ""
    return (
        f"Measured {figures['date']}{commit},{before} on {figures['cores']} cores, {figures['memory_gb']} GB; "
        f"Python {figures['python']}, {versions}"
    )


def page(text: str, made: Mapping[str, str]) -> str:
    """A page with updated tables. Raises LookupError for a marker without a table."""
    unknown = sorted({name for _, name, _ in _MARKED.findall(text)} - set(made))
    if unknown:
        raise LookupError(f"no tables for the markers {unknown}, expected some of {sorted(made)}")
    return _MARKED.sub(lambda found: f"{found[1]}\n{made[found[2]]}\n\n{found[3]}", text)


def write() -> list[Path]:
    """Update both pages and draw the pictures whose figures exist; return the written files."""
    figures = saved()
    made = tables(figures, Stack.read())
    for path in PAGES:
        path.write_text(page(path.read_text(encoding="utf-8"), made), encoding="utf-8")
    return [*PAGES, *draw(figures, PICTURES)]


def draw(figures: Figures, folder: Path) -> list[Path]:
    """Draw the pictures whose figures exist; return their files."""
    drawn = []
    for marker, (_, picture) in _PICTURES.items():
        source = _OF_A_MEASUREMENT[marker][0]
        if source in figures:
            drawn.append(picture(figures[source], folder / f"{marker}.svg"))
    return drawn
