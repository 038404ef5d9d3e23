"""Vega-Lite charts as SVG that takes its colours from the page: light and dark are the page's to decide.

Drawn by vl-convert: one library that needs no other and loads in milliseconds, where Matplotlib brings NumPy along and
settles every colour while it draws.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import vl_convert
from markupsafe import Markup

from snapshot_report.labels import with_widths

NARROW, WIDE = 320, 920
"""Pixels of a picture on a telephone and on a desk: text must not shrink with the picture, so there is one for each."""

Chart = Mapping[str, Any]
"""A Vega-Lite chart without width."""

FONT = "Arial, Liberation Sans, Helvetica, sans-serif"
"""What pictures are measured in and shown in (page.css): of the same widths on most machines."""

_WIDEST = 7.0  # pixels a letter takes where the page's font is a wide one, at 12 pixels
_MOST_ROOM = 178
_MARGIN = 4  # pixels

_CONFIG: dict[str, Any] = {
    "aria": False,  # the picture as a whole says what it shows, and a table beside it has the numbers
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)",
        "titleColor": "var(--muted)",
        "titleFontWeight": "normal",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "gridColor": "var(--line)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelLimit": 150,
    },
    "axisBand": {"grid": False, "ticks": False, "domain": False},
    "legend": {
        "orient": "top",
        "labelColor": "var(--ink)",
        "titleColor": "var(--muted)",
        "titleFontWeight": "normal",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "labelLimit": 260,
        "columnPadding": 16,
        "gradientStrokeColor": "var(--card)",
        "symbolStrokeWidth": 3,
        "offset": 8,
    },
}


@dataclass(frozen=True)
class Figure:
    """A picture in both widths, as one or more SVGs one below the other; `summary` says in words what it shows."""

    title: str
    summary: str
    note: str
    narrow: tuple[Markup, ...]
    wide: tuple[Markup, ...]


def figure(title: str, summary: str, *charts: Chart, note: str = "") -> Figure:
    """The charts in both widths."""
    narrow, wide = (
        tuple(_svg(chart, width, summary if place == 0 else "") for place, chart in enumerate(charts))
        for width in (NARROW, WIDE)
    )
    return Figure(title, summary, note, narrow, wide)


def _svg(chart: Chart, width: int, summary: str) -> Markup:
    """One SVG; with a summary it is a picture to whoever can't see it, without one it is nothing."""
    svg: str = vl_convert.vegalite_to_svg(
        {
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "background": None,
            # For a title that stands on its side in a font that is taller than the one that was measured.
            "padding": _MARGIN,
            "autosize": {"type": "fit", "contains": "padding"},
            "width": width,
            "config": _CONFIG | {"legend": _CONFIG["legend"] | {"gradientLength": min(240, width - _MOST_ROOM - 12)}},
            **chart,
        },
        # Data comes with the chart. Nothing is fetched.
        allowed_base_urls=[],
    )
    told = f'role="img" aria-label="{html.escape(summary)}"' if summary else 'aria-hidden="true"'
    # Vega has escaped what is data.
    return Markup(with_widths(svg.replace("<svg ", f"<svg {told} ", 1)))  # noqa: S704


def values(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Data that comes with the chart."""
    return {"values": list(rows)}


def number(field: str, title: str, format: str = "~s") -> dict[str, Any]:  # noqa: A002 - Vega's name
    """An axis of amounts, from zero; by default in thousands with a k."""
    label = f"datum.value == 0 ? '0' : format(datum.value, '{format}')"
    axis = {"labelExpr": label, "tickCount": 5, "domain": False, "ticks": False}
    return {"field": field, "type": "quantitative", "title": title, "axis": axis}


def names_axis(field: str, names: Sequence[str]) -> dict[str, Any]:
    """An axis of names, one below the other, with room for the longest also where the page's font is a wide one."""
    room = min(_MOST_ROOM, 8 + _WIDEST * max(map(len, names), default=0))
    axis = {"minExtent": room, "maxExtent": room, "labelLimit": room - 8}
    return {"field": field, "type": "nominal", "sort": list(names), "title": None, "axis": axis}
