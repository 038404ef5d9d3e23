from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import convert_parquet
from mhealth.errors import DuplicateSubject, InvalidArgument, RowCountMismatch, SchemaMismatch, TooManyBadRows
from mhealth.raw import splits
from mhealth.stage import executor
from tests.glue.world import LAYOUT_2, World, log_line

pytestmark = pytest.mark.usefixtures("spark")

GOOD = "".join(f"{log_line(seed)}\n" for seed in range(20))


def run(world: World, **changes: object) -> None:
    world.publish()
    convert_parquet.main(world.convert_arguments(**changes))


def spans(output: str) -> dict[str, dict[str, object]]:
    events = [json.loads(line) for line in output.splitlines()]
    return {event["event"]: event for event in events}


def stamp(path: Path) -> int:
    return path.stat().st_ino


def test_every_file_gets_its_stage_object_and_each_step_its_seconds(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    for subject in (1, 2, 3):
        world.add(f"mHealth_subject{subject}", GOOD, subject=subject)
    run(world)
    assert world.keys("stage") == [f"stage/version=1/mHealth_subject{subject}.parquet" for subject in (1, 2, 3)]
    reported = spans(capsys.readouterr().out)
    assert reported["convert"]["files"] == 3
    assert reported["convert"]["rows"] == 60
    assert all("seconds" in reported[step] for step in ("plan", "start", "convert", "check"))


def test_a_file_is_kept_while_code_and_source_are_the_same(world: World) -> None:
    world.add("one", GOOD, subject=1)
    world.add("two", GOOD, subject=2)
    run(world)
    one, two = (world.folder / f"stage/version=1/{name}.parquet" for name in ("one", "two"))
    first = stamp(one), stamp(two)
    run(world)
    assert (stamp(one), stamp(two)) == first
    world.add("two", GOOD + log_line(99), subject=2)
    run(world)
    assert stamp(one) == first[0]
    assert stamp(two) != first[1]
    run(world, code_version="newer")
    assert stamp(one) != first[0]


def test_spark_is_not_started_where_every_file_is_kept(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.add("one", GOOD, subject=1)
    run(world)
    capsys.readouterr()
    run(world)
    assert set(spans(capsys.readouterr().out)) == {"plan", "check"}


def test_spark_is_not_started_for_one_small_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add("one", GOOD, subject=1)
    world.add("two", GOOD, subject=2)
    run(world)
    world.add("two", GOOD + log_line(99), subject=2)
    with monkeypatch.context() as patch:
        patch.delattr("convert_parquet.spark_context")
        run(world)
        assert len(world.rows("stage/version=1/two.parquet")) == 21
        with pytest.raises(NameError, match="spark_context"):
            run(world, code_version="newer")


def test_a_broken_stage_object_is_made_again(world: World) -> None:
    world.add("one", GOOD, subject=1)
    run(world)
    path = world.folder / "stage/version=1/one.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    run(world)
    assert len(world.rows("stage/version=1/one.parquet")) == 20


def test_a_kept_file_whose_quarantine_object_is_gone_is_made_again(world: World) -> None:
    world.add("one", GOOD + "broken\n", subject=1)
    run(world, max_bad_row_ratio=0.5)
    (world.folder / "quarantine/version=1/one.jsonl").unlink()
    run(world, max_bad_row_ratio=0.5)
    assert world.keys("quarantine") == ["quarantine/version=1/one.jsonl"]


@pytest.mark.notices(
    "glue/mhealth/stage/planner.py", "if bad > max_bad_row_ratio * lines or empty_files:", "if empty_files:"
)
def test_the_bad_lines_of_all_files_count_against_all_lines_kept_ones_included(world: World) -> None:
    world.add("one", GOOD + "broken\n", subject=1)
    world.add("two", GOOD, subject=2)
    run(world, max_bad_row_ratio=1 / 41)  # exactly at the limit
    message = "1 of 41 data lines were rejected, a share of 0.0243902; allowed is 0.02"
    with pytest.raises(TooManyBadRows, match=message) as refused:
        run(world, max_bad_row_ratio=0.02)  # this time both files are kept
    assert "one.log has the most (1 of 21 rejected, the first is line 21: 1 fields, expected 24)" in str(refused.value)
    assert f"{world.folder}/quarantine/version=1/one.jsonl" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_without_a_good_line_is_refused_whatever_the_share(world: World) -> None:
    world.add("one", GOOD * 50, subject=1)
    world.add("two", "broken\n", subject=2)
    with pytest.raises(TooManyBadRows, match=r"two\.log has no good line \(1 of 1 rejected, the first is line 1"):
        run(world, max_bad_row_ratio=1)


@pytest.mark.notices("glue/mhealth/stage/planner.py", "most=_MOST_OBJECTS", "most=1")
def test_every_quarantine_object_with_lines_is_named_the_worst_first(world: World) -> None:
    world.add("one", GOOD + "broken\n", subject=1)
    world.add("two", GOOD + "broken\n" * 2, subject=2)
    world.add("three", GOOD, subject=3)
    with pytest.raises(TooManyBadRows) as refused:
        run(world, max_bad_row_ratio=0.01)
    folder = f"{world.folder}/quarantine/version=1"
    reported = str(refused.value)
    assert f"The rejected lines are in file://{folder}/two.jsonl, file://{folder}/one.jsonl. Correct" in reported
    assert "three" not in reported


def test_lines_that_do_not_arrive_are_told(world: World) -> None:
    world.add("one", GOOD, subject=1, lines=21)
    with pytest.raises(RowCountMismatch, match=r"one\.log has 20 data lines in raw/version=1/one\.csv, .* says 21"):
        run(world)
    assert world.keys("stage") == []


def test_a_file_of_an_earlier_version_is_referenced(world: World) -> None:
    world.add("one", GOOD, subject=1, version=1)
    world.add("two", GOOD, subject=2, version=2)
    world.publish(version=2)
    convert_parquet.main(world.convert_arguments(raw_manifest="manifests/raw/version=2.json"))
    assert world.keys("stage") == ["stage/version=1/one.parquet", "stage/version=2/two.parquet"]


def test_names_may_look_like_patterns(world: World) -> None:
    world.add("a [1] {x} 100% & é", GOOD, subject=1)
    run(world)
    assert world.keys("stage") == ["stage/version=1/a [1] {x} 100% & é.parquet"]


def test_no_manifest_is_a_clear_error(world: World) -> None:
    with pytest.raises(InvalidArgument, match=r"no object .*manifests/raw/version=1\.json.*DownloadCSV"):
        convert_parquet.main(world.convert_arguments())


def test_something_else_as_a_manifest_is_a_clear_error(world: World) -> None:
    world.put("manifests/raw/version=1.json", {"files": [{}]})
    with pytest.raises(InvalidArgument, match="is not a raw manifest"):
        convert_parquet.main(world.convert_arguments())


def test_two_files_of_one_subject_are_refused(world: World) -> None:
    world.add("one", GOOD, subject=1)
    world.add("uno", GOOD, subject=1)
    with pytest.raises(DuplicateSubject, match=r"subject 1 has two source files, one\.log and uno\.log"):
        run(world)


def test_columns_that_nobody_knows_are_refused(world: World) -> None:
    world.add("one", "1,2\n", subject=1, columns=["ecg_1", "pulse"])
    with pytest.raises(
        SchemaMismatch, match=r"one\.log: columns unknown \['pulse'\], doubled \[\], missing \['label'\]"
    ):
        run(world)


IN_ONE = "stage/version=1/all.parquet"
IN_THREE = [IN_ONE, *(f"stage/version=1/all/part-0000{part}.parquet" for part in (1, 2))]
QUARANTINE = "quarantine/version=1/all.jsonl"
BY_ROW = [f"{','.join([f'{place}.5'] * 12)},{place % 13},subject{place % 3 + 1}" for place in range(300)]
BY_ROW[40] = BY_ROW[170] = BY_ROW[299] = "broken"


@pytest.fixture
def large(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A file that is divided in three."""
    monkeypatch.setattr(splits, "PART_LINES", 100)
    world.add("all", "\n".join(BY_ROW), columns=LAYOUT_2, header_lines=1)
    return world


def rows_of(world: World, *keys: str) -> list[dict[str, object]]:
    return sorted((row for key in keys for row in world.rows(key)), key=lambda row: row["line"])


def test_a_large_file_is_split_between_tasks_and_comes_out_as_in_one_piece(
    large: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.add("one", GOOD, subject=9)
    run(large, max_bad_row_ratio=0.5)
    assert large.keys("stage") == [*IN_THREE, "stage/version=1/one.parquet"]
    assert all(len(large.rows(key)) > 80 for key in IN_THREE)
    found, rejected = rows_of(large, *IN_THREE), large.rejected(QUARANTINE)
    assert [row["line"] for row in found] == [place + 2 for place in range(300) if BY_ROW[place] != "broken"]
    # Line 42, which names nobody, uses up a number of subject 1, whose line is before it.
    assert [row["sample"] for row in found if row["subject"] == 1][12:16] == [12, 13, 15, 16]
    assert [entry["line"] for entry in rejected] == [42, 172, 301]
    assert large.keys("quarantine") == [QUARANTINE]
    monkeypatch.setattr(splits, "PART_LINES", 1000)
    run(large, max_bad_row_ratio=0.5, code_version="undivided")
    assert rows_of(large, IN_ONE) == found
    assert large.rejected(QUARANTINE) == rejected


def test_only_large_files_are_read_twice(large: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first time for what the lines before a part mean for its numbers."""
    asked = []
    on_workers = executor._on_workers

    def reported(spark: Any, work: Any, tasks: Any) -> list[Any]:
        asked.append((work.__name__, [task.file.name for task in tasks]))
        return on_workers(spark, work, tasks)

    monkeypatch.setattr(executor, "_on_workers", reported)
    large.add("one", GOOD, subject=9)
    run(large, max_bad_row_ratio=0.5)
    assert asked == [("count_part", ["all"] * 3), ("convert", ["all", "all", "all", "one"])]


@pytest.mark.sample(2)
@pytest.mark.parametrize("lost", [*IN_THREE, QUARANTINE])
def test_a_large_file_is_kept_while_nothing_of_it_is_lost(large: World, lost: str) -> None:
    run(large, max_bad_row_ratio=0.5)
    made = {key: (large.folder / key).read_bytes() for key in [*IN_THREE, QUARANTINE]}
    before = {key: stamp(large.folder / key) for key in made}
    run(large, max_bad_row_ratio=0.5)
    assert {key: stamp(large.folder / key) for key in made} == before
    (large.folder / lost).unlink()
    run(large, max_bad_row_ratio=0.5)
    assert {key: (large.folder / key).read_bytes() for key in made} == made


def test_what_a_failed_run_left_of_a_large_file_is_not_taken_for_its_own(large: World) -> None:
    run(large, max_bad_row_ratio=0.5)
    # Another code had one of the parts made, and rejected another line.
    (large.folder / IN_THREE[1]).write_bytes((large.folder / IN_THREE[2]).read_bytes())
    for key in (QUARANTINE, "quarantine/version=1/all/part-00001.jsonl"):
        path = large.folder / key
        path.parent.mkdir(exist_ok=True)
        path.write_text('{"line": 7}\n')
    run(large, max_bad_row_ratio=0.5)
    assert len(rows_of(large, *IN_THREE)) == 297
    assert [entry["line"] for entry in large.rejected(QUARANTINE)] == [42, 172, 301]
    assert large.keys("quarantine") == [QUARANTINE]


@pytest.mark.notices("glue/mhealth/stage/executor.py", "storage.delete([task.quarantine_key])", "pass")
def test_rejected_lines_of_an_earlier_run_are_not_taken_for_those_of_parts_made_since(
    large: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (large.folder / "quarantine/version=1").mkdir(parents=True)
    (large.folder / QUARANTINE).write_text('{"line": 7}\n')

    def dies(*_: object) -> None:
        raise OSError("the driver dies when all parts are there")

    with monkeypatch.context() as patch:
        patch.setattr("mhealth.stage.executor.join_rejected", dies)
        with pytest.raises(OSError, match="dies"):
            run(large, max_bad_row_ratio=0.5)
    assert large.keys("stage") == IN_THREE
    run(large, max_bad_row_ratio=0.5)
    assert [entry["line"] for entry in large.rejected(QUARANTINE)] == [42, 172, 301]


def test_lines_of_a_large_file_that_do_not_arrive_are_told(large: World) -> None:
    large.add("all", "\n".join(BY_ROW), columns=LAYOUT_2, header_lines=1, lines=301)
    reported = r"all\.log has 300 data lines in raw/version=1/all\.csv, the raw manifest says 301"
    for _ in range(2):
        with pytest.raises(RowCountMismatch, match=reported):
            run(large, max_bad_row_ratio=0.5)
