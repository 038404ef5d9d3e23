"""The style of the notebooks' pictures: a colour-blind-safe palette, one size, a credit line."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.figure import Figure

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
