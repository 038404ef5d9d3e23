"""Recovery: the next run restores whatever readers do not see: view, partitions, files, records or table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from rich.console import Console

from mhealth_ops.kaggle.synthetic import write_dataset
from mhealth_ops.operations.errors import OperationFailed
from mhealth_ops.operations.health import what_readers_get
from mhealth_ops.operations.restoring import restore_table
from mhealth_ops.operations.rollback import plan
from mhealth_ops.operations.snapshots import shown
from mhealth_ops.operations.stacks import Stack

from . import sources
from .conftest import World
from .project import hurried

ROWS = (60, 50)
TABLE = "mhealth_snapshots"
CURRENT = "manifests/current.json"
pytestmark = [pytest.mark.local_aws, pytest.mark.story]

# The tests of this module are one story: each starts where the one before it ended.


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readers") / "dataset"
    write_dataset(folder, rows=ROWS)
    return folder


@pytest.fixture(scope="module")
def world(dataset: Path) -> Iterator[World]:
    with hurried(dataset, tries=1, report=False, parameters={"KeepSnapshots": "3"}) as world:
        yield world


@pytest.fixture
def stack(world: World, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The stack as the operator's commands see it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.endpoint)
    session = boto3.Session(aws_access_key_id="any", aws_secret_access_key="any", region_name="us-east-1")
    return Stack.named("mhealth", session)


@pytest.fixture
def recovered(world: World, dataset: Path) -> Iterator[Callable[[str, bytes | None], dict[str, Any]]]:
    """Run an execution that must end with an outcome, without a Glue job; readers see every row of the dataset.

    Before it manifests/current.json is made gone, old or garbage: no run reads that copy.
    """
    runs = world.job_runs()

    def run(outcome: str, current: bytes | None) -> dict[str, Any]:
        delete(world, CURRENT) if current is None else put(world, CURRENT, current)
        execution = world.execute()
        assert execution["status"] == "SUCCEEDED", (execution.get("error"), execution.get("cause"))
        output: dict[str, Any] = json.loads(execution["output"])
        assert output["outcome"] == outcome
        assert sources.of_table(world.query("SELECT * FROM mhealth")) == sources.of_logs(dataset)
        return output

    yield run
    assert world.job_runs() == runs


def roll_back(world: World, snapshot: int) -> None:
    """As in the console."""
    world.query(world.named_query("RollBack").replace("YYYYMMDDHHMMSS", str(snapshot)))


def offered(world: World) -> list[int]:
    return [int(row["snapshot"]) for row in world.query(world.named_query("Snapshots"))]


def registered(world: World) -> set[int]:
    pages = (
        world.client("glue")
        .get_paginator("get_partitions")
        .paginate(DatabaseName=world.outputs["DatabaseName"], TableName=TABLE)
    )
    return {int(partition["Values"][0]) for page in pages for partition in page["Partitions"]}


def drop_partitions(world: World, snapshot: int) -> None:
    for subject in (1, 2):
        world.query(f"ALTER TABLE {TABLE} DROP PARTITION (snapshot = {snapshot}, subject = {subject})")


def put(world: World, key: str, body: bytes) -> None:
    world.client("s3").put_object(Bucket=world.outputs["DataBucketName"], Key=key, Body=body)


def delete(world: World, key: str) -> None:
    world.client("s3").delete_object(Bucket=world.outputs["DataBucketName"], Key=key)


@pytest.mark.notices(
    "cloudformation/pipeline.asl.json",
    '"published_at.$": "$$.State.EnteredTime"',
    '"published_at.$": "$$.Execution.StartTime"',
)
def test_a_publication_is_recorded_after_the_view_has_moved(world: World) -> None:
    arn = world.start()
    first = world.published_by(arn)["snapshot"]
    record = world.document(f"manifests/publications/{first}.json")
    assert (record["snapshot"], record["execution"], record["raw_version"]) == (first, arn, 1)
    assert world.document(CURRENT) == record
    pages = world.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    (moved,) = [
        event["timestamp"]
        for page in pages
        for event in page["events"]
        if event.get("stateExitedEventDetails", {}).get("name") == "PublishSnapshot"
    ]
    # The event's time may be cut to milliseconds.
    assert datetime.fromisoformat(record["published_at"]).timestamp() > moved.timestamp() - 0.002


def test_nothing_new_is_said_after_a_count_of_what_readers_see(world: World, recovered: Any) -> None:
    output = recovered("unchanged", None)
    assert output["snapshot"] == world.published()
    assert f"Readers see snapshot {world.published()} since 20" in output["message"]


@pytest.mark.notices(
    "cloudformation/pipeline.asl.json", '"Default": "CountForReaders"', '"Default": "MeasureNothingNew"'
)
def test_dropped_partitions_are_registered_again_without_a_job(world: World, recovered: Any, stack: Stack) -> None:
    snapshot = world.published()
    drop_partitions(world, snapshot)
    assert what_readers_get(stack, shown(stack)).text.startswith("get 0 of 110 rows, so partitions are missing")
    assert recovered("published again", b"")["snapshot"] == snapshot


def test_another_view_of_that_name_is_replaced(world: World, recovered: Any) -> None:
    world.query("CREATE OR REPLACE VIEW mhealth AS SELECT 1 AS one")
    recovered("published again", b"{")


def test_a_view_that_leaves_out_a_subject_is_replaced(world: World, recovered: Any) -> None:
    # As many rows could be in one subject alone: so both are counted.
    snapshot = world.published()
    world.query(f"CREATE OR REPLACE VIEW mhealth AS SELECT * FROM {TABLE} WHERE snapshot = {snapshot} AND subject < 2")
    recovered("published again", b'{"snapshot": 1}')


@pytest.mark.notices(
    "cloudformation/pipeline.asl.json",
    '{ "Variable": "$.verified.subjects", "StringEqualsPath": "$.summary.subjects" }',
    '{ "Variable": "$.verified.rows", "StringEqualsPath": "$.summary.rows" }',
)
def test_rows_with_another_number_of_subjects_are_not_published(world: World) -> None:
    key = f"manifests/snapshots/{world.published()}.json"
    s3, bucket = world.client("s3"), world.outputs["DataBucketName"]
    totals = s3.head_object(Bucket=bucket, Key=key)["Metadata"]
    source = {"Bucket": bucket, "Key": key}
    s3.copy_object(
        Bucket=bucket, Key=key, CopySource=source, Metadata=totals | {"subjects": "3"}, MetadataDirective="REPLACE"
    )
    world.query("DROP VIEW mhealth")
    execution = world.execute()
    assert (execution["status"], execution["error"]) == ("FAILED", "RowCountMismatch")
    s3.copy_object(Bucket=bucket, Key=key, CopySource=source, Metadata=totals, MetadataDirective="REPLACE")


def test_a_dropped_view_is_published_again_without_a_job(world: World, recovered: Any, stack: Stack) -> None:
    """It is gone since the test before."""
    (snapshot,) = offered(world)
    assert "the view mhealth is gone" in what_readers_get(stack, shown(stack)).text
    found = plan(stack, snapshot)  # a rollback needs no view
    assert found is not None
    assert (found.now, found.to.number) == (None, snapshot)
    assert recovered("published again", b"\xff")["snapshot"] == snapshot
    assert what_readers_get(stack, shown(stack)).text.startswith("get all 110 rows, counted through Athena")


@pytest.mark.notices("glue/mhealth/processed/published.py", "catalog.published(view) if view else None", "None")
def test_a_missing_subject_is_noticed_whatever_the_records_say(world: World, dataset: Path) -> None:
    before = world.published()
    for key in [*world.keys("manifests/publications/"), CURRENT]:
        delete(world, key)
    gone = dataset / "mHealth_subject2.log"
    content = gone.read_text()
    gone.unlink()
    execution = world.execute()
    gone.write_text(content)
    assert (execution["status"], execution["error"]) == ("FAILED", "MissingSubject")
    assert world.published() == before


@pytest.mark.notices(
    "cloudformation/template.yaml",
    "WHERE snapshot IN (SELECT snapshot FROM mhealth_publications)",
    "WHERE snapshot > 0",
)
def test_what_was_made_and_not_published_is_neither_offered_nor_accepted(world: World, stack: Stack) -> None:
    before = world.published()
    iam, named = world.client("iam"), {"RoleName": world.resources["StateMachineRole"], "PolicyName": "denied"}
    statement = {"Effect": "Deny", "Action": "glue:UpdateTable", "Resource": "*"}
    iam.put_role_policy(**named, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    execution = world.execute()  # the file of the test before is there again, in a newer version
    iam.delete_role_policy(**named)
    assert execution["status"] == "FAILED"
    (refused,) = {int(key.split("/")[-1][:-5]) for key in world.keys("manifests/snapshots/")} - set(offered(world))
    assert refused > before
    assert refused in registered(world)
    with pytest.raises(OperationFailed, match=f"Snapshot {refused} was never published"):
        plan(stack, refused)
    assert world.published() == before


def test_a_rollback_holds_is_told_and_survives_a_dropped_view(world: World) -> None:
    older = world.published()
    runs = world.job_runs()
    output = world.publish()  # what was refused is made again
    newer = output["snapshot"]
    assert output["subjects"] == 2
    assert world.job_runs() == runs + 2
    roll_back(world, older)
    output = json.loads(world.execute()["output"])
    assert (output["outcome"], output["snapshot"]) == ("unchanged", older)
    assert f"somebody rolled back from {newer}" in output["message"]
    world.query("DROP VIEW mhealth")
    output = json.loads(world.execute()["output"])
    assert (output["outcome"], output["snapshot"]) == ("published again", older)
    assert world.published() == older
    assert world.job_runs() == runs + 2
    roll_back(world, newer)


def test_a_lost_file_is_made_again_in_a_new_snapshot(world: World, dataset: Path) -> None:
    before = world.published()
    delete(world, f"processed/snapshot={before}/subject=2/part-00000.parquet")
    after = world.publish()["snapshot"]
    manifest = world.document(f"manifests/snapshots/{after}.json")
    assert {file["subject"]: file["carried"] for file in manifest["files"]} == {1: True, 2: False}
    assert sources.of_table(world.query("SELECT * FROM mhealth")) == sources.of_logs(dataset)


def test_a_dropped_table_has_a_name_and_comes_back_as_it_was(world: World, dataset: Path, stack: Stack) -> None:
    glue, where = world.client("glue"), {"DatabaseName": world.outputs["DatabaseName"], "Name": TABLE}
    before = glue.get_table(**where)["Table"]
    world.query(f"DROP TABLE {TABLE}")
    execution = world.execute()
    assert (execution["status"], execution["error"]) == ("FAILED", "TableMissing")
    assert "Restore a dropped table" in execution["cause"]
    assert f"the table {TABLE} is gone" in what_readers_get(stack, shown(stack)).text
    assert restore_table(Console(), stack)
    after = glue.get_table(**where)["Table"]
    own = ("CreateTime", "UpdateTime", "VersionId")
    assert {**before, **dict.fromkeys(own)} == {**after, **dict.fromkeys(own)}
    assert not restore_table(Console(), stack)
    assert json.loads(world.execute()["output"])["outcome"] == "published again"
    assert sources.of_table(world.query("SELECT * FROM mhealth")) == sources.of_logs(dataset)
