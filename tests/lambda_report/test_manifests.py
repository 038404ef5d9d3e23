"""Manifests as the jobs and the ingest write them, and as they must not be."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from snapshot_report.errors import ManifestUnreadable
from snapshot_report.manifests import read_raw_version, read_snapshot

KEY = "manifests/a.json"
SNAPSHOT: dict[str, Any] = {
    "snapshot": 20261124080000,
    "raw_version": 2,
    "dataset": "somebody/mhealth",
    "code_version": "c0de",
    "execution": "arn",
    "recording_start": "2014-01-01T00:00:00+00:00",
    "columns": ["id string"],
    "sources": [
        {"name": "one", "raw_key": "raw/version=1/one.csv", "sha256": "a", "lines": 5, "rows": 4, "quarantined": 1}
    ],
    "files": [
        {"key": "k0", "subject": 1, "rows": 3, "bytes": 30, "carried": True, "stage_keys": ["s"]},
        {"key": "k1", "subject": 1, "rows": 1, "bytes": 10, "carried": False, "stage_keys": ["s"]},
    ],
    "checks": [{"name": "lines", "expected": 5, "found": "5", "passed": True}],
}


def test_a_snapshot_knows_its_totals() -> None:
    read = read_snapshot(SNAPSHOT, KEY)
    assert (read.number, read.rows, read.lines, read.quarantined) == (20261124080000, 4, 5, 1)
    assert read.rows_by_subject == {1: 4}
    assert [file.carried for file in read.files] == [True, False]
    assert (read.checks[0].expected, read.checks[0].found, read.checks[0].passed) == ("5", "5", True)


def test_what_is_not_true_did_not_pass() -> None:
    changed = copy.deepcopy(SNAPSHOT)
    changed["checks"][0]["passed"] = "yes"
    assert not read_snapshot(changed, KEY).checks[0].passed


@pytest.mark.parametrize("missing", ["snapshot", "sources", "checks", "columns"])
def test_a_snapshot_manifest_without_a_part_is_refused(missing: str) -> None:
    with pytest.raises(ManifestUnreadable, match=f"the snapshot manifest {KEY} is not as .*{missing}"):
        read_snapshot({name: value for name, value in SNAPSHOT.items() if name != missing}, KEY)


@pytest.mark.parametrize("other", [None, "text", [], [[]], [7], {}, float("inf")], ids=repr)
def test_a_part_of_another_kind_is_refused_with_the_key(other: Any) -> None:
    for name in ("snapshot", "sources", "files", "checks"):
        try:
            read_snapshot(SNAPSHOT | {name: other}, KEY)
        except ManifestUnreadable as error:
            assert KEY in str(error)  # noqa: PT017 - what has no member is read


def test_a_raw_manifest_tells_what_landed_and_what_did_not() -> None:
    read = read_raw_version(
        {
            "raw_version": 3,
            "files": [
                {"name": "one", "source": "one.log", "layout": "log", "bytes": 77, "raw_key": "raw/one", "lines": 9}
            ],
            "skipped": [{"name": "README.txt", "reason": "neither"}],
        },
        KEY,
    )
    assert (read.version, read.files[0].source, read.files[0].bytes) == (3, "one.log", 77)
    assert (read.skipped[0].name, read.skipped[0].reason) == ("README.txt", "neither")
    assert read.skipped_files == 1


def test_a_raw_manifest_that_lists_the_first_of_many_tells_how_many() -> None:
    first = [{"name": "README.txt", "reason": "neither"}]
    read = read_raw_version({"raw_version": 3, "files": [], "skipped": first, "skipped_files": 300}, KEY)
    assert read.skipped_files == 300


def test_a_raw_manifest_of_another_kind_is_refused() -> None:
    with pytest.raises(ManifestUnreadable, match=f"the raw manifest {KEY} is not as"):
        read_raw_version({"raw_version": 3, "files": [{"name": "one"}], "skipped": []}, KEY)
