from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import convert_parquet
import glue_transform
from mhealth.errors import DuplicateSubject, InvalidArgument, MissingSubject, RowCountMismatch, SchemaMismatch
from mhealth.raw import splits
from tests.glue.world import LAYOUT_2, TABLE_COLUMNS, World, log_line, write_table

pytestmark = pytest.mark.usefixtures("spark")

S1, S2, S3, S4, S5 = (20261124031454 + day for day in range(5))


def lines(seed: int, count: int = 5) -> str:
    return "".join(f"{log_line(seed + place, place % 13)}\n" for place in range(count))


def run(world: World, **changes: object) -> None:
    """Both jobs."""
    world.publish()
    common = {name: value for name, value in changes.items() if name in ("code_version", "raw_manifest", "snapshot")}
    convert_parquet.main(world.convert_arguments(max_bad_row_ratio=0.5, **common))
    glue_transform.main(world.transform_arguments(**changes))


def succeed(world: World, snapshot: int) -> None:
    """What the state machine writes after a run."""
    world.record(snapshot, f"2026-11-{int(str(snapshot)[6:8])}T03:20:00Z")


def subjects(world: World, *numbers: int) -> World:
    for number in numbers:
        world.add(f"mHealth_subject{number}", lines(number * 100), subject=number)
    return world


def file_of(snapshot: int, subject: int) -> str:
    return f"processed/snapshot={snapshot}/subject={subject}/part-00000.parquet"


def test_a_subject_is_one_file_with_the_tables_columns_and_every_value(world: World) -> None:
    run(subjects(world, 1, 2))
    assert world.keys("processed") == [file_of(S1, 1), file_of(S1, 2)]
    table = world.parquet(file_of(S1, 2))
    assert {field.name: str(field.type) for field in table.schema} == {
        name: {"timestamp": "timestamp[us, tz=UTC]", "int": "int32"}.get(kind, kind)
        for name, kind in TABLE_COLUMNS.items()
    }
    assert table.schema.names == list(TABLE_COLUMNS)
    sensors = [name for name, kind in TABLE_COLUMNS.items() if kind == "double"]
    names = ["null class", "standing still", "sitting and relaxing", "lying down", "walking"]
    assert table.to_pylist() == [
        {
            "id": f"2-000000{place}",
            "timestamp": datetime(2014, 1, 1, tzinfo=UTC) + place * timedelta(milliseconds=20),
            **{name: float(f"{200 + place}.{column:02d}") for column, name in enumerate(sensors, start=1)},
            "activity_id": place,
            "activity": names[place],
        }
        for place in range(5)
    ]


def test_spark_is_not_started_for_one_small_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run(subjects(world, 1, 2))
    succeed(world, S1)
    world.add("mHealth_subject2", lines(300), subject=2)
    with monkeypatch.context() as patch:
        patch.delattr("mhealth.processed.pipeline.spark_context")
        patch.delattr("mhealth.processed.pipeline.spark_session")
        run(world, snapshot=S2)
        assert world.rows(file_of(S2, 2))[0]["accel_x"] == 300.01
        with pytest.raises(NameError, match="spark_context"):
            run(world, snapshot=S3, code_version="newer")


def test_the_manifest_tells_sources_files_and_checks(world: World) -> None:
    world.add("one", lines(1) + "broken\n", subject=1)
    run(world)
    manifest = world.json(f"manifests/snapshots/{S1}.json")
    size = (world.folder / file_of(S1, 1)).stat().st_size
    assert {name: manifest[name] for name in ("snapshot", "raw_version", "dataset", "code_version", "execution")} == {
        "snapshot": S1,
        "raw_version": 1,
        "dataset": "someone/mhealth",
        "code_version": "c0de",
        "execution": "arn:run",
    }
    assert manifest["sources"] == [
        {
            "name": "one",
            "raw_key": "raw/version=1/one.csv",
            "sha256": world.files[0]["sha256"],
            "lines": 6,
            "rows": 5,
            "quarantined": 1,
            "raw": hashlib.sha256(json.dumps(world.files[0], sort_keys=True).encode()).hexdigest(),
        }
    ]
    assert manifest["files"] == [
        {
            "key": file_of(S1, 1),
            "subject": 1,
            "rows": 5,
            "bytes": size,
            "carried": False,
            "stage_keys": ["stage/version=1/one.parquet"],
        }
    ]
    assert manifest["checks"] == [
        {
            "name": "the objects are those that were written",
            "expected": f"1 objects, {size} bytes",
            "found": f"1 objects, {size} bytes",
            "passed": True,
        },
        {"name": "ids are unique and in order", "expected": "every file", "found": "every file", "passed": True},
        {
            "name": "every file has the table's schema",
            "expected": "27 columns in 1 files",
            "found": "27 columns in 1 files",
            "passed": True,
        },
        {"name": "data lines of one.log = rows + rejected lines", "expected": 6, "found": 6, "passed": True},
        {
            "name": "values of one.log are those that were parsed",
            "expected": "every column of every subject",
            "found": "every column of every subject",
            "passed": True,
        },
    ]


