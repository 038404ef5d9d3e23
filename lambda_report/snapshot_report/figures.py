"""The figures of the report: rows per subject and activity, seconds per stage, a sample of the signals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from snapshot_report.charts import Figure, figure, names_axis, number, values
from snapshot_report.costs import Stage
from snapshot_report.queries import Count
from snapshot_report.signals import NULL_CLASS, SECONDS, Choice, Panel
from snapshot_report.trend import Run

MOST_GROUPS = 25
"""The most bars or columns of a figure: more subjects are grouped with their neighbours."""

_THOUSAND = 1000

_CURVES = ["var(--curve-1)", "var(--curve-2)", "var(--curve-3)"]
_SHADES = [f"var(--shade-{place})" for place in range(1, 7)]


def subject_groups(subjects: Iterable[int]) -> dict[int, str]:
    """The label of each subject's group: the subject's own number, or `first-last` of as many neighbours as needed."""
    ordered = sorted(set(subjects))
    size = -(-len(ordered) // MOST_GROUPS) or 1
    groups: dict[int, str] = {}
    for start in range(0, len(ordered), size):
        members = ordered[start : start + size]
        label = str(members[0]) if len(members) == 1 else f"{members[0]}-{members[-1]}"
        groups |= dict.fromkeys(members, label)
    return groups


def _grouped(groups: dict[int, str]) -> str:
    """The title of the horizontal axis."""
    size = max((list(groups.values()).count(label) for label in set(groups.values())), default=1)
    return "subject" if size == 1 else f"subjects, {size} at a time"


def rows_per_subject(counts: Sequence[Count]) -> Figure:
    """A stacked bar for each subject or group of subjects: rows of activities, rows of the null class on top."""
    groups = subject_groups(each.subject for each in counts)
    order = list(dict.fromkeys(groups.values()))
    kinds = ("an activity", "null class")
    rows = {(label, kind): 0 for label in order for kind in kinds}
    for each in counts:
        rows[groups[each.subject], kinds[each.activity_id == NULL_CLASS]] += each.rows
    slanted = {"labelAngle": 0 if len(order) <= 12 and _grouped(groups) == "subject" else -60}
    return figure(
        "Rows per subject",
        f"Bars: rows of {len(set(groups))} subjects, together {sum(each.rows for each in counts):,}.",
        {
            "height": 220,
            "data": values([{"subject": a, "kind": b, "rows": n, "at": kinds.index(b)} for (a, b), n in rows.items()]),
            "mark": {"type": "bar"},
            "encoding": {
                "x": {"field": "subject", "type": "nominal", "sort": order, "title": _grouped(groups), "axis": slanted},
                "y": number("rows", "rows"),
                "order": {"field": "at"},
                "color": {
                    "field": "kind",
                    "scale": {"domain": kinds, "range": ["var(--bar)", "var(--bar-pale)"]},
                    "legend": {"title": None},
                },
            },
        },
    )


def rows_per_activity(counts: Sequence[Count]) -> Figure:
    """A bar for each activity. The null class, which has far more rows, is a note."""
    names = _activities(counts)
    rows = dict.fromkeys(names.values(), 0)
    for each in counts:
        if each.activity_id != NULL_CLASS:
            rows[names[each.activity_id]] += each.rows
    null, everything = (sum(each.rows for each in some) for some in (_null(counts), counts))
    share = f"{null / everything:.0%} of all" if everything else "none"
    order = list(rows)
    encoding: dict[str, Any] = {
        "y": names_axis("activity", order),
        "x": number("rows", "rows"),
    }
    return figure(
        "Rows per activity",
        f"Bars: rows of {len(rows)} activities, together {everything - null:,}.",
        {
            "height": {"step": 22},
            "autosize": {"type": "fit-x", "contains": "padding"},
            "data": values([{"activity": name, "rows": n} for name, n in rows.items()]),
            "mark": {"type": "bar", "color": "var(--bar)"},
            "encoding": encoding,
        },
        note=f"Not drawn: {null:,} rows of the null class, {share}.",
    )


def rows_per_subject_and_activity(counts: Sequence[Count]) -> Figure:
    """A heat map of subjects and activities: more rows are darker; a group has its mean; no rows have no cell."""
    names = _activities(counts)
    groups = subject_groups(each.subject for each in counts)
    order = list(dict.fromkeys(groups.values()))
    sizes = {label: list(groups.values()).count(label) for label in order}
    cells: dict[tuple[str, str], float] = {}
    for each in counts:
        if each.activity_id != NULL_CLASS:
            cell = groups[each.subject], names[each.activity_id]
            cells[cell] = cells.get(cell, 0) + each.rows / sizes[groups[each.subject]]
    mean = "rows" if _grouped(groups) == "subject" else "mean rows of a subject"
    slanted = {"labelAngle": 0 if len(order) <= 12 and mean == "rows" else -60}
    return figure(
        "Rows per subject and activity",
        f"A grid: {len(order)} columns of subjects, {len(names)} lines of activities, stronger with more rows.",
        {
            "height": {"step": 22},
            "autosize": {"type": "fit-x", "contains": "padding"},
            "data": values([{"subject": a, "activity": b, "rows": round(n)} for (a, b), n in cells.items()]),
            "mark": {"type": "rect", "stroke": "var(--card)", "strokeWidth": 2},
            "encoding": {
                "x": {"field": "subject", "type": "nominal", "sort": order, "title": _grouped(groups), "axis": slanted},
                "y": names_axis("activity", list(names.values())),
                "color": {
                    "field": "rows",
                    "type": "quantitative",
                    "scale": {"type": "threshold", "domain": _steps(max(cells.values(), default=1)), "range": _SHADES},
                    "legend": {"title": mean, "format": "~s", "gradientThickness": 12, "labelSeparation": 10},
                },
            },
        },
        note="A cell that is empty has no row.",
    )


def seconds_per_stage(stages: Sequence[Stage]) -> Figure:
    """A bar for each stage of the run."""
    shown = [each for each in stages if each.seconds]
    return figure(
        "Seconds per stage",
        f"Bars: seconds of {len(shown)} stages, together {sum(each.seconds for each in shown):.1f}.",
        {
            "height": {"step": 26},
            "autosize": {"type": "fit-x", "contains": "padding"},
            "data": values([{"stage": each.name, "seconds": round(each.seconds, 1)} for each in shown]),
            "encoding": {
                "y": names_axis("stage", [each.name for each in shown]),
                "x": {
                    **number("seconds", "seconds", format=",~f"),
                    # Room for the number to the right of the longest bar.
                    "scale": {"domainMax": 1.25 * max((each.seconds for each in shown), default=1), "nice": False},
                },
            },
            "layer": [
                {"mark": {"type": "bar", "color": "var(--bar)"}},
                {
                    "mark": {"type": "text", "align": "left", "dx": 4, "color": "var(--ink)", "fontSize": 12},
                    "encoding": {"text": {"field": "seconds", "format": ".3~r"}},
                },
            ],
        },
    )


def last_runs(runs: Sequence[Run]) -> Figure:
    """Bars for the rows, rejected lines, seconds and US dollars of each run, oldest first; failed runs in red."""
    own = runs[-1].number
    names = [str(run.number) for run in runs]
    quantities: list[tuple[str, str, str, list[float | None]]] = [
        ("Rows", "rows", ",", [run.rows for run in runs]),
        ("Rejected lines", "rejected", ",", [run.rejected for run in runs]),
        ("Seconds", "seconds", ",.0f", [run.seconds for run in runs]),
        ("US dollars", "usd", ",.2f", [run.usd for run in runs]),
    ]
    kinds = ["this run" if run.number == own else "published" if run.published else "failed" for run in runs]

    def chart(title: str, field: str, form: str, found: list[float | None]) -> dict[str, Any]:
        highest = max((each for each in found if each is not None), default=0)
        now = "none" if found[-1] is None else format(found[-1], form)
        rows = [
            {"run": name, field: each, "kind": of} for name, each, of in zip(names, found, kinds, strict=True) if each
        ]
        return {
            "height": 110,
            "title": {
                "text": f"{title}: {now}",
                "anchor": "start",
                "fontSize": 13,
                "fontWeight": 600,
                "color": "var(--ink)",
                "offset": 6,
            },
            "data": values(rows),
            "mark": {"type": "bar"},
            "encoding": {
                "x": {
                    "field": "run",
                    "type": "nominal",
                    "sort": names,
                    "title": None,
                    "axis": None,
                    "scale": {"domain": names},
                },
                "y": {
                    **number(field, title, format="~s" if highest >= _THOUSAND else "~g"),
                    "title": None,
                    "scale": {"domainMin": 0, "domainMax": highest or 1},
                },
                "color": {
                    "field": "kind",
                    "scale": {
                        "domain": ["published", "this run", "failed"],
                        "range": ["var(--bar-pale)", "var(--bar)", "var(--bad)"],
                    },
                    "legend": None,
                },
            },
        }

    return figure(
        "Rows, rejected lines, seconds and cost",
        f"Bars: rows, rejected lines, seconds and US dollars of the last {len(runs)} runs, this one last.",
        *(chart(*each) for each in quantities),
        note="From left to right, oldest first; this run is the last bar. A failed run is red, and has no rows.",
        paired=True,
    )


def signals(choice: Choice, panels: Sequence[Panel]) -> Figure:
    """The curves of each panel, over the same seconds."""
    last = len(panels) - 1
    return figure(
        "A sample of the signals",
        f"Curves: the first {SECONDS:.0f} seconds of subject {choice.subject}, {choice.activity}: "
        f"{', '.join(panel.quantity for panel in panels)}.",
        *(_curves(panel, is_last=place == last) for place, panel in enumerate(panels)),
        note=f"Subject {choice.subject}, {choice.activity}: its first {SECONDS:.0f} seconds.",
    )


def _curves(panel: Panel, *, is_last: bool) -> dict[str, Any]:
    curves = list(dict.fromkeys(point.curve for point in panel.points))
    # ECG lead: 1, 2 reads as lead 1, lead 2. Axes are called x, y, z.
    name = panel.quantity.split()[-1]
    called = {curve: f"{name} {curve}" if curve.isdigit() else curve for curve in curves}
    quantity = panel.quantity[:1].upper() + panel.quantity[1:]
    title = f"{quantity} ({panel.unit.replace('s2', 's²')})" if panel.unit else quantity
    return {
        "height": 190 if is_last else 160,
        "title": {
            "text": title,
            "anchor": "start",
            "fontSize": 13,
            "fontWeight": 600,
            "color": "var(--ink)",
            "offset": 6,
        },
        "data": values(
            [{"curve": called[point.curve], "at": point.at, "value": point.value} for point in panel.points]
        ),
        "mark": {"type": "line", "strokeWidth": 1.4},
        "encoding": {
            "x": {
                "field": "at",
                "type": "quantitative",
                "title": "seconds" if is_last else None,
                "scale": {"domain": [0, SECONDS], "nice": False},
                "axis": {"tickCount": 10, "labels": is_last, "ticks": False, "domain": False, "labelFlush": True},
            },
            "y": {
                "field": "value",
                "type": "quantitative",
                "title": None,
                "scale": {"zero": False},
                "axis": {"tickCount": 4, "ticks": False, "domain": False, "minExtent": 36, "maxExtent": 36},
            },
            "color": {
                "field": "curve",
                "scale": {"domain": list(called.values()), "range": _CURVES[: len(curves)]},
                "legend": {"title": None, "offset": 4},
            },
        },
    }


def _steps(highest: float) -> list[float]:
    """The thresholds between the shades: round numbers; the last shade includes the highest value."""
    least = highest / len(_SHADES)
    power = 10 ** math.floor(math.log10(least))
    step = power * next(round_one for round_one in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if round_one * power >= least)
    return [step * place for place in range(1, len(_SHADES))]


def _null(counts: Sequence[Count]) -> list[Count]:
    return [each for each in counts if each.activity_id == NULL_CLASS]


def _activities(counts: Sequence[Count]) -> dict[int, str]:
    """The names of the activities by id, without the null class."""
    return {
        activity_id: name
        for activity_id, name in sorted({(each.activity_id, each.activity) for each in counts})
        if activity_id != NULL_CLASS
    }
