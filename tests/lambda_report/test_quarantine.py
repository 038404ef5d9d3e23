"""Rejected lines from real objects: bounded, whole, and the worst files first."""

from __future__ import annotations

import io
import json

import pytest

from mhealth.raw.grammar import BadLine, read_line
from mhealth.raw.reader import LINE_LIMIT
from mhealth.stage.quarantine import write_rejected
from snapshot_report import quarantine
from snapshot_report.errors import ManifestUnreadable
from snapshot_report.manifests import RawFile, Source
from snapshot_report.quarantine import find_quarantine, kind, read_quarantine
from snapshot_report.storage import Bucket


def source(name: str, quarantined: int, version: int = 7) -> Source:
    return Source(name, f"raw/version={version}/{name}.csv", "sha", 100, 100 - quarantined, quarantined)


def put(bucket: Bucket, name: str, *lines: object, version: int = 7) -> None:
    body = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
    bucket._s3.put_object(Bucket="data", Key=f"quarantine/version={version}/{name}.jsonl", Body=body.encode())


def entry(file: str, line: int, text: str = "x", reason: str = "no number") -> dict[str, object]:
    return {"file": file, "line": line, "reason": reason, "text": text}


def raw_file(name: str, lines: int = 100, version: int = 8) -> RawFile:
    return RawFile(name, f"{name}.log", "mhealth_log", 1, f"raw/version={version}/{name}.csv", lines)


def test_a_dataset_without_rejected_lines_has_no_object_to_read(bucket: Bucket) -> None:
    found = read_quarantine(bucket, "quarantine", [source("clean", 0)])
    assert (found.shown, found.total, found.files) == ((), 0, 0)


def test_the_files_with_most_rejected_lines_come_first_with_five_lines_each(bucket: Bucket) -> None:
    put(bucket, "few", entry("few.log", 3))
    put(bucket, "many", *[entry("many.log", line) for line in range(1, 10)], version=6)
    found = read_quarantine(bucket, "quarantine", [source("few", 1), source("many", 9, version=6)])
    assert [(line.file, line.line) for line in found.shown] == [
        *[("many.log", 1), ("many.log", 2), ("many.log", 3), ("many.log", 4), ("many.log", 5)],
        ("few.log", 3),
    ]
    assert (found.total, found.files) == (10, 2)


def test_twenty_files_are_shown_of_more(bucket: Bucket) -> None:
    for number in range(25):
        put(bucket, f"s{number:02}", entry(f"s{number:02}.log", 1))
    found = read_quarantine(bucket, "quarantine", [source(f"s{number:02}", 1) for number in range(25)])
    assert [line.file for line in found.shown] == [f"s{number:02}.log" for number in range(20)]
    assert (found.total, found.files) == (25, 25)


@pytest.mark.parametrize(
    "byte",
    [pytest.param(b"\x01", id="control"), pytest.param(b"\xff", id="no-utf-8"), pytest.param(b'"', id="quotes")],
)
def test_the_longest_entries_that_job_1_writes_are_shown(bucket: Bucket, byte: bytes) -> None:
    written = io.BytesIO()
    verdict = read_line(byte * LINE_LIMIT, ("ecg_1", "label"))
    assert isinstance(verdict, BadLine)
    for line in range(1, 8):
        write_rejected(written, "long.log", line, verdict)
    put(bucket, "long", written.getvalue().decode())
    found = read_quarantine(bucket, "quarantine", [source("long", 7)])
    assert [(line.line, line.text) for line in found.shown] == [(line, verdict.text) for line in range(1, 6)]


def test_an_object_of_one_endless_line_is_not_read_to_its_end(bucket: Bucket) -> None:
    put(bucket, "endless", "a" * 4_000_000)
    assert list(bucket.lines("quarantine/version=7/endless.jsonl", 1000, 500)) == [b"a" * 1000]
    (read,) = bucket.lines("quarantine/version=7/endless.jsonl", 4_000_000, 200_000)
    assert 200_000 < len(read) < 300_000
    found = read_quarantine(bucket, "quarantine", [source("endless", 2)])
    assert (found.shown, found.reasons, found.unread) == ((), (), 2)


def test_what_is_no_entry_and_an_object_that_is_gone_are_left_out(bucket: Bucket) -> None:
    put(bucket, "odd", "not json\n", {"file": "odd.log"}, entry("odd.log", 4))
    found = read_quarantine(bucket, "quarantine", [source("odd", 3), source("gone", 1)])
    assert [(line.file, line.line) for line in found.shown] == [("odd.log", 4)]
    assert (found.total, found.unread) == (4, 3)


