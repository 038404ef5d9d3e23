"""Whose signals are shown, and what becomes a curve."""

from __future__ import annotations

from snapshot_report.queries import Count
from snapshot_report.signals import Choice, Panel, Point, choose, panels

COMMENTS = {
    "ecg_1": "ECG lead 1, mV",
    "ecg_2": "ECG lead 2, mV",
    "accel_x": "chest acceleration, m/s2",
    "accel_y": "chest acceleration, m/s2",
}


def test_the_first_subject_that_walks_is_chosen() -> None:
    counts = [Count(1, 11, "running", 900), Count(3, 4, "walking", 50), Count(2, 4, "walking", 20)]
    assert choose(counts) == Choice(2, 4, "walking")


def test_where_nobody_walks_it_is_the_activity_with_most_rows() -> None:
    counts = [Count(1, 0, "null class", 9000), Count(1, 9, "cycling", 10), Count(5, 11, "running", 90)]
    assert choose(counts) == Choice(5, 11, "running")


def test_without_any_activity_nobody_is_chosen() -> None:
    assert choose([Count(1, 0, "null class", 9000)]) is None
    assert choose([]) is None


def row(second: float, **values: str) -> dict[str, str]:
    return {"timestamp": f"2014-01-01 00:00:{second:06.3f}", **values}


def test_columns_that_are_named_alike_are_curves_of_one_panel_in_the_unit_of_the_catalog() -> None:
    rows = [
        row(5, ecg_1="0.5", ecg_2="-0.5", accel_x="-9.8", accel_y="0.1"),
        row(5.02, ecg_1="0.75", ecg_2="", accel_x="-9.7", accel_y="0.2"),
    ]
    assert panels(rows, COMMENTS) == [
        Panel("ECG lead", "mV", (Point("1", 0.0, 0.5), Point("1", 0.02, 0.75), Point("2", 0.0, -0.5))),
        Panel(
            "chest acceleration",
            "m/s2",
            (Point("x", 0.0, -9.8), Point("x", 0.02, -9.7), Point("y", 0.0, 0.1), Point("y", 0.02, 0.2)),
        ),
    ]


def test_only_ten_seconds_are_shown() -> None:
    (panel,) = panels([row(1, ecg_1="1"), row(10.98, ecg_1="2"), row(11, ecg_1="3")], COMMENTS)
    assert [point.value for point in panel.points] == [1, 2]


def test_a_sensor_without_values_has_no_panel() -> None:
    (panel,) = panels([row(1, ecg_1="", accel_x="1.5")], COMMENTS)
    assert panel.quantity == "chest acceleration"
    assert panels([], COMMENTS) == []


def test_a_column_without_a_comment_goes_by_its_name() -> None:
    (panel,) = panels([row(1, spo2_1="98")], {})
    assert (panel.quantity, panel.unit) == ("spo2_1", "")
