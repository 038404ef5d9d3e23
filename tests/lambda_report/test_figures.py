"""The pictures: what is drawn, by the data in the SVG."""

from __future__ import annotations

import re

import pytest

from snapshot_report import figures
from snapshot_report.charts import Figure
from snapshot_report.queries import Count
from snapshot_report.signals import Choice
from snapshot_report.trend import Run

from .sample import ROWS, counts, panels, report

TWO = [
    Count(1, 0, "null class", 600),
    Count(1, 4, "walking", 250),
    Count(1, 11, "running", 100),
    Count(2, 4, "walking", 50),
]


def texts(figure: Figure) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", "".join(figure.wide))


def marks(figure: Figure) -> str:
    """The bars or cells of the wide picture, without axes and legend."""
    found = re.search(r'<g class="mark-rect role-mark[^"]*"[^>]*>(.*?)</g>', "".join(figure.wide), re.DOTALL)
    return found[1] if found else ""


def bars(figure: Figure) -> list[str]:
    """Every bar or cell, by its outline."""
    return re.findall(r'd="(M[^"]+)"', marks(figure))


def test_ten_subjects_are_ten_bars_each_of_two_parts() -> None:
    figure = figures.rows_per_subject(counts())
    assert len(bars(figure)) == 20
    assert {"1", "10", "an activity", "null class", "subject", "rows", "150k"} <= set(texts(figure))
    assert figure.summary == f"Bars: rows of 10 subjects, together {sum(ROWS):,}."


def test_bars_are_as_long_as_their_rows() -> None:
    figure = figures.rows_per_activity(TWO)
    widths = [float(match) for match in re.findall(r"M[\d.]+,[\d.]+h([\d.]+)", " ".join(bars(figure)))]
    assert widths[0] / widths[1] == pytest.approx(3, rel=0.01)  # walking 300, running 100
    assert [text for text in texts(figure) if text in ("walking", "running")] == ["walking", "running"]
    assert figure.note == "Not drawn: 600 rows of the null class, 60% of all."


def test_a_cell_for_each_subject_and_activity_that_has_rows_stronger_with_more() -> None:
    figure = figures.rows_per_subject_and_activity(TWO)
    assert len(bars(figure)) == 3
    fills = re.findall(r'fill="var\(--shade-(\d)\)"', marks(figure))
    # Steps of 50: 250 is in the sixth shade, 100 in the third, 50 in the second.
    assert sorted(fills) == ["2", "3", "6"]
    assert {"50", "100", "150", "200", "250"} <= set(texts(figure))


def test_two_thousand_subjects_are_shown_in_groups_of_neighbours() -> None:
    many = [Count(subject, 4, "walking", 10 * (1 + subject % 2)) for subject in range(1, 2001)]
    labels = figures.subject_groups(range(1, 2001))
    assert (labels[1], labels[80], labels[81], labels[2000]) == ("1-80", "1-80", "81-160", "1921-2000")
    assert len(set(labels.values())) == 25
    figure = figures.rows_per_subject_and_activity(many)
    assert len(bars(figure)) == 25
    assert {"1-80", "subjects, 80 at a time", "mean rows of a subject"} <= set(texts(figure))
    assert len("".join(figure.wide + figure.narrow)) < 100_000


def test_as_many_subjects_as_bars_stay_alone() -> None:
    assert figures.subject_groups(range(1, 26))[25] == "25"
    assert figures.subject_groups(range(1, 27))[26] == "25-26"


def test_signals_have_a_panel_for_each_quantity_with_its_unit() -> None:
    figure = figures.signals(Choice(7, 4, "walking"), panels())
    assert len(figure.wide) == len(figure.narrow) == 2
    shown = texts(figure)
    assert {"ECG lead (mV)", "Chest acceleration (m/s²)", "lead 1", "lead 2", "x", "y", "z"} <= set(shown)
    assert shown.count("seconds") == 1
    assert figure.note == "Subject 7, walking: its first 10 seconds."


def test_the_last_runs_have_a_bar_for_each_number_that_a_run_has() -> None:
    runs = [Run(20261121080000, "published", 4000, 0, 50, 0.2), Run(20261122080000, "Down", None, None, 10, 0.1)]
    figure = figures.last_runs([*runs, Run(20261123080000, "published", 8000, 2, 40, 0.25)])
    assert len(figure.wide) == len(figure.narrow) == 4
    assert {"Rows: 8,000", "Rejected lines: 2", "Seconds: 40", "US dollars: 0.25"} <= set(texts(figure))
    heights = [[float(high) for high in re.findall(r"h[\d.]+v([\d.]+)h", svg)] for svg in figure.wide]
    rows, rejected, seconds, _ = [
        re.findall(r'aria-roledescription="bar"|fill="var\(--(bar|bar-pale|bad)\)"', svg) for svg in figure.wide
    ]
    assert (rows, rejected, seconds) == (["bar-pale", "bar"], ["bar"], ["bar-pale", "bad", "bar"]), heights


def test_a_picture_says_what_it_shows_once_and_has_no_colour_of_its_own() -> None:
    for figure in (
        figures.rows_per_subject(counts()),
        figures.rows_per_activity(counts()),
        figures.rows_per_subject_and_activity(counts()),
        figures.signals(Choice(1, 4, "walking"), panels()),
        figures.last_runs(report().runs),
    ):
        for svgs in (figure.narrow, figure.wide):
            svg = "".join(svgs)
            assert svg.count(f'role="img" aria-label="{figure.summary}"') == 1
            assert svg.count("<svg ") == len(svgs)
            assert svg.count("<svg aria-hidden") == len(svgs) - 1
            colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg)) - {"none", "transparent"}
            assert all(colour.startswith("var(--") for colour in colours), colours
            assert "style=" not in svg, "the page's policy allows no style of an element"
