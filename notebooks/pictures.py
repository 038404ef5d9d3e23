"""The style of the notebooks' pictures: a colour-blind-safe palette, one size, a credit line."""

from __future__ import annotations

from collections.abc import Iterable

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

# Okabe and Ito: https://jfly.uni-koeln.de/color/
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = (
    *("#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7"),
)
GREY = "#BBBBBB"

CHEST, ANKLE, ARM = BLUE, VERMILION, GREEN
"""The colour of each sensor's position."""

KINDS = {
    "no label": (GREY, (0,)),
    "at rest": (SKY, (1, 2, 3)),
    "on foot or wheels": (VERMILION, (4, 5, 9, 10, 11)),
    "exercise in place": (GREEN, (6, 7, 8, 12)),
}
"""Groups of similar activities: colour and activity_id. Thirteen colours would be indistinguishable."""

COLOUR_OF = {activity: colour for colour, activities in KINDS.values() for activity in activities}


def use_style() -> None:
    """Set sizes and colours for all later figures."""
    mpl.rcParams.update(
        {
            "figure.figsize": (11, 4.5),
            "figure.dpi": 100,
            "figure.constrained_layout.use": True,
            "axes.prop_cycle": mpl.cycler(color=[BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK]),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#E5E5E5",
            "axes.titlelocation": "left",
            "legend.frameon": False,
            "font.size": 11,
        }
    )


def sign(figure: Figure, source: str) -> None:
    """Write the credit line below the picture."""
    figure.supxlabel(source, x=0.99, ha="right", fontsize=8, color="#666666")


def write_inside(panel: Axes, labels: Iterable[tuple[float, float, float, str]], size: float) -> None:
    """Write each label (start, width, y, words) in the middle of its bar; turned, or smaller, where the bar is narrow.

    Call it last: a bar's width in points depends on everything else in the figure.
    """
    figure = panel.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    for start, width, y, words in labels:
        (left, _), (right, _) = panel.transData.transform([(start, y), (start + width, y)])
        room = 0.9 * (right - left) * 72 / figure.dpi
        extent = TextPath((0, 0), words, size=size).get_extents()
        turned = extent.width > room
        smaller = min(1.0, room / extent.height) if turned else 1.0
        panel.text(
            *(start + width / 2, y, words),
            ha="center",
            va="center_baseline" if not turned else "center",
            zorder=4,
            rotation=90 if turned else 0,
            fontsize=size * smaller,
        )
