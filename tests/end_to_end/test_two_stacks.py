"""Two stacks of one template in one account, at work at the same time: neither sees anything of the other.

At the end one of them is deleted, and what is left of it is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from local_aws.iam import record
from mhealth_ops.kaggle.synthetic import write_dataset
from mhealth_ops.local.stack import local_stack
from tests.suite.kept import kept_spark

from .conftest import World, anybody
from .project import Project, update

pytestmark = [pytest.mark.local_aws, pytest.mark.story]

ROWS = (60, 50)
STARTS = {"north": "2014-01-01T00:00:00Z", "south": "2020-06-01T00:00:00Z"}


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, World]]:
    """Both stacks after one concurrent execution each; they differ in RecordingStart, and the north has a report."""
    folder: Path = tmp_path_factory.mktemp("two")
    write_dataset(folder / "dataset", rows=ROWS)
    project = Project.copied(folder / "project")
    with local_stack(str(folder / "dataset"), folder=folder / "world", template=None, spark=kept_spark()) as aws:
        worlds = {name: World(anybody(), aws.endpoint, stack=name) for name in STARTS}
        for name, start in STARTS.items():
            update(aws, project, name, RecordingStart=start)
            project.leave_out_the_report()
        executions = {name: world.start() for name, world in worlds.items()}
        for name, arn in executions.items():
            ended = worlds[name].ended(arn)
            assert ended["status"] == "SUCCEEDED", ended.get("cause")
            assert json.loads(ended["output"])["outcome"] == "published"
        yield worlds


def test_each_has_the_whole_table_of_its_own_making(worlds: dict[str, World]) -> None:
    for name, world in worlds.items():
        (row,) = world.query("SELECT count(*) AS samples, min(timestamp) AS first FROM mhealth")
        assert row["samples"] == str(sum(ROWS))
        assert row["first"][:19] == STARTS[name].replace("T", " ").removesuffix("Z")


def test_nothing_has_the_same_name(worlds: dict[str, World]) -> None:
    north, south = (world.resources for world in worlds.values())
    assert north.keys() == south.keys()
    # The tables have one name in two databases; the other is no thing, only the name of a copying that was done.
    shared = {"mhealth_snapshots", "mhealth_publications", "ShippedGlueCode"}
    assert {*north.values()} & {*south.values()} == shared
    assert not {*worlds["north"].outputs.values()} & {*worlds["south"].outputs.values()}


def test_no_role_asked_for_anything_of_the_other_stack(worlds: dict[str, World]) -> None:
    buckets = {name: world.outputs["DataBucketName"] for name, world in worlds.items()}
    uses = record.used()
    for name, other in (("north", "south"), ("south", "north")):
        own = [use for use in uses if f":role/{name}-" in use.role]
        assert any(buckets[name] in use.resource for use in own)
        assert not [use for use in own if buckets[other] in use.resource or f":{other}-" in use.resource]


def test_no_role_could_read_or_write_the_other_stacks_bucket(worlds: dict[str, World]) -> None:
    north, south = worlds["north"], worlds["south"]
    key = next(key for key in south.keys("processed/"))
    for role in (
        "DownloadRole",
        "ConvertParquetRole",
        "GlueTransformRole",
        "CrawlerRole",
        "ReportRole",
        "StateMachineRole",
    ):
        arn = north.client("iam").get_role(RoleName=north.resources[role])["Role"]["Arn"]
        granted = north.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        s3 = north.session.client(
            "s3",
            endpoint_url=north.endpoint,
            aws_access_key_id=granted["AccessKeyId"],
            aws_secret_access_key=granted["SecretAccessKey"],
            aws_session_token=granted["SessionToken"],
        )
        bucket = south.outputs["DataBucketName"]
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.get_object(Bucket=bucket, Key=key)
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.put_object(Bucket=bucket, Key="raw/version=1/x.csv", Body=b"")


@pytest.fixture(scope="module")
def gone(worlds: dict[str, World]) -> dict[str, str]:
    """The north's resources, by logical id, and it is deleted; its own id is that of the stack."""
    north = worlds["north"]
    cloudformation = north.client("cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName="north")["Stacks"]
    resources = {**north.resources, "north": str(stack["StackId"])}
    cloudformation.delete_stack(StackName="north")
    return resources


def test_when_one_stack_goes_the_other_works_on(worlds: dict[str, World], gone: dict[str, str]) -> None:
    south = worlds["south"]
    stacks = south.client("cloudformation").describe_stacks()["Stacks"]
    assert {stack["StackName"] for stack in stacks} & {*worlds} == {"south"}
    assert json.loads(south.execute()["output"])["outcome"] == "unchanged"
    assert south.query("SELECT count(*) AS samples FROM mhealth") == [{"samples": str(sum(ROWS))}]
    outputs = south.outputs
    # What neither the execution nor the query needed.
    south.client("glue").get_crawler(Name=outputs["CrawlerName"])
    south.client("scheduler").get_schedule(Name=outputs["ScheduleName"])
    south.client("lambda").get_function(FunctionName=south.resources["ReportFunction"])


def test_what_holds_the_data_of_a_stack_is_kept_and_nothing_else(
    worlds: dict[str, World], gone: dict[str, str]
) -> None:
    cloudformation = worlds["south"].client("cloudformation")
    template = cloudformation.get_template(StackName=gone["north"])["TemplateBody"]
    parsed = template if isinstance(template, dict) else json.loads(template)
    kept = {name for name, each in parsed["Resources"].items() if "DeletionPolicy" in each}
    # SAM lets every version of a function outlive the stack; the function takes them along.
    versions = {name for name in gone if name.startswith("ShipGlueCodeFunctionVersion")}
    (stack,) = cloudformation.describe_stacks(StackName=gone["north"])["Stacks"]
    assert stack["StackStatus"] == "DELETE_COMPLETE"
    events = cloudformation.describe_stack_events(StackName=gone["north"])["StackEvents"]
    ends = {
        end: {event["LogicalResourceId"] for event in events if event["ResourceStatus"] == end}
        for end in ("DELETE_SKIPPED", "DELETE_COMPLETE")
    }
    assert "DataBucket" in kept
    assert ends["DELETE_SKIPPED"] == kept | versions
    assert ends["DELETE_COMPLETE"] == gone.keys() - kept - versions
    assert gone["DataBucket"] in [each["Name"] for each in worlds["south"].client("s3").list_buckets()["Buckets"]]
