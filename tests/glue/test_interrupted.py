"""Both jobs while S3 fails: any one request of theirs, in any way, or one operation for good."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from urllib3.exceptions import HTTPError

import convert_parquet
import glue_transform
from local_aws.testing.faults import WRITES
from mhealth.raw import splits
from tests.glue.world import World, log_line
from tests.interrupted import EVERY, FAULTS, Content, Drilled, Sweep, faulty

__all__ = ["faulty"]
TRANSIENT = (ClientError, BotoCoreError, S3UploadFailedError, HTTPError, Py4JJavaError, PySparkException)
SHORT = ("503 SlowDown", "cut after")
REJECTED = "quarantine/version=1/mHealth_subject1.jsonl"
OLD, DEAD, NEW = 20261122031454, 20261123031454, 20261124031454


def lines(count: int, seed: int) -> str:
    return "".join(f"{log_line(seed + n, label=n % 13)}\n" for n in range(count))


@pytest.fixture
def raw(world: World) -> World:
    """Two recordings; a line of the second is none."""
    world.add("mHealth_subject1", lines(50, 1000), subject=1)
    world.add("mHealth_subject2", lines(20, 2000) + "oops\n" + lines(19, 2020), subject=2)
    world.publish()
    return world


def content(folder: Path) -> Content:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), {}) for path in folder.rglob("*") if path.is_file()
    }


def stage_is_whole_or_absent(left: Content, expected: Content) -> None:
    """Where there is a stage object it is the one that belongs there, with its quarantine object."""
    for key, value in left.items():
        if key.startswith("stage/"):
            assert value == expected[key]
            rejected = key.replace("stage/", "quarantine/").replace(".parquet", ".jsonl")
            assert left.get(rejected) == expected.get(rejected)


@pytest.fixture
def convert(s3_spark: SparkSession, faulty: None, raw: World) -> Sweep:
    """Job 1 with two files to convert, one of which was a quarantine object's owner before and has no bad line now."""

    def run(bucket: str) -> None:
        convert_parquet.main(raw.convert_arguments(data_uri=f"s3://{bucket}", max_bad_row_ratio=0.1))

    sweep = Sweep(boto3.client("s3"), run, TRANSIENT, stage_is_whole_or_absent)
    sweep.fill = content(raw.folder) | {"quarantine/version=1/mHealth_subject1.jsonl": (b"{}\n", {})}
    return sweep


def parts_are_whole_or_absent(left: Content, expected: Content) -> None:
    """Where all parts are there the rejected lines are theirs, or there are none: then the file is converted again."""
    parts = {key for key in expected if key.startswith("stage/")}
    assert all(left[key] == expected[key] for key in parts & left.keys())
    assert len(parts) == 3
    if parts <= left.keys():
        assert left.get(REJECTED) in (None, expected[REJECTED])


