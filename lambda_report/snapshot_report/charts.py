"""Vega-Lite charts as SVG that takes its colours from the page: light and dark are the page's to decide."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import vl_convert
from markupsafe import Markup

NARROW, WIDE = 320, 920
"""Pixels of a picture on a telephone and on a desk: text must not shrink with the picture, so there is one for each."""

Chart = Mapping[str, Any]
"""A Vega-Lite chart without width."""

_CONFIG = {
    "aria": False,  # the picture as a whole says what it shows, and a table beside it has the numbers
    "font": "system-ui, sans-serif",
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
            "padding": 0,
            "autosize": {"type": "fit", "contains": "padding"},
            "width": width,
            "config": _CONFIG,
            **chart,
        },
        # Data comes with the chart. Nothing is fetched.
        allowed_base_urls=[],
    )
    told = f'role="img" aria-label="{html.escape(summary)}"' if summary else 'aria-hidden="true"'
    # Vega has escaped what is data.
    return Markup(svg.replace("<svg ", f"<svg {told} ", 1))  # noqa: S704


def values(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Data that comes with the chart."""
    return {"values": list(rows)}


def number(field: str, title: str, **more: Any) -> dict[str, Any]:
    """An axis of amounts, from zero, in thousands with a k."""
    axis = {"format": "~s", "tickCount": 5, "domain": False, "ticks": False, **more}
    return {"field": field, "type": "quantitative", "title": title, "axis": axis}
