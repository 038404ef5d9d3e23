"""Labels are inside their bars, whatever the bar's width."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from tools.paths import NOTEBOOKS


@pytest.mark.parametrize("minutes", [0.25, 0.34, 1.0, 3.0])
def test_a_label_is_drawn_inside_its_bar(monkeypatch: pytest.MonkeyPatch, minutes: float) -> None:
    """The bar is yellow and the label black: no black pixel is left or right of the bar."""
    monkeypatch.syspath_prepend(str(NOTEBOOKS))
    monkeypatch.setenv("MPLBACKEND", "agg")
    from matplotlib import pyplot as plt
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from pictures import use_style, write_inside

    with mpl.rc_context():
        plt.switch_backend("agg")
        use_style()
        figure, panel = plt.subplots(figsize=(11, 3))
        panel.axis("off")
        panel.set_xlim(0, 45)
        panel.set_ylim(0, 1)
        panel.broken_barh([(20, minutes)], (0.1, 0.8), facecolors="yellow", linewidth=0)
        write_inside(panel, [(20, minutes, 0.5, "12")], size=8)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        drawn = np.asarray(canvas.buffer_rgba()).astype(int)
        plt.close(figure)
    white, blue = drawn[..., :3].min(axis=2) > 250, drawn[..., 2]
    yellow = (drawn[..., 0] > 200) & (drawn[..., 1] > 200) & (blue < 60)
    columns = np.flatnonzero(yellow.any(axis=0))
    black = np.flatnonzero((drawn[..., :3].max(axis=2) < 110).any(axis=0))
    assert len(black) >= 4, "the label can be read"
    assert columns.min() <= black.min()
    assert black.max() <= columns.max()
    outside = np.r_[0 : columns.min() - 1, columns.max() + 2 : drawn.shape[1]]
    assert white[:, outside].all(), "nothing is drawn beside the bar"
