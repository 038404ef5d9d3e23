from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

from mhealth.io.connect import storage_at
from mhealth.paths import quarantine_key, stage_key
from mhealth.raw.manifest import read_raw_version
from mhealth.raw.reader import read_lines
from mhealth.stage.convert import ConvertTask, convert
from mhealth.stage.metadata import read_metadata
from tests.glue.world import LAYOUT_1, LAYOUT_2, World, log_line


def task_of(world: World) -> ConvertTask:
    """The task of the one file that the world has."""
    (file,) = read_raw_version(storage_at(world.data_uri), world.publish()).files
    stage = stage_key("stage", file.raw_key)
    return ConvertTask(world.data_uri, file, stage, quarantine_key("quarantine", file.raw_key), "c0de")


def test_the_stage_has_typed_columns_line_and_sample(world: World) -> None:
    world.add("one", f"{log_line(1)}\n{log_line(2, '1.0')}\n", subject=4)
    done = convert(task_of(world))
    assert (done.lines, done.rows, done.quarantined) == (2, 2, 0)
    stage = world.parquet("stage/version=1/one.parquet")
    assert {field.name: str(field.type) for field in stage.schema} == {
        **dict.fromkeys(LAYOUT_1[:-1], "double"),
        "label": "int32",
        "subject": "int32",
        "line": "int64",
        "sample": "int64",
    }
    assert stage.schema.names == [*LAYOUT_1, "subject", "line", "sample"]
    first, second = stage.to_pylist()
    assert first == {
        **{name: float(f"1.{place:02d}") for place, name in enumerate(LAYOUT_1[:-1], start=1)},
        "label": 0,
        "subject": 4,
        "line": 1,
        "sample": 0,
    }
    assert (second["label"], second["line"], second["sample"]) == (1, 2, 1)
    assert world.keys("quarantine") == []


def test_the_seconds_of_a_file_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add("one", f"{log_line(1)}\n", subject=4)
    clock = iter([100.0, 102.5004])
    monkeypatch.setattr("mhealth.stage.convert.time", SimpleNamespace(perf_counter=lambda: next(clock)))
    assert convert(task_of(world)).seconds == 2.5


def test_a_file_parsed_by_several_threads_is_the_same_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    by_row = [f"{','.join([str(seed)] * 12)},{seed % 13},subject{seed % 3}" for seed in range(3000)]
    by_row[::500] = ["broken"] * 6
    world.add("all", "\n".join(by_row), columns=LAYOUT_2)
    monkeypatch.setattr("mhealth.stage.convert.read_lines", lambda stream: read_lines(stream, 1000))
    keys = ("stage/version=1/all.parquet", "quarantine/version=1/all.jsonl")
    found = []
    for threads in (1, 4):
        convert(replace(task_of(world), threads=threads))
        found.append([(world.folder / key).read_bytes() for key in keys])
    assert found[0] == found[1]
    assert world.parquet(keys[0]).num_rows == 2994


def test_the_footer_says_what_made_the_file_and_what_is_in_it(world: World) -> None:
    entry = world.add("one", f"{log_line(1)}\nbroken\n", subject=4)
    convert(task_of(world))
    footer = pq.read_metadata(world.folder / "stage/version=1/one.parquet").metadata
    metadata = json.loads(footer[b"mhealth"])
    sums = metadata["subjects"][0].pop("sums")
    assert list(sums) == LAYOUT_1
    assert all(len(total) == 16 and int(total, 16) for total in sums.values())
    assert metadata == {
        "code_version": "c0de",
        "raw_key": "raw/version=1/one.csv",
        "sha256": entry["sha256"],
        "lines": 2,
        "rows": 1,
        "quarantined": 1,
        "subjects": [{"subject": 4, "lines": 2, "rows": 1}],
        "part": 0,
        "parts": 1,
        "raw": hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest(),
    }


