"""Vega-Lite charts as SVG. Colours are CSS variables of the page, so that light and dark mode work.

Rendered by vl-convert, which has no dependencies and loads in milliseconds. Matplotlib needs NumPy and writes fixed
colours.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import vl_convert
from markupsafe import Markup

from snapshot_report.labels import with_widths

NARROW, WIDE = 320, 920
"""Widths in pixels for phones and for desktops: each figure is rendered twice, so that its text never shrinks."""

_HALF = 450
"""The width of a chart that shares a line with another one on desktops."""

Chart = Mapping[str, Any]
"""A Vega-Lite chart without width."""

FONT = "Arial, Liberation Sans, Helvetica, sans-serif"
"""Font of the figures (also in page.css); these fonts have the same widths."""

_WIDEST = 7.0  # pixels per letter of a wide font at 12 pixels
_SQUARE = 12.0  # pixels
_MOST_ROOM = 178
_MARGIN = 4  # pixels

_CONFIG: dict[str, Any] = {
    "aria": False,  # the figure has one label for its whole, and a table beside it has the numbers
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
    """A figure in both widths, as one or more SVGs; `summary` is its text for screen readers.

    They are stacked, or `paired`: two on a line on desktops.
    """

    title: str
    summary: str
    note: str
    narrow: tuple[Markup, ...]
    wide: tuple[Markup, ...]
    paired: bool = False


def figure(title: str, summary: str, *charts: Chart, note: str = "", paired: bool = False) -> Figure:
    """Render the charts in both widths."""
    narrow, wide = (
        tuple(_svg(chart, width, summary if place == 0 else "") for place, chart in enumerate(charts))
        for width in (NARROW, _HALF if paired else WIDE)
    )
    return Figure(title, summary, note, narrow, wide, paired)


def _svg(chart: Chart, width: int, summary: str) -> Markup:
    """One SVG. With a summary it is an image to screen readers, without one it is hidden from them."""
    svg: str = vl_convert.vegalite_to_svg(
        {
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "background": None,
            # Room for a rotated title in a taller font than the measured one.
            "padding": _MARGIN,
            "autosize": {"type": "fit", "contains": "padding"},
            "width": width,
            "config": _CONFIG | {"legend": _CONFIG["legend"] | {"gradientLength": min(240, width - _MOST_ROOM - 12)}},
            **chart,
        },
        # The data is inline. Nothing is fetched.
        allowed_base_urls=[],
    )
    attributes = f'role="img" aria-label="{html.escape(summary)}"' if summary else 'aria-hidden="true"'
    # Vega has escaped the data.
    return Markup(with_widths(svg.replace("<svg ", f"<svg {attributes} ", 1)))  # noqa: S704


def values(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Inline data of a chart."""
    return {"values": list(rows)}


def number(field: str, title: str, format: str = "~s") -> dict[str, Any]:  # noqa: A002 - Vega's name
    """A quantitative axis from zero; by default labels are in thousands with a k."""
    label = f"datum.value == 0 ? '0' : format(datum.value, '{format}')"
    axis = {"labelExpr": label, "tickCount": 5, "domain": False, "ticks": False}
    return {"field": field, "type": "quantitative", "title": title, "axis": axis}


def names_axis(field: str, names: Sequence[str]) -> dict[str, Any]:
    """A vertical axis of names, wide enough for the longest name in a wide font."""
    room = min(_MOST_ROOM, 8 + max(map(_room, names), default=0))
    axis = {"minExtent": room, "maxExtent": room, "labelLimit": room - 8}
    return {"field": field, "type": "nominal", "sort": list(names), "title": None, "axis": axis}


def _room(name: str) -> float:
    """The pixels that a name takes in a wide font; a letter of East Asia takes a square."""
    return sum(_SQUARE if unicodedata.east_asian_width(letter) in "WF" else _WIDEST for letter in name)
