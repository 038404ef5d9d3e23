"""A live stack on a prefix of S3 that changes who registers its partitions, and then fails in each state in turn.

From the objects to the view, each value is the source's. Partitions are registered by the crawler, or by job 2. A
failure has its notice, and readers see no change.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.core.errors import DeploymentFailed
from local_aws.iam import record
from local_aws.server import LocalAws
from mhealth_ops.kaggle.synthetic import write_dataset
from mhealth_ops.local.stack import local_stack
from tests.suite.kept import kept_spark

from . import s3_source, sources
from .conftest import World, anybody
from .project import Project, update
from .test_readers import drop_partitions

ROWS = (60, 50)
TABLE = "mhealth_snapshots"
pytestmark = [pytest.mark.local_aws, pytest.mark.story]

# The tests of this module are one story: each starts where the one before it ended.


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project.copied(tmp_path_factory.mktemp("refresh") / "project")
    project.hurry(tries=1)
    project.leave_out_the_report()
    return project


@pytest.fixture(scope="module")
def dataset(project: Project) -> Path:
    write_dataset(project.folder.parent / "dataset", rows=ROWS)
    return project.folder.parent / "dataset"


@pytest.fixture(scope="module")
def running(project: Project, dataset: Path) -> Iterator[tuple[World, LocalAws]]:
    """The stack, whose Kaggle has nothing, after its first execution."""
    folder = project.folder.parent
    (folder / "empty").mkdir()
    with local_stack(str(folder / "empty"), folder=folder / "world", template=None, spark=kept_spark()) as aws:
        world = World(anybody(), aws.endpoint)
        s3_source.create(world, dataset)
        world.client("secretsmanager").create_secret(Name="kaggle", SecretString="KGAT_1")
        deploy(world, aws, project)
        world.publish()
        yield world, aws


def deploy(world: World, aws: LocalAws, project: Project, **parameters: str) -> None:
    secret = world.client("secretsmanager").describe_secret(SecretId="kaggle")["ARN"]
    update(aws, project, KeepSnapshots="5", SourceUri=s3_source.URI, KaggleSecretArn=secret, **parameters)


def annotate(world: World, dataset: Path) -> None:
    """A new version of the source in which no recording changed: the whole way, with nothing to compute."""
    note = dataset / "README.txt"
    note.write_text(note.read_text() + "another line\n")
    s3_source.put(world, note)


def first_execution(world: World) -> dict[str, Any]:
    executions = world.client("stepfunctions").list_executions(stateMachineArn=world.outputs["StateMachineArn"])
    first: dict[str, Any] = min(executions["executions"], key=lambda each: each["startDate"])
    return first


def partitions(world: World) -> dict[tuple[str, ...], dict[str, Any]]:
    pages = (
        world.client("glue")
        .get_paginator("get_partitions")
        .paginate(DatabaseName=world.outputs["DatabaseName"], TableName=TABLE)
    )
    return {tuple(each["Values"]): each for page in pages for each in page["Partitions"]}


def read(world: World, snapshot: int) -> list[sources.Row]:
    return sources.of_table(world.query(f"SELECT * FROM {TABLE} WHERE snapshot = {snapshot}"))


def kept(world: World) -> list[int]:
    return sorted(int(key.split("/")[-1].removesuffix(".json")) for key in world.keys("manifests/publications/"))


def every_snapshot_is_whole(world: World, dataset: Path, snapshots: int) -> None:
    assert len(kept(world)) == snapshots
    for snapshot in kept(world):
        assert read(world, snapshot) == sources.of_logs(dataset), snapshot


def dropped_partitions_are_registered_again_by_the_job(world: World, dataset: Path) -> None:
    runs = world.job_runs()
    for snapshot in kept(world):
        drop_partitions(world, snapshot)
    assert partitions(world) == {}
    arn = world.start()
    assert json.loads(world.ended(arn)["output"])["outcome"] == "published again"
    assert "RegisterAgain" in world.states(arn)
    assert world.job_runs() == runs + 1
    every_snapshot_is_whole(world, dataset, 2)


def test_every_row_of_the_objects_is_in_the_table(world: World, dataset: Path) -> None:
    sfn = world.client("stepfunctions")
    execution = sfn.describe_execution(executionArn=first_execution(world)["executionArn"])
    assert json.loads(execution["output"])["rows"] == sum(ROWS)
    assert sources.of_table(world.query("SELECT * FROM mhealth")) == sources.of_logs(dataset)
    manifest = world.document(f"manifests/snapshots/{world.published()}.json")
    assert manifest["dataset"] == s3_source.URI


def test_the_role_may_read_the_prefix_and_nothing_beside_it(world: World) -> None:
    found = {statement["Sid"]: statement for statement in s3_source.policy(world)["Statement"]}
    assert not {*s3_source.KAGGLES} & {*found}, "there is a secret, and no Kaggle"
    role = world.resources["DownloadRole"]
    uses = [use for use in record.used() if use.role.endswith(f"/{role}")]
    documents = {sid: json.dumps({"Version": "2012-10-17", "Statement": [found[sid]]}) for sid in s3_source.SIDS}
    without = {sid: [text for other, text in documents.items() if other != sid] for sid in s3_source.SIDS}
    for sid in s3_source.SIDS:
        own = [use for use in uses if use.judged([documents[sid]]).allowed]
        assert own, f"{sid} allowed nothing"
        assert not any(use.judged(without[sid]).allowed for use in own), f"the others allow what {sid} allows"
        for use in own:
            for other in s3_source.beside(use):
                assert not other.judged(documents.values()).allowed, other
    assert not [use for use in record.refused() if use.role.endswith(f"/{role}")]


@pytest.mark.notices(
    "cloudformation/pipeline.asl.json",
    '"StringEquals": "Job", "Next": "RegisterAgain"',
    '"StringEquals": "Job", "Next": "ReadSnapshotSummary"',
)
@pytest.mark.notices("glue/glue_transform.py", "if arguments.job_registers:", "if False:")
def test_a_live_stack_changes_from_the_crawler_to_the_job(
    world: World, aws: LocalAws, project: Project, dataset: Path
) -> None:
    crawled = world.published()
    assert "RefreshCatalog" in world.states(first_execution(world)["executionArn"])
    roles = {name for name in world.resources if name.endswith("Role")}

    deploy(world, aws, project, CatalogRefresh="Job")
    assert roles - set(world.resources) == {"CrawlerRole"}
    assert "Crawler" not in world.resources
    assert "CrawlerName" not in world.outputs
    assert world.client("glue").list_crawlers()["CrawlerNames"] == []
    every_snapshot_is_whole(world, dataset, 1)

    annotate(world, dataset)
    arn = world.start()
    made = world.published_by(arn)["snapshot"]
    assert not {"ReadLastCrawl", "RefreshCatalog", "RegisterAgain"} & set(world.states(arn))
    every_snapshot_is_whole(world, dataset, 2)
    # Both ways register the same.
    found = partitions(world)
    for subject in ("1", "2"):
        one, other = (found[str(snapshot), subject] for snapshot in (crawled, made))
        moved = one["StorageDescriptor"]["Location"].replace(str(crawled), str(made))
        assert other["StorageDescriptor"] == {**one["StorageDescriptor"], "Location": moved}
        assert other["Parameters"] == one["Parameters"]
    transform = world.resources["GlueTransformRole"]
    assert any(use.action == "glue:BatchCreatePartition" and use.role.endswith(transform) for use in record.used())
    assert record.refused() == {}
    dropped_partitions_are_registered_again_by_the_job(world, dataset)


def test_a_partition_that_points_elsewhere_has_a_name(world: World, dataset: Path) -> None:
    older, newest = kept(world)
    elsewhere = partitions(world)[str(older), "1"]["StorageDescriptor"]["Location"]
    drop_partitions(world, newest)
    world.query(f"ALTER TABLE {TABLE} ADD PARTITION (snapshot = {newest}, subject = 1) LOCATION '{elsewhere}'")
    execution = world.execute()
    assert (execution["status"], execution["error"]) == ("FAILED", "PartitionMismatch")
    assert f"snapshot={newest}, subject=1 already, with the location" in execution["cause"]
    # As the message says.
    world.query(f"ALTER TABLE {TABLE} DROP PARTITION (snapshot = {newest}, subject = 1)")


def test_a_live_stack_changes_back_to_the_crawler(world: World, aws: LocalAws, project: Project, dataset: Path) -> None:
    """The crawler registers what the job refused to, in the test before."""
    runs = world.job_runs()
    deploy(world, aws, project, CatalogRefresh="Crawler")
    assert world.client("glue").list_crawlers()["CrawlerNames"] == [world.outputs["CrawlerName"]]
    assert {snapshot for snapshot, _ in partitions(world)} == {str(kept(world)[0])}
    arn = world.start()
    assert json.loads(world.ended(arn)["output"])["outcome"] == "published again"
    assert "RefreshCatalog" in world.states(arn)
    assert world.job_runs() == runs
    every_snapshot_is_whole(world, dataset, 2)


def test_another_value_is_refused_by_the_template(world: World, aws: LocalAws, project: Project) -> None:
    with pytest.raises(DeploymentFailed, match="Parameter 'CatalogRefresh' must be one of AllowedValues"):
        deploy(world, aws, project, CatalogRefresh="Both")


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


def seen(world: World) -> int:
    """How many samples readers see."""
    (row,) = world.query("SELECT count(*) AS samples FROM mhealth")
    return int(row["samples"])


def test_of_a_changed_object_only_its_subject_is_computed_and_no_metric_of_it_fails_the_run(
    world: World, dataset: Path, reported: Any, denied: Any
) -> None:
    denied("cloudwatch:PutMetricData")
    path = dataset / "mHealth_subject2.log"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-10]))
    s3_source.put(world, path)
    assert world.publish()["rows"] == sum(ROWS) - 10
    assert read(world, world.published()) == sources.of_logs(dataset)
    manifest = world.document(f"manifests/snapshots/{world.published()}.json")
    assert {file["subject"]: file["carried"] for file in manifest["files"]} == {1: True, 2: False}
    # The same objects are nothing new, and no job runs.
    runs = world.job_runs()
    assert json.loads(world.execute()["output"])["outcome"] == "unchanged"
    assert world.job_runs() == runs
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
        annotate(world, dataset)
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
    assert seen(world) == (samples if state != "RecordSuccess" else sum(ROWS) - 10)
    assert new or world.job_runs() == runs
    drilled("a state's request is refused", 1, "its error is told; readers see the old snapshot, or the new one whole")


def test_the_next_execution_does_what_the_failed_ones_left(world: World) -> None:
    published = world.published()
    assert f"manifests/publications/{published}.json" not in world.keys("manifests/publications/")
    assert json.loads(world.execute()["output"])["outcome"] == "unchanged"
    assert world.published() == published
    assert world.document(f"manifests/publications/{published}.json")["snapshot"] == published


@pytest.mark.parametrize(
    ("sid", "reported"),
    [
        ("ListSource", f"S3 refused to list {s3_source.URI}/"),
        ("ReadSource", f"S3 refused to read {s3_source.URI}/mHealth_subject2.log"),
        ("DecryptSource", f"S3 refused to read {s3_source.URI}/mHealth_subject2.log"),
    ],
)
def test_without_one_of_the_rights_the_run_fails_by_name_and_readers_keep_what_they_see(
    sid: str, reported: str, world: World, dataset: Path
) -> None:
    before = world.published()
    for path in dataset.iterdir():
        if path.name != "mHealth_subject2.log":
            s3_source.leave_out(world, path)
    right = s3_source.policy(world)
    named = {"RoleName": world.resources["DownloadRole"], "PolicyName": "download"}
    lacking = {**right, "Statement": [one for one in right["Statement"] if one["Sid"] != sid]}
    iam = world.client("iam")
    iam.put_role_policy(**named, PolicyDocument=json.dumps(lacking))
    try:
        failed = world.execute()
    finally:
        iam.put_role_policy(**named, PolicyDocument=json.dumps(right))
        for path in dataset.iterdir():
            s3_source.put(world, path)
    assert (failed["status"], failed["error"]) == ("FAILED", "SourceDenied")
    assert reported in failed["cause"]
    assert world.published() == before


def test_a_failure_that_nobody_can_be_told_of_keeps_its_name(world: World, dataset: Path, denied: Any) -> None:
    denied("sns:Publish")
    for log in dataset.glob("*.log"):
        s3_source.leave_out(world, log)
    execution = world.execute()
    assert (execution["status"], execution["error"]) == ("FAILED", "NoUsableFiles")
    for log in dataset.glob("*.log"):
        s3_source.put(world, log)
