"""What the jobs take for published: the view first, then the records, the one seen last first."""

from __future__ import annotations

from pathlib import Path

import pytest

from mhealth.io.catalog import ViewUnreadable
from mhealth.io.connect import storage_at
from mhealth.processed.planner import read_published
from mhealth.processed.published import PublishedSnapshots, published_snapshots
from tests.glue.world import World


class View:
    """A catalog whose view shows a snapshot, None without a view, or what nobody can read."""

    registers_partitions = True

    def __init__(self, shown: int | None, *, unreadable: bool = False) -> None:
        self._shown = shown
        self._unreadable = unreadable

    def published(self, view: str) -> int | None:
        assert view == "mhealth"
        if self._unreadable:
            raise ViewUnreadable("no snapshot")
        return self._shown

    def table(self) -> None:
        raise AssertionError("nobody asked for it")

    def drop_partitions(self, snapshot: int) -> int:
        raise AssertionError(f"nothing goes: {snapshot}")


@pytest.fixture
def place(tmp_path: Path) -> World:
    return World(tmp_path, "any")


def found(place: World, view: View) -> PublishedSnapshots:
    return published_snapshots(storage_at(place.data_uri), "manifests", view, "mhealth")  # type: ignore[arg-type]


def test_the_view_comes_first_then_the_one_seen_last(place: World) -> None:
    place.record(103, "2026-11-13T08:00:00Z")
    place.record(101, "2026-11-14T08:00:00+00:00")  # rolled back to
    place.record(102, "2026-11-12T17:00:00+09:00")
    assert found(place, View(102)).seen == (102, 101, 103)
    assert found(place, View(None)).seen == (101, 103, 102)
    assert found(place, View(7)).seen == (7, 101, 103, 102)


def test_a_view_that_cannot_be_read_shows_nothing_and_that_is_told(place: World) -> None:
    place.record(101)
    assert found(place, View(None, unreadable=True)) == PublishedSnapshots(None, (101,), view_unreadable=True)


def test_what_is_no_record_counts_for_nothing(place: World) -> None:
    place.record(101)
    for name, content in {
        "102.json": [],
        "103.json": {"snapshot": 103},
        "104.json": {"snapshot": 104, "published_at": "yesterday"},
        "105.json": {"snapshot": 999, "published_at": "2026-11-24T03:20:00Z"},
        "0101.json": {"snapshot": 101, "published_at": "2026-11-24T03:20:00Z"},
        "notes.txt": {"snapshot": 106, "published_at": "2026-11-24T03:20:00Z"},
    }.items():
        place.put(f"manifests/publications/{name}", content)
    (place.folder / "manifests/publications/107.json").write_bytes(b"\xff{")
    assert found(place, View(None)).recorded == (101,)


def test_compared_is_with_what_is_left_of_what_readers_saw_last(place: World) -> None:
    storage = storage_at(place.data_uri)
    place.put("processed/snapshot=101/subject=4/part-00000.parquet", "")
    prefixes = {"processed_prefix": "processed", "manifests_prefix": "manifests"}
    published = read_published(storage, (103, 101), **prefixes)  # of 103 nothing is left
    assert (published.snapshot, published.subjects) == (101, frozenset({4}))
    assert read_published(storage, (), **prefixes).snapshot is None