def test_a_quarantined_line_leaves_the_clock_of_the_others_right(world: World) -> None:
    world.add("one", f"{log_line(1)}\nbroken\n\n{log_line(2)}\n", subject=1)
    run(world)
    rows = world.rows(file_of(S1, 1))
    assert [row["id"] for row in rows] == ["1-0000000", "1-0000002"]
    assert rows[1]["timestamp"] == datetime(2014, 1, 1, 0, 0, 0, 40_000, tzinfo=UTC)


def test_many_subjects_in_one_file_become_one_file_each_and_missing_sensors_null(world: World) -> None:
    values = ",".join(["0.5"] * 12)
    body = "".join(f"{values},{place % 13},subject{place % 3 + 1}\n" for place in range(30))
    world.add("mhealth_raw_data", body, columns=LAYOUT_2, header_lines=1)
    run(world)
    assert world.keys("processed") == [file_of(S1, subject) for subject in (1, 2, 3)]
    rows = world.rows(file_of(S1, 2))
    assert [row["id"] for row in rows] == [f"2-{sample:07d}" for sample in range(10)]
    assert [row["activity_id"] for row in rows] == [place % 13 for place in range(1, 30, 3)]
    assert {row["accel_x"] for row in rows} == {None}
    assert {row["ankle_gyro_z"] for row in rows} == {0.5}
    assert world.parquet(file_of(S1, 2)).schema.names == list(TABLE_COLUMNS)


@pytest.mark.parametrize("by_row", [True, False], ids=["all-subjects", "one-subject"])
def test_a_large_file_becomes_the_table_that_a_small_one_becomes(
    world: World, monkeypatch: pytest.MonkeyPatch, by_row: bool
) -> None:
    body = [log_line(place, place % 13) for place in range(90)]
    if by_row:
        body = [f"{','.join([f'{place}.5'] * 12)},{place % 13},subject{place % 3 + 1}" for place in range(90)]
    body[31] = "broken"
    if by_row:
        world.add("large", "\n".join(body), columns=LAYOUT_2, header_lines=1)
    else:
        world.add("large", "\n".join(body), subject=2)
    run(world)
    expected = {key: world.parquet(key) for key in world.keys("processed")}
    monkeypatch.setattr(splits, "PART_LINES", 25)
    run(world, snapshot=S2, code_version="other")
    assert len(world.keys("stage")) == 3
    found = {key: world.parquet(key.replace(str(S1), str(S2))) for key in expected}
    assert found == expected
    assert len(world.keys(f"processed/snapshot={S2}")) == len(expected)
    succeed(world, S2)
    run(world, snapshot=S3, code_version="other")
    assert all(file["carried"] for file in world.json(f"manifests/snapshots/{S3}.json")["files"])


def test_columns_in_another_order_land_in_their_places(world: World) -> None:
    world.add("one", "3,1.5,-2\n", columns=["label", "ecg_2", "arm_mag_z"], subject=1, header_lines=1)
    run(world)
    (row,) = world.rows(file_of(S1, 1))
    assert (row["activity_id"], row["ecg_2"], row["arm_mag_z"], row["ecg_1"]) == (3, 1.5, -2.0, None)


def test_unchanged_subjects_are_carried_from_the_published_snapshot(world: World) -> None:
    run(subjects(world, 1, 2))
    succeed(world, S1)
    world.add("mHealth_subject2", lines(900, 6), subject=2, version=2)
    world.publish(2)
    run(world, snapshot=S2, raw_manifest="manifests/raw/version=2.json")
    files = world.json(f"manifests/snapshots/{S2}.json")["files"]
    assert [(file["key"], file["rows"], file["carried"]) for file in files] == [
        (file_of(S2, 1), 5, True),
        (file_of(S2, 2), 6, False),
    ]
    assert (world.folder / file_of(S2, 1)).read_bytes() == (world.folder / file_of(S1, 1)).read_bytes()
    assert world.rows(file_of(S2, 2))[5]["accel_x"] == 905.01


def test_a_run_that_carries_all_starts_no_spark(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run(subjects(world, 1))
    succeed(world, S1)
    monkeypatch.setattr("glue_transform.make_files", None)
    glue_transform.main(world.transform_arguments(snapshot=S2))
    assert world.keys(f"processed/snapshot={S2}/") == [file_of(S2, 1)]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"code_version": "newer"}, id="code"),
        pytest.param({"recording_start": "2015-01-01T00:00:00Z"}, id="recording-start"),
    ],
)
def test_other_code_or_settings_carry_nothing(world: World, changes: dict[str, object]) -> None:
    run(subjects(world, 1))
    succeed(world, S1)
    run(world, snapshot=S2, **changes)
    assert [file["carried"] for file in world.json(f"manifests/snapshots/{S2}.json")["files"]] == [False]


