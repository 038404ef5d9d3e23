"""What differs between two manifests."""

from __future__ import annotations

from dataclasses import replace

from snapshot_report.changes import Setting, SourceChange, changes

from .sample import before, snapshot

NOW = snapshot((100, 200, 300))


def test_the_same_again_is_no_change() -> None:
    same = replace(NOW, number=1, files=tuple(replace(file, carried=True) for file in NOW.files))
    reported = changes(same, same)
    assert (reported.settings, reported.sources, reported.came, reported.gone) == ((), (), (), ())
    assert (reported.carried, reported.remade, reported.rows, reported.quarantined) == (3, 0, 0, 0)


def test_sources_that_changed_or_came_are_named_with_their_rows() -> None:
    reported = changes(before(NOW), NOW)
    assert reported.sources == (
        SourceChange("mHealth_subject1", "changed", -3, 2),
        SourceChange("mHealth_subject3", "new", 300, 0),
    )
    assert (reported.came, reported.gone, reported.before) == ((3,), (), 20261123080000)
    assert (reported.rows, reported.quarantined) == (297, 2)
    assert reported.settings == (Setting("version of the dataset", "1", "2"),)


def test_sources_and_subjects_that_went_are_named() -> None:
    reported = changes(NOW, before(NOW))
    assert reported.sources[1] == SourceChange("mHealth_subject3", "gone", -300, 0)
    assert reported.gone == (3,)


def test_the_same_file_read_otherwise_is_a_change() -> None:
    first, *others = NOW.sources
    stricter = replace(NOW, sources=(replace(first, rows=99, quarantined=3), *others))
    assert changes(NOW, stricter).sources == (SourceChange("mHealth_subject1", "read otherwise", -1, 1),)


def test_settings_that_make_rows_are_compared() -> None:
    other = replace(
        NOW,
        dataset="other/data",
        code_version="new",
        recording_start="2015-01-01T00:00:00+00:00",
        columns=(*NOW.columns, "spo2 double"),
    )
    assert changes(NOW, other).settings == (
        Setting("dataset", "nirmalsankalana/mhealth-dataset-data-set", "other/data"),
        Setting("code version", "23609b0dd73cf85d", "new"),
        Setting("start of the recordings", "2014-01-01T00:00:00+00:00", "2015-01-01T00:00:00+00:00"),
        Setting("columns of the table", "3 columns", "spo2 double"),
    )