@pytest.mark.notices(
    "lambda_report/snapshot_report/quarantine.py", "found.lines[reason] += 1", "found.lines[reason] = 1"
)
def test_lines_are_counted_by_reason_without_the_values_that_it_quotes(bucket: Bucket) -> None:
    number = "field 3 (chest_accel_z) is not a number: {}"
    put(bucket, "a", *[entry("d/a.log", line, reason=number.format(line)) for line in (4, 5, 9)])
    put(
        bucket,
        "b",
        entry("b.log", 2, reason=number.format("'x: y'")),
        entry("b.log", 3, reason="2 fields, expected 24"),
    )
    found = read_quarantine(bucket, "quarantine", [source("b", 2), source("a", 3), source("none", 0)])
    told = [(each.reason, each.lines, each.files, each.first.file, each.first.line) for each in found.reasons]
    assert told == [
        ("field 3 (chest_accel_z) is not a number", 4, 2, "d/a.log", 4),
        ("2 fields, expected 24", 1, 1, "b.log", 3),
    ]
    assert [(each.file, each.key, each.lines, each.of, list(each.reasons)) for each in found.by_file] == [
        ("d/a.log", "quarantine/version=7/a.jsonl", 3, 100, [("field 3 (chest_accel_z) is not a number", 3)]),
        (
            *("b.log", "quarantine/version=7/b.jsonl", 2, 100),
            [("2 fields, expected 24", 1), ("field 3 (chest_accel_z) is not a number", 1)],
        ),
    ]
    assert (found.total, found.unread, found.complete) == (5, 0, True)


def test_every_reason_of_job_1_has_a_kind_without_a_value_of_the_line() -> None:
    # What the grammar says about lines of one defect with two values.
    columns = ("subject", "ecg_1", "label")
    for one, other in (
        (b"1,oops,3", b"1,'a: b',3"),
        (b"1,1e999,3", b"1,2e999,3"),
        (b"who,1,3", b"nobody,1,3"),
        (b"1,1,13", b"1,1,0.5"),
        (b"1" * (LINE_LIMIT + 1), b"1" * (LINE_LIMIT + 2)),
    ):
        first, second = read_line(one, columns), read_line(other, columns)
        assert isinstance(first, BadLine)
        assert isinstance(second, BadLine)
        assert first.reason != second.reason
        assert kind(first.reason) == kind(second.reason)


def test_a_failed_run_has_the_lines_of_its_versions_files_that_exist(bucket: Bucket) -> None:
    put(bucket, "few", entry("few.log", 3), version=8)
    put(bucket, "most", *[entry("most.log", line, reason="2 fields, expected 24") for line in (7, 8)], version=6)
    put(bucket, "foreign", entry("foreign.log", 1), version=8)
    put(bucket, "few/part-00000", entry("few.log", 3), version=8)
    files = [raw_file("few"), raw_file("most", 50, version=6), raw_file("clean")]
    found = find_quarantine(bucket, "quarantine", files)
    assert [(each.file, each.key, each.lines, each.of) for each in found.by_file] == [
        ("most.log", "quarantine/version=6/most.jsonl", 2, 50),
        ("few.log", "quarantine/version=8/few.jsonl", 1, 100),
    ]
    assert [(each.reason, each.lines) for each in found.reasons] == [("2 fields, expected 24", 2), ("no number", 1)]
    assert (found.total, found.complete) == (3, True)


@pytest.mark.notices(
    "lambda_report/snapshot_report/quarantine.py", "found.whole = taken < most_bytes", "found.whole = True"
)
def test_what_is_too_much_to_read_is_said(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bucket, "long", *[entry("long.log", line) for line in range(1, 101)], version=9)
    put(bucket, "short", entry("short.log", 1), version=9)
    monkeypatch.setattr(quarantine, "MOST_BYTES", 2000)
    found = read_quarantine(bucket, "quarantine", [source("long", 100, version=9), source("short", 1, version=9)])
    read = sum(each.lines for each in found.reasons)
    assert 10 < read < 30
    assert (found.total, found.unread) == (101, 101 - read)
    files = [raw_file("long", version=9), raw_file("short", version=9)]
    assert not find_quarantine(bucket, "quarantine", files).complete
    monkeypatch.setattr(quarantine, "MOST_BYTES", 1_000_000)
    assert find_quarantine(bucket, "quarantine", files).complete
    monkeypatch.setattr(quarantine, "MOST_OBJECTS", 1)
    found = find_quarantine(bucket, "quarantine", files)
    assert (found.total, found.complete) == (100, False)


@pytest.mark.parametrize(("body", "reported"), [(b"[1]", "it is a list"), (b"{", "is no JSON object")])
def test_a_manifest_that_somebody_changed_is_refused_by_its_address(bucket: Bucket, body: bytes, reported: str) -> None:
    bucket._s3.put_object(Bucket="data", Key="manifests/odd.json", Body=body)
    with pytest.raises(ManifestUnreadable, match=rf"s3://data/manifests/odd\.json .*{reported}|{reported}"):
        bucket.document("manifests/odd.json")


def test_a_manifest_that_is_gone_is_named_or_none(bucket: Bucket) -> None:
    assert bucket.document_or_none("manifests/none.json") is None
    with pytest.raises(ManifestUnreadable, match=r"there is no object s3://data/manifests/none\.json"):
        bucket.document("manifests/none.json")
