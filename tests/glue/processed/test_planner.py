"""What is carried from the published snapshot, and when two snapshots have the same to hold: every input counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mhealth.errors import DuplicateSubject, MissingSubject
from mhealth.io.catalog import Column, TableDefinition
from mhealth.processed.manifest import SnapshotFile, SnapshotManifest, SnapshotSource
from mhealth.processed.planner import Published, SnapshotPlan, Source, check_subjects, new_manifest, plan_snapshot
from mhealth.raw.manifest import RawFile, RawVersion
from mhealth.stage.metadata import StagedSubject, StageMetadata

RAW = RawFile("all", "all.csv", None, ("ecg_1", "label", "subject"), 1, "ab", 8, "raw/version=1/all.csv", "1dent1ty")
METADATA = StageMetadata(
    "c0de", RAW.raw_key, "ab", 8, 7, 1, (StagedSubject(1, 5, 4), StagedSubject(2, 3, 3)), raw="1dent1ty"
)
SOURCE = Source(RAW, "stage/version=1/all.parquet", METADATA)
FILES = tuple(
    SnapshotFile(f"{folder}/part-00000.parquet", subject, rows, 90, carried=False, stage_keys=(SOURCE.stage_key,))
    for folder, subject, rows in (("processed/snapshot=5/subject=1", 1, 4), ("processed/snapshot=5/subject=2", 2, 3))
)
COUNTED = SnapshotSource("all", RAW.raw_key, "ab", 8, 7, 1, "1dent1ty")
OLD = SnapshotManifest(5, 1, "someone/mhealth", "c0de", "", "2014", ("id string",), (COUNTED,), FILES, ())
NEW = replace(OLD, snapshot=6, files=())
PUBLISHED = Published(5, OLD, {file.key: file.bytes for file in FILES})


def test_files_are_carried_where_nothing_changed() -> None:
    plan = plan_snapshot(NEW, [SOURCE], PUBLISHED, processed_prefix="processed")
    assert plan.recompute == ()
    assert [(copy.source, copy.target.key, copy.target.rows, copy.target.carried) for copy in plan.carry] == [
        (f"processed/snapshot=5/{rest}", f"processed/snapshot=6/{rest}", rows, True)
        for rest, rows in (("subject=1/part-00000.parquet", 4), ("subject=2/part-00000.parquet", 3))
    ]


@pytest.mark.parametrize("published", [frozenset({1, 2}), frozenset({1}), frozenset()], ids=["same", "one-new", "all"])
def test_the_subjects_may_be_those_of_before_or_more(published: frozenset[int]) -> None:
    check_subjects([SOURCE], published, 5, allow_missing=False)


def test_a_subject_that_readers_see_and_nobody_has_any_more_is_missing_unless_that_is_allowed() -> None:
    with pytest.raises(MissingSubject, match=r"subjects \[3\] .* snapshot 5 .* --allow-missing-subjects"):
        check_subjects([SOURCE], frozenset({1, 3}), 5, allow_missing=False)
    check_subjects([SOURCE], frozenset({1, 3}), 5, allow_missing=True)


def test_a_subject_has_one_source() -> None:
    other = replace(SOURCE, file=replace(RAW, source="other.csv"))
    with pytest.raises(DuplicateSubject, match=r"subject 1 has rows in all\.csv and in other\.csv"):
        check_subjects([SOURCE, other], frozenset(), None, allow_missing=True)


def test_without_its_manifest_a_snapshot_has_the_subjects_of_its_folders() -> None:
    assert replace(PUBLISHED, manifest=None).subjects == {1, 2}
    assert Published().subjects == frozenset()


def of(**changes: object) -> Published:
    """What is published, with another manifest."""
    return replace(PUBLISHED, manifest=replace(OLD, **changes))  # type: ignore[arg-type]


@pytest.mark.notices(
    "glue/mhealth/processed/manifest.py",
    "return (self.raw, self.raw_key, self.sha256, self.lines)",
    "return (self.raw_key, self.sha256, self.lines)",
)
@pytest.mark.parametrize(
    "published",
    [
        pytest.param(Published(), id="nothing-published"),
        pytest.param(of(snapshot=6), id="the-number-of-the-new-one"),
        pytest.param(of(code_version="older"), id="code"),
        pytest.param(of(recording_start="2013"), id="recording-start"),
        pytest.param(of(columns=("id bigint",)), id="table"),
        pytest.param(of(sources=(replace(COUNTED, raw="0ther"),)), id="what-is-known-of-the-raw-file"),
        pytest.param(of(sources=(replace(COUNTED, raw=""),)), id="a-manifest-that-does-not-tell"),
        pytest.param(of(sources=(replace(COUNTED, raw_key="raw/version=2/all.csv"),)), id="raw-object"),
        pytest.param(of(sources=(replace(COUNTED, sha256="cd"),)), id="content"),
        pytest.param(of(sources=(replace(COUNTED, lines=9),)), id="lines"),
        pytest.param(of(files=(replace(FILES[0], rows=3), FILES[1])), id="rows"),
        pytest.param(of(files=FILES[:1]), id="a-subject-less"),
        pytest.param(of(files=(*FILES, replace(FILES[0], key=f"{FILES[0].key}x", subject=3))), id="a-subject-more"),
        pytest.param(
            of(files=(replace(FILES[0], stage_keys=("stage/version=1/other.parquet",)), FILES[1])), id="stage"
        ),
        pytest.param(replace(PUBLISHED, sizes={FILES[0].key: 90}), id="a-file-gone"),
        pytest.param(replace(PUBLISHED, sizes={FILES[0].key: 90, FILES[1].key: 89}), id="a-file-of-another-size"),
    ],
)
def test_nothing_is_carried_where_an_input_changed(published: Published) -> None:
    assert plan_snapshot(NEW, [SOURCE], published, processed_prefix="processed") == SnapshotPlan((), (SOURCE,))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"dataset": "another/one"}, id="dataset"),
        pytest.param({"raw_version": 2}, id="version"),
        pytest.param({"code_version": "older"}, id="code"),
        pytest.param({"recording_start": "2013"}, id="recording-start"),
        pytest.param({"columns": ("id bigint",)}, id="table"),
        pytest.param({"sources": ()}, id="no-source"),
        pytest.param({"sources": (replace(COUNTED, raw="0ther"),)}, id="what-is-known-of-the-raw-file"),
        pytest.param({"sources": (replace(COUNTED, sha256="cd"),)}, id="content"),
        pytest.param({"sources": (replace(COUNTED, raw_key="raw/version=2/all.csv"),)}, id="raw-object"),
        pytest.param({"sources": (replace(COUNTED, lines=9),)}, id="lines"),
    ],
)
def test_snapshots_of_other_inputs_are_others(change: dict[str, object]) -> None:
    assert OLD.same_inputs(replace(OLD, execution="arn:again", files=(), sources=(replace(COUNTED, rows=0),)))
    assert not OLD.same_inputs(replace(OLD, **change))  # type: ignore[arg-type]


@pytest.mark.notices(
    "glue/mhealth/processed/planner.py",
    "columns=tuple(map(str, table.columns)),",
    'columns=tuple(f"{column.name} {column.type}" for column in table.columns),',
)
def test_a_new_comment_of_a_column_carries_no_file() -> None:
    def manifest(snapshot: int, comment: str) -> SnapshotManifest:
        table = TableDefinition("t", (Column("ecg_1", "double", comment),), ())
        version = RawVersion(1, "someone/mhealth", (RAW,))
        made = {"snapshot": snapshot, "code_version": "c0de", "execution": ""}
        return new_manifest(version, table, [SOURCE], recording_start=datetime(2014, 1, 1, tzinfo=UTC), **made)  # type: ignore[arg-type]

    old = manifest(5, "ECG lead 1, V")
    assert old.columns == ("ecg_1 double COMMENT 'ECG lead 1, V'",)
    published = replace(PUBLISHED, manifest=replace(old, files=FILES))
    same, other = (
        plan_snapshot(manifest(6, f"ECG lead 1, {unit}"), [SOURCE], published, processed_prefix="processed")
        for unit in ("V", "mV")
    )
    assert (len(same.carry), same.recompute) == (2, ())
    assert other == SnapshotPlan((), (SOURCE,))
