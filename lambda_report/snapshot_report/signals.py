"""A few seconds of one subject's signals, as panels of curves with the units of the catalog's table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from snapshot_report.queries import Count

NULL_CLASS = 0
"""The activity_id of rows that belong to no activity."""

WALKING = 4
SECONDS = 10.0
SAMPLES_PER_SECOND = 50
"""Of the dataset: Banos et al. 2014."""


@dataclass(frozen=True)
class Choice:
    """The subject and the activity whose signals are shown."""

    subject: int
    activity_id: int
    activity: str


@dataclass(frozen=True)
class Point:
    """A point of a curve, `at` seconds after the first sample."""

    curve: str
    at: float
    value: float


@dataclass(frozen=True)
class Panel:
    """The curves of one quantity in one unit."""

    quantity: str
    unit: str
    points: tuple[Point, ...]


def choose(counts: Sequence[Count]) -> Choice | None:
    """The first subject with rows of walking, else the activity with the most rows; None without any activity."""
    active = [each for each in counts if each.activity_id != NULL_CLASS]
    walking = [each for each in active if each.activity_id == WALKING]
    candidates = walking or sorted(active, key=lambda each: -each.rows)[:1]
    if not candidates:
        return None
    chosen = min(candidates, key=lambda each: each.subject)
    return Choice(chosen.subject, chosen.activity_id, chosen.activity)


def panels(rows: Sequence[Mapping[str, str]], comments: Mapping[str, str]) -> list[Panel]:
    """The panels of the first ten seconds of a query's result. A sensor without values has no panel.

    `comments` are the comments of the table's columns: quantity, comma, unit. Columns whose names differ only in the
    last letter or digit (`accel_x`, `accel_y`) are curves of one panel.
    """
    if not rows:
        return []
    times = [datetime.fromisoformat(row["timestamp"]) for row in rows]
    offsets = [(time - times[0]).total_seconds() for time in times]
    shown = [(at, row) for at, row in zip(offsets, rows, strict=True) if 0 <= at < SECONDS]
    groups: dict[str, list[str]] = {}
    for column in rows[0]:
        if match := re.fullmatch(r"(\w+)_([xyz]|\d)", column):
            groups.setdefault(match[1], []).append(column)
    made = []
    for name, columns in groups.items():
        points = tuple(
            Point(column.removeprefix(f"{name}_"), round(at, 2), float(row[column]))
            for column in columns
            for at, row in shown
            if row[column]
        )
        if points:
            made.append(Panel(*_quantity([comments.get(column, column) for column in columns]), points))
    return made


def _quantity(comments: Sequence[str]) -> tuple[str, str]:
    """The common quantity and unit of the columns; the unit is empty where no comment has one."""
    parts = [comment.rpartition(", ") for comment in comments]
    quantities = [quantity or unit for quantity, _, unit in parts]
    units = {unit for quantity, _, unit in parts if quantity}
    return _common(quantities), units.pop() if len(units) == 1 else ""


def _common(texts: Sequence[str]) -> str:
    """The words that all texts begin with; the first text where there are none."""
    alike = takewhile(lambda words: len(set(words)) == 1, zip(*(text.split() for text in texts), strict=False))
    return " ".join(words[0] for words in alike) or texts[0]