@pytest.fixture
def convert_large(s3_spark: SparkSession, faulty: None, world: World, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """Job 1 with a file in three parts, of which a failed run left one and the rejected lines of another code."""
    monkeypatch.setattr(splits, "PART_LINES", 20)
    world.add("mHealth_subject1", f"{lines(29, 1000)}oops\n{lines(29, 2000)}oops\n", subject=1)
    world.publish()

    def run(bucket: str) -> None:
        convert_parquet.main(world.convert_arguments(data_uri=f"s3://{bucket}", max_bad_row_ratio=0.1))

    sweep = Sweep(boto3.client("s3"), run, TRANSIENT, parts_are_whole_or_absent)
    sweep.fill = content(world.folder) | {
        REJECTED: (b"{}\n", {}),
        "quarantine/version=1/mHealth_subject1/part-00000.jsonl": (b"{}\n", {}),
    }
    return sweep


@pytest.fixture
def transform(s3_spark: SparkSession, faulty: None, raw: World) -> Sweep:
    """Job 2 where one subject is carried from the published snapshot, one is made, and a failed run left files."""
    convert_parquet.main(raw.convert_arguments(max_bad_row_ratio=0.1))
    glue_transform.main(raw.transform_arguments(snapshot=OLD))
    raw.record(OLD)
    raw.add("mHealth_subject2", lines(30, 3000), subject=2, version=2)
    arguments = {"raw_manifest": raw.publish(version=2), "snapshot": NEW}
    convert_parquet.main(raw.convert_arguments(**arguments))

    def run(bucket: str) -> None:
        glue_transform.main(raw.transform_arguments(data_uri=f"s3://{bucket}", **arguments))

    def old_is_there_and_new_is_whole_or_unknown(left: Content, expected: Content) -> None:
        manifest = f"manifests/snapshots/{NEW}.json"
        for key, value in expected.items():
            if f"snapshot={NEW}/" not in key and key != manifest:
                assert left[key] == value
        if manifest in left:
            for file in json.loads(left[manifest][0])["files"]:
                assert left[file["key"]] == expected[file["key"]]

    sweep = Sweep(boto3.client("s3"), run, TRANSIENT, old_is_there_and_new_is_whole_or_unknown)
    dead = f"processed/snapshot={DEAD}/subject=1/part-00000.parquet"
    half = f"processed/snapshot={NEW}/subject=9/part-00000.parquet"
    sweep.fill = content(raw.folder) | {dead: (b"half", {}), half: (b"half", {})}
    return sweep


def test_a_request_of_job_1_that_fails_once_does_no_harm(convert: Sweep) -> None:
    convert.each_once(SHORT, every=EVERY)


@pytest.mark.many_runs
def test_a_request_of_job_1_on_a_large_file_that_fails_once_does_no_harm(convert_large: Sweep) -> None:
    _, expected = convert_large.undisturbed()
    assert len(expected[REJECTED][0].splitlines()) == 2
    assert [key for key in expected if key.startswith("quarantine/")] == [REJECTED]
    convert_large.each_once(SHORT, every=EVERY)


def test_a_request_of_job_2_that_fails_once_does_no_harm(transform: Sweep) -> None:
    _, expected = transform.undisturbed()
    assert not [key for key in expected if f"snapshot={DEAD}/" in key or "subject=9" in key]
    transform.each_once(SHORT, every=EVERY)


def test_files_that_cannot_be_carried_leave_no_snapshot(transform: Sweep) -> None:
    transform.each_for_good(["CopyObject"])
    assert transform.outcomes["failed"] == 1


@pytest.mark.drill
@pytest.mark.parametrize("kind", FAULTS)
def test_any_request_of_job_1_that_fails_once_does_no_harm(convert: Sweep, drilled: Drilled, kind: str) -> None:
    convert.each_everywhere(kind, drilled, "job 1", every=3)


@pytest.mark.drill
@pytest.mark.parametrize("kind", FAULTS)
def test_any_request_of_job_1_on_a_large_file_that_fails_once_does_no_harm(
    convert_large: Sweep, drilled: Drilled, kind: str
) -> None:
    convert_large.each_everywhere(kind, drilled, "job 1 on a large file", every=7)


@pytest.mark.drill
@pytest.mark.parametrize("kind", FAULTS)
def test_any_request_of_job_2_that_fails_once_does_no_harm(transform: Sweep, drilled: Drilled, kind: str) -> None:
    # It has by far the most requests, and each run of it takes a second.
    transform.each_everywhere(kind, drilled, "job 2", every=7)


@pytest.mark.drill
@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
def test_job_1_fails_where_s3_fails_for_good(convert: Sweep, operation: str) -> None:
    convert.each_for_good([operation])


@pytest.mark.drill
@pytest.mark.parametrize("operation", ["GetObject", "PutObject", "HeadObject"])
def test_job_1_fails_on_a_large_file_where_s3_fails_for_good(convert_large: Sweep, operation: str) -> None:
    convert_large.each_for_good([operation])


@pytest.mark.drill
@pytest.mark.parametrize("operation", [*WRITES[:2], "DeleteObjects", "GetObject", "ListObjects"])
def test_job_2_fails_where_s3_fails_for_good(transform: Sweep, operation: str) -> None:
    transform.each_for_good([operation])