def test_rejected_lines_are_told_with_the_line_of_the_source(world: World) -> None:
    body = f"\n{log_line(1)}\r\nbro\\ken \xff\x00\r\n{log_line(2)}\n{log_line(3, 13)}".encode("latin-1")
    world.add("one", body, subject=1)
    done = convert(task_of(world))
    assert (done.lines, done.rows, done.quarantined) == (4, 2, 2)
    assert world.rejected("quarantine/version=1/one.jsonl") == [
        {"file": "one.log", "line": 3, "reason": "1 fields, expected 24", "text": "bro\\ken \\xff\x00"},
        {
            "file": "one.log",
            "line": 5,
            "reason": "field 24 (label) is not a whole number from 0 to 12: '13'",
            "text": log_line(3, 13),
        },
    ]
    assert [(row["line"], row["sample"]) for row in world.rows("stage/version=1/one.parquet")] == [(2, 0), (4, 2)]


def test_with_a_header_in_the_source_its_line_counts(world: World) -> None:
    world.add("one", "1,0\nx,0\n", columns=["ecg_1", "label"], subject=1, header_lines=1)
    convert(task_of(world))
    assert world.rows("stage/version=1/one.parquet") == [
        {"ecg_1": 1.0, "label": 0, "subject": 1, "line": 2, "sample": 0}
    ]
    assert world.rejected("quarantine/version=1/one.jsonl")[0]["line"] == 3


def test_all_subjects_in_one_file_and_columns_in_any_order(world: World) -> None:
    columns = LAYOUT_2[::-1]
    body = "".join(
        f"subject{subject},{label},{','.join(['0.5'] * 12)}\n" for subject, label in [(2, 0), (2, 1), (1, 2)]
    )
    world.add("all", body, columns=columns, header_lines=1)
    convert(task_of(world))
    rows = world.rows("stage/version=1/all.parquet")
    assert list(rows[0]) == [*LAYOUT_2[-2::-1], "subject", "line", "sample"]
    assert [(row["subject"], row["line"], row["sample"], row["label"]) for row in rows] == [
        (2, 2, 0, 0),
        (2, 3, 1, 1),
        (1, 4, 0, 2),
    ]
    metadata = read_metadata(storage_at(world.data_uri), "stage/version=1/all.parquet")
    assert metadata is not None
    assert [(staged.subject, staged.lines, staged.rows) for staged in metadata.subjects] == [(1, 1, 1), (2, 2, 2)]


def test_a_line_of_ten_megabytes_is_one_rejected_line(world: World) -> None:
    world.add("one", f"{log_line(1)}\n".encode() + b"9" * 10_000_000 + f"\n{log_line(2)}\n".encode(), subject=1)
    convert(task_of(world))
    (rejected,) = world.rejected("quarantine/version=1/one.jsonl")
    assert rejected["line"] == 2
    assert rejected["reason"] == "the line has 10000000 bytes, more than 65536; the text is cut there"
    assert rejected["text"] == "9" * 65536
    assert [row["sample"] for row in world.rows("stage/version=1/one.parquet")] == [0, 2]


def test_rows_keep_their_order_over_blocks_and_row_groups(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mhealth.stage.writer.ROW_GROUP_ROWS", 1000)
    monkeypatch.setattr("mhealth.raw.reader.read_lines.__defaults__", (5000,))
    world.add(
        "one", "".join(f"{place}.5,{place % 13}\n" for place in range(9000)), columns=["ecg_1", "label"], subject=1
    )
    convert(task_of(world))
    stage = world.parquet("stage/version=1/one.parquet")
    assert stage["ecg_1"].to_pylist() == [place + 0.5 for place in range(9000)]
    assert stage["sample"].to_pylist() == list(range(9000))
    assert stage["line"].to_pylist() == list(range(1, 9001))
    assert pq.read_metadata(world.folder / "stage/version=1/one.parquet").num_row_groups >= 9


def test_a_lost_line_is_told_and_nothing_is_written(world: World) -> None:
    world.add("one", f"{log_line(1)}\n", subject=1, lines=2)
    assert convert(task_of(world)).lines == 1
    assert world.keys("stage") == []


def test_no_rejected_line_any_more_no_quarantine_object(world: World) -> None:
    world.add("one", f"{log_line(1)}\n", subject=1)
    world.put("quarantine/version=1/one.jsonl", {"old": True})
    convert(task_of(world))
    assert world.keys("quarantine") == []


def test_no_scratch_is_left(world: World) -> None:
    world.add("one", f"{log_line(1)}\n", subject=1)
    convert(task_of(world))
    assert world.keys("tmp") == []
