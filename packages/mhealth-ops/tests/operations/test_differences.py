"""Which subjects of two snapshots are compared, and by which query."""

from __future__ import annotations

from typing import Any

from mhealth_ops.operations.differences import _common_columns, _subjects, comparison


def made(snapshot: int, subjects: dict[int, tuple[int, str]], **changes: Any) -> dict[str, Any]:
    """A manifest of `subjects`: rows and sha256 of the source of each."""
    return {
        "snapshot": snapshot,
        "code_version": "c1",
        "recording_start": "2014-01-01T00:00:00Z",
        "columns": ["id string", "accel_x double", "activity_id int", "subject int"],
        "sources": [{"raw_key": f"raw/version={snapshot}/{n}.csv", "sha256": sha} for n, (_, sha) in subjects.items()],
        "files": [
            {"subject": n, "rows": rows, "stage_keys": [f"stage/version={snapshot}/{n}.parquet"]}
            for n, (rows, _) in subjects.items()
        ],
        **changes,
    }


def compared(old: dict[str, Any], new: dict[str, Any]) -> list[int]:
    return [each.number for each in _subjects(old, new) if each.may_differ]


def test_a_subject_of_the_same_source_and_code_is_not_compared() -> None:
    old = made(1, {1: (5, "a"), 2: (5, "b"), 3: (5, "c")})
    new = made(2, {1: (5, "a"), 2: (5, "changed"), 4: (5, "c")})
    assert compared(old, new) == [2]
    assert [(each.number, each.rows) for each in _subjects(old, new)] == [
        (1, (5, 5)),
        (2, (5, 5)),
        (3, (5, None)),
        (4, (None, 5)),
    ]


def test_other_code_or_another_start_may_change_every_value() -> None:
    old = made(1, {1: (5, "a")})
    assert compared(old, made(2, {1: (5, "a")}, code_version="c2")) == [1]
    assert compared(old, made(2, {1: (5, "a")}, recording_start="2020-01-01T00:00:00Z")) == [1]


def test_columns_of_both_are_compared() -> None:
    old = made(1, {1: (5, "a")})
    new = made(2, {1: (5, "a")}, columns=["id string", "accel_x float", "activity_id int", "pulse double"])
    assert _common_columns(old, new) == ["activity_id"], "another type is another column"


def test_the_query_reads_both_snapshots_and_these_subjects_only() -> None:
    sql = comparison(5, 6, [2, 3], ["accel_x"])
    assert sql.count("subject IN (2, 3)") == 2
    assert "snapshot = 5" in sql
    assert "snapshot = 6" in sql
    assert 'a."accel_x" IS DISTINCT FROM b."accel_x"' in sql
