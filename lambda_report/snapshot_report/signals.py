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
    """Whose signals are shown, and of what."""

    subject: int
    activity_id: int
    activity: str


@dataclass(frozen=True)
class Point:
    """A value of a curve, `at` seconds after the first sample."""

    curve: str
    at: float
    value: float


@dataclass(frozen=True)
class Panel:
    """Curves of one quantity in one unit."""

    quantity: str
    unit: str
    points: tuple[Point, ...]


def choose(counts: Sequence[Count]) -> Choice | None:
    """Somebody walking; where nobody walks the activity with most rows; None where there is no activity at all."""
    active = [each for each in counts if each.activity_id != NULL_CLASS]
    walking = [each for each in active if each.activity_id == WALKING]
    candidates = walking or sorted(active, key=lambda each: -each.rows)[:1]
    if not candidates:
        return None
    chosen = min(candidates, key=lambda each: each.subject)
    return Choice(chosen.subject, chosen.activity_id, chosen.activity)


def panels(rows: Sequence[Mapping[str, str]], comments: Mapping[str, str]) -> list[Panel]:
    """The panels of a query's result: its first ten seconds. A sensor without a value has no panel.

    `comments` are those of the table's columns: a quantity, a comma, its unit. Columns that are named alike but for
    the last letter or number (`accel_x`, `accel_y`) are curves of one panel.
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
    """What the columns have in common: the quantity, and its unit, empty where no comment tells one."""
    told = [comment.rpartition(", ") for comment in comments]
    quantities = [quantity or unit for quantity, _, unit in told]
    units = {unit for quantity, _, unit in told if quantity}
    return _common(quantities), units.pop() if len(units) == 1 else ""


def _common(texts: Sequence[str]) -> str:
    """The words with which all texts begin; the first text where that is none."""
    alike = takewhile(lambda words: len(set(words)) == 1, zip(*(text.split() for text in texts), strict=False))
    return " ".join(words[0] for words in alike) or texts[0]
