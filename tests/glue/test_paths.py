"""The expected keys are written by hand: objects with these keys lie in buckets, and policies name them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from mhealth import paths
from tests.glue.world import GLUE

OTHERS = [path for path in sorted(GLUE.rglob("*.py")) if path.name != "paths.py"]
PARTS_OF_KEYS = ("part-", "snapshot=", "subject=", "version=", "snapshots/", "publications/")
SUFFIXES = (".csv", ".json", ".jsonl", ".parquet")


def keys_put_together(source: str) -> Iterator[str]:
    """The f-strings of a module that are keys by their parts. What has a space is a message."""
    for text in ast.walk(ast.parse(source)):
        if isinstance(text, ast.JoinedStr):
            parts = [part.value for part in text.values if isinstance(part, ast.Constant)]
            if " " not in "".join(parts) and any(
                part.endswith(PARTS_OF_KEYS) or part.startswith(SUFFIXES) for part in parts
            ):
                yield ast.unparse(text)


@pytest.mark.parametrize("module", OTHERS, ids=lambda path: path.relative_to(GLUE).as_posix())
def test_no_other_module_puts_a_key_together(module: Path) -> None:
    assert [*keys_put_together(module.read_text())] == []


def test_a_key_that_is_put_together_is_found() -> None:
    source = (GLUE / "mhealth" / "paths.py").read_text()
    assert len([*keys_put_together(source)]) >= 5


@pytest.mark.parametrize(
    ("raw_key", "expected"),
    [
        ("raw/version=1/one.csv", "stage/version=1/one.parquet"),
        ("raw/version=12/a.csv.csv", "stage/version=12/a.csv.parquet"),
        ("raw/version=1/raw.csv", "stage/version=1/raw.parquet"),
    ],
)
def test_a_stage_key_mirrors_the_raw_key(raw_key: str, expected: str) -> None:
    assert paths.stage_key("stage", raw_key) == expected


def test_what_is_made_of_a_raw_object_lies_beside_it() -> None:
    raw_key = "raw/version=12/mHealth_subject1.csv"
    assert paths.quarantine_key("bad", raw_key) == "bad/version=12/mHealth_subject1.jsonl"
    stage, quarantine = "stage/version=12/all.parquet", "quarantine/version=12/all.jsonl"
    assert [paths.stage_part_key(stage, part) for part in (0, 1, 12)] == [
        "stage/version=12/all.parquet",
        "stage/version=12/all/part-00001.parquet",
        "stage/version=12/all/part-00012.parquet",
    ]
    assert [paths.quarantine_part_key(quarantine, part) for part in (0, 1)] == [
        "quarantine/version=12/all/part-00000.jsonl",
        "quarantine/version=12/all/part-00001.jsonl",
    ]


def test_a_table_file_lies_in_the_folder_of_its_partition() -> None:
    folder = paths.snapshot_folder("processed", 20261124031454)
    assert folder == "processed/snapshot=20261124031454/"
    key = paths.table_key(folder, 3, 1)
    assert key == "processed/snapshot=20261124031454/subject=3/part-00001.parquet"
    location = "s3://a-bucket/processed/snapshot=20261124031454/subject=3/"
    assert paths.partition_location("s3://a-bucket", key) == location
    assert (
        paths.carried_key(key, folder, "processed/snapshot=7/") == "processed/snapshot=7/subject=3/part-00001.parquet"
    )
    assert paths.subjects_of([key, "processed/snapshot=7/subject=12/part-00000.parquet", "other"]) == {3, 12}


def test_a_snapshots_manifest_and_record_bear_its_number() -> None:
    assert paths.manifest_key("manifests", 7) == "manifests/snapshots/7.json"
    assert paths.publication_key("manifests", 7) == "manifests/publications/7.json"


def test_what_is_named_nearly_like_a_snapshot_is_ignored() -> None:
    folders = ["snapshot=7/", "snapshot=10/", "snapshot=07/", "snapshot=x/", "snapshot=7/subject=1/", "snapshot=7"]
    assert paths.snapshots_of_folders("a.b", [f"a.b/{folder}" for folder in folders] + ["axb/snapshot=8/"]) == [7, 10]
    keys = ["m/7.json", "m/07.json", "m/7.json.bak", "m/7xjson", "n/7.json", "m/0.json", f"m/{10**18}.json"]
    assert list(paths.snapshots_of_keys("m/", keys)) == [("m/7.json", 7)]