def test_other_content_of_the_same_length_is_not_carried(world: World) -> None:
    run(subjects(world, 1))
    succeed(world, S1)
    world.add("mHealth_subject1", lines(700), subject=1)
    run(world, snapshot=S2)
    assert [file["carried"] for file in world.json(f"manifests/snapshots/{S2}.json")["files"]] == [False]
    assert world.rows(file_of(S2, 1))[0]["accel_x"] == 700.01


@pytest.mark.notices(
    "glue/mhealth/stage/metadata.py",
    "(self.code_version, self.raw, self.raw_key,",
    "(self.code_version, file.identity, self.raw_key,",
)
def test_the_same_bytes_under_other_columns_are_computed_again(world: World) -> None:
    """As after a corrected alias: object, content and lines are the same, what the fields mean is not."""
    world.add("one", "1.5,2.5,3\n", columns=["ecg_1", "ecg_2", "label"], subject=1, header_lines=1)
    run(world)
    succeed(world, S1)
    world.add("one", "1.5,2.5,3\n", columns=["ecg_2", "ecg_1", "label"], subject=1, header_lines=1)
    run(world, snapshot=S2)
    assert [file["carried"] for file in world.json(f"manifests/snapshots/{S2}.json")["files"]] == [False]
    (row,) = world.rows(file_of(S2, 1))
    assert (row["ecg_1"], row["ecg_2"]) == (2.5, 1.5)


@pytest.mark.notices(
    "glue/mhealth/processed/audit.py", "for staged in source.staged:", "for staged in source.metadata.subjects:"
)
def test_a_rejected_line_may_name_a_subject_of_another_file(world: World) -> None:
    def row(value: object, subject: int) -> str:
        return ",".join([str(value), *["0"] * 12, f"subject{subject}\n"])

    world.add("even", row(2, 2) * 3 + row("x", 1) + row(4, 4), columns=LAYOUT_2, header_lines=1)
    world.add("odd", row(1, 1) * 2, columns=LAYOUT_2, header_lines=1)
    run(world)
    succeed(world, S1)
    (rejected,) = world.rejected("quarantine/version=1/even.jsonl")
    assert (rejected["line"], rejected["reason"]) == (5, "field 1 (ankle_accel_x) is not a number: 'x'")
    reported = [(file["subject"], file["rows"]) for file in world.json(f"manifests/snapshots/{S1}.json")["files"]]
    assert reported == [(1, 2), (2, 3), (4, 1)]
    # Where the other file is carried, and where both are computed again by other code:
    world.add("even", row(2, 2) * 4 + row("x", 1), columns=LAYOUT_2, header_lines=1)
    run(world, snapshot=S2, allow_missing_subjects="true")
    succeed(world, S2)
    assert [file["carried"] for file in world.json(f"manifests/snapshots/{S2}.json")["files"]] == [True, False]
    run(world, snapshot=S3, code_version="newer")
    assert [file["carried"] for file in world.json(f"manifests/snapshots/{S3}.json")["files"]] == [False, False]


def test_another_table_carries_nothing(world: World, tmp_path: Path) -> None:
    run(subjects(world, 1))
    succeed(world, S1)
    columns = {name: kind for name, kind in TABLE_COLUMNS.items() if name != "ecg_2"}
    run(world, snapshot=S2, table=write_table(tmp_path / "narrower.json", columns))
    assert world.parquet(file_of(S2, 1)).schema.names == list(columns)


@pytest.mark.parametrize("lost", ["file", "manifest", "size"])
def test_what_is_gone_is_made_again(world: World, lost: str) -> None:
    run(subjects(world, 1))
    succeed(world, S1)
    path = world.folder / (f"manifests/snapshots/{S1}.json" if lost == "manifest" else file_of(S1, 1))
    if lost == "size":
        path.write_bytes(b"short")
    else:
        path.unlink()
    glue_transform.main(world.transform_arguments(snapshot=S2))
    assert [file["carried"] for file in world.json(f"manifests/snapshots/{S2}.json")["files"]] == [False]
    assert len(world.rows(file_of(S2, 1))) == 5


def test_a_published_subject_that_is_gone_is_missing(world: World) -> None:
    run(subjects(world, 1, 2, 10))
    succeed(world, S1)
    world.files = world.files[:1]
    message = rf"subjects \[2, 10\] are in the published snapshot {S1}"
    with pytest.raises(MissingSubject, match=message):
        run(world, snapshot=S2)
    (world.folder / f"manifests/snapshots/{S1}.json").unlink()  # its folders still tell
    with pytest.raises(MissingSubject, match=message):
        run(world, snapshot=S2)
    run(world, snapshot=S2, allow_missing_subjects="true")
    assert world.keys(f"processed/snapshot={S2}/") == [file_of(S2, 1)]


