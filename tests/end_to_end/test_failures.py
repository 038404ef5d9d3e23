"""An execution that fails in each state in turn: the notice, and readers see no change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mhealth_ops.kaggle.synthetic import write_dataset

from .conftest import World
from .project import hurried

pytestmark = [pytest.mark.local_aws, pytest.mark.story]

ROWS = (60, 50)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("failures") / "dataset"
    write_dataset(folder, rows=ROWS)
    return folder


@pytest.fixture(scope="module")
def world(dataset: Path) -> Iterator[World]:
    with hurried(dataset, report=False) as world:
        yield world


@pytest.fixture
def denied(world: World) -> Iterator[Any]:
    """Takes a right away from the state machine's role, until the test ends."""
    iam, role = world.client("iam"), world.resources["StateMachineRole"]

    def deny(action: str, resource: str = "*") -> None:
        statement = {"Effect": "Deny", "Action": action, "Resource": resource}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        iam.put_role_policy(RoleName=role, PolicyName="denied", PolicyDocument=json.dumps(policy))

    yield deny
    iam.delete_role_policy(RoleName=role, PolicyName="denied")


def something_new(dataset: Path) -> None:
    """A new version of the dataset in which no recording changed: the whole way, with nothing to compute."""
    note = dataset / "README.txt"
    note.write_text((note.read_text() if note.exists() else "") + "another line\n")


def seen(world: World) -> int:
    """How many samples readers see."""
    (row,) = world.query("SELECT count(*) AS samples FROM mhealth")
    return int(row["samples"])


def test_a_metric_that_cannot_be_put_fails_no_run(world: World, reported: Any, denied: Any) -> None:
    denied("cloudwatch:PutMetricData")
    assert world.publish()["rows"] == sum(ROWS)
    assert json.loads(world.execute()["output"])["outcome"] == "unchanged"
    assert reported() == []


AGAIN = [
    # the state, what its role is denied, where, the error of the execution; the published snapshot is published again
    ("DownloadCSV", "lambda:InvokeFunction", "*", "Lambda.AccessDeniedException"),
    ("RefreshCatalog", "glue:StartCrawler", "*", "Glue.AccessDeniedException"),
    ("PublishSnapshot", "glue:UpdateTable", "*", "QueryFailed"),
]
NEW = [
    # of a new snapshot
    ("ConvertParquet", "glue:StartJobRun", "{ConvertParquetJob}", "Glue.AWSGlueException"),
    ("RecordSuccess", "s3:PutObject", "{bucket}/manifests/publications/*", "S3.S3Exception"),
]
LONG = [
    ("GlueTransform", "glue:StartJobRun", "{GlueTransformJob}", "Glue.AWSGlueException"),
    ("RefreshCatalog", "glue:StartCrawler", "*", "Glue.AccessDeniedException"),
    ("GetCrawler", "glue:GetCrawler", "*", "Glue.AccessDeniedException"),
    ("ReadSnapshotSummary", "s3:GetObject", "{bucket}/manifests/snapshots/*", "S3.S3Exception"),
    ("VerifySnapshot", "athena:StartQueryExecution", "*", "Athena.AmazonAthenaException"),
    ("ReadVerifiedCounts", "athena:GetQueryResults", "*", "Athena.AmazonAthenaException"),
    ("PublishSnapshot", "glue:UpdateTable", "*", "QueryFailed"),
]
DENIALS = [
    *(pytest.param(*case, False, id=f"{case[0]} again") for case in AGAIN),
    *(pytest.param(*case, True, id=case[0]) for case in NEW),
    *(pytest.param(*case, True, id=case[0], marks=pytest.mark.drill) for case in LONG),
]


@pytest.mark.parametrize(("state", "action", "where", "error", "new"), DENIALS)
def test_a_refusal_in_any_state_is_told_and_changes_nothing(
    world: World,
    dataset: Path,
    reported: Any,
    denied: Any,
    drilled: Callable[..., None],
    state: str,
    action: str,
    where: str,
    error: str,
    new: bool,
) -> None:
    before = world.published()
    if new:
        something_new(dataset)
    else:  # of the two subjects readers see one, which an execution would mend without a job
        one = f"SELECT * FROM mhealth_snapshots WHERE snapshot = {before} AND subject = 1"
        world.query(f"CREATE OR REPLACE VIEW mhealth AS {one}")
    samples, runs = seen(world), world.job_runs()
    jobs = {
        name: f"arn:aws:glue:us-east-1:*:job/{world.resources[name]}"
        for name in ("ConvertParquetJob", "GlueTransformJob")
    }
    denied(action, where.format(bucket=f"arn:aws:s3:::{world.outputs['DataBucketName']}", **jobs))
    execution = world.execute()
    assert (execution["status"], execution["error"]) == ("FAILED", error)
    (message,) = reported()
    assert (message["state"], message["error"], message["cause"]) == (state, error, execution["cause"])
    # S3 refuses a HEAD request, ReadSnapshotSummary's, without a word.
    assert (action if state != "ReadSnapshotSummary" else "Forbidden") in message["cause"]
    assert message["execution"] == execution["executionArn"]
    assert message["link"].endswith(execution["executionArn"])
    assert error in message["what_to_do"]
    assert "start an execution" in message["what_to_do"]
    # RecordSuccess comes after the view has moved: readers see the new snapshot, whole.
    assert (world.published() == before) is (state != "RecordSuccess")
    assert seen(world) == (samples if state != "RecordSuccess" else sum(ROWS))
    assert new or world.job_runs() == runs
    drilled("a state's request is refused", 1, "its error is told; readers see the old snapshot, or the new one whole")


def test_the_next_execution_does_what_the_failed_ones_left(world: World) -> None:
    published = world.published()
    assert f"manifests/publications/{published}.json" not in world.keys("manifests/publications/")
    assert json.loads(world.execute()["output"])["outcome"] == "unchanged"
    assert world.published() == published
    assert world.document(f"manifests/publications/{published}.json")["snapshot"] == published


def test_a_failure_that_nobody_can_be_told_of_keeps_its_name(world: World, dataset: Path, denied: Any) -> None:
    denied("sns:Publish")
    for log in dataset.glob("*.log"):
        log.rename(log.with_suffix(".txt"))
    execution = world.execute()
    assert (execution["status"], execution["error"]) == ("FAILED", "NoUsableFiles")
    for log in dataset.glob("*.txt"):
        if log.stem != "README":
            log.rename(log.with_suffix(".log"))