def test_a_subject_in_two_files_is_a_duplicate(world: World) -> None:
    subjects(world, 1)
    world.add("all", ",".join(["0"] * 13) + ",subject1\n", columns=LAYOUT_2, header_lines=1)
    with pytest.raises(DuplicateSubject, match=r"subject 1 has rows in mHealth_subject1\.log and in all\.log"):
        run(world)
    assert world.keys("processed") == []


def test_what_a_failed_attempt_left_is_cleared(world: World) -> None:
    subjects(world, 1)
    world.put(file_of(S1, 99), "left over")
    world.put(f"processed/snapshot={S1}0/subject=1/part-00000.parquet", "a neighbour")
    run(world)
    assert world.keys(f"processed/snapshot={S1}/") == [file_of(S1, 1)]
    assert world.keys(f"processed/snapshot={S1}0/") != []


def test_a_second_attempt_of_a_finished_run_does_nothing_again(world: World) -> None:
    run(subjects(world, 1))
    before = (world.folder / file_of(S1, 1)).stat().st_ino
    manifest = (world.folder / f"manifests/snapshots/{S1}.json").read_bytes()
    glue_transform.main(world.transform_arguments(execution="arn:again"))
    assert (world.folder / file_of(S1, 1)).stat().st_ino == before
    assert (world.folder / f"manifests/snapshots/{S1}.json").read_bytes() == manifest


def test_a_snapshot_never_changes(world: World) -> None:
    run(subjects(world, 1))
    with pytest.raises(InvalidArgument, match=f"--snapshot: {S1} exists already, made by arn:run"):
        run(subjects(world, 2))


def test_the_newest_snapshots_stay_and_orphaned_ones_go(world: World) -> None:
    subjects(world, 1)
    world.put("processed/snapshot=20250101000000/subject=1/part-00000.parquet", "dead")
    for name in ("processed/snapshot=x/a", "processed/snapshot=1x/a", "processed2/snapshot=1/a", "processed/other/a"):
        world.put(name, "a stranger's")
    run(world)
    assert world.keys("processed/snapshot=20250101000000") == []
    assert len([key for key in world.keys("processed") if key.endswith("/a")]) == 4


@pytest.mark.parametrize("kept", ["missing", "other-code", "other-content"])
def test_a_stage_that_is_not_of_this_version_is_refused(world: World, kept: str) -> None:
    subjects(world, 1, 2)
    world.publish()
    convert_parquet.main(world.convert_arguments())
    changes: dict[str, object] = {}
    if kept == "missing":
        (world.folder / "stage/version=1/mHealth_subject2.parquet").unlink()
    elif kept == "other-code":
        changes["code_version"] = "newer"
    else:
        subjects(world, 2)
        world.files[-1]["sha256"] = "0" * 64
        world.publish()
    with pytest.raises(RowCountMismatch, match=r"stage objects not made from .*subject2"):
        glue_transform.main(world.transform_arguments(**changes))


def test_a_table_that_the_job_cannot_fill_is_refused_before_anything_is_registered(
    world: World, tmp_path: Path
) -> None:
    subjects(world, 1)
    table = write_table(tmp_path / "other.json", {**TABLE_COLUMNS, "ecg_1": "int", "pulse": "double"})
    with pytest.raises(
        SchemaMismatch, match="ecg_1 int: the job makes double; pulse double: the job has no such column"
    ):
        run(world, table=table)
    assert world.keys("manifests/snapshots") == []


def test_each_step_tells_its_seconds(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    run(subjects(world, 1))
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    reported = {event["event"]: event for event in events}
    assert all(
        "seconds" in reported[step] for step in ("plan", "clear", "carry", "start", "write", "audit", "retention")
    )
    assert reported["write"]["rows"] == 5


def test_file_sizes_are_limited(world: World) -> None:
    world.add("one", lines(1, 3000), subject=1)
    run(world, max_file_bytes=100_000)
    files = world.json(f"manifests/snapshots/{S1}.json")["files"]
    assert len(files) > 1
    assert all(file["bytes"] <= 100_000 for file in files)
    ids = [row["id"] for file in files for row in world.rows(file["key"])]
    assert ids == [f"1-{sample:07d}" for sample in range(3000)]


def test_names_may_look_like_patterns(world: World) -> None:
    world.add("a [1] {x} 100% & é", lines(1), subject=1)
    world.add("a 1 x", lines(50), subject=2)
    run(world)
    assert world.rows(file_of(S1, 1))[0]["accel_x"] == 1.01
    assert world.rows(file_of(S1, 2))[0]["accel_x"] == 50.01
