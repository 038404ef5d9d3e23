"""Stacks of the project's template: two of them side by side, and what is left of one that is deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from local_aws.cloudformation.deploy import deploy
from local_aws_harness.stack import Stacks, running
from mhealth_ops.project import TEMPLATE

pytestmark = pytest.mark.local_aws


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    yield from running(tmp_path_factory.mktemp("stacks"))


def buckets(stacks: Stacks) -> set[str]:
    return {each["Name"] for each in stacks.client("s3").list_buckets()["Buckets"]}


def status(stacks: Stacks, stack: str) -> str:
    (described,) = stacks.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return str(described["StackStatus"])


def keys(stacks: Stacks, name: str) -> list[str]:
    return [each["Key"] for each in stacks.client("s3").list_objects_v2(Bucket=name).get("Contents", [])]


def test_two_stacks_of_the_projects_template_live_side_by_side(stacks: Stacks) -> None:
    for name in ("left", "right"):
        deploy(stacks.aws.world, template=TEMPLATE, stack_name=name)
    left, right = stacks.resources("left"), stacks.resources("right")
    assert left.keys() == right.keys()
    listed = stacks.client("cloudformation").describe_stack_resources(StackName="left")["StackResources"]
    # A table's name is within its database; the shipped code's is no name of anything.
    within = ("AWS::Glue::Table", "Custom::GlueCode")
    own = {each["LogicalResourceId"] for each in listed if each["ResourceType"] not in within}
    assert [name for name in sorted(own) if left[name] == right[name]] == []
    stacks.client("cloudformation").delete_stack(StackName="left")
    names = {each["StackName"] for each in stacks.client("cloudformation").describe_stacks()["Stacks"]}
    assert names & {"left", "right"} == {"right"}
    outputs = stacks.outputs("right")
    for service, call, given in (
        ("s3", "head_bucket", {"Bucket": outputs["DataBucketName"]}),
        ("stepfunctions", "describe_state_machine", {"stateMachineArn": outputs["StateMachineArn"]}),
        ("glue", "get_table", {"DatabaseName": outputs["DatabaseName"], "Name": right["SnapshotsTable"]}),
        ("glue", "get_crawler", {"Name": outputs["CrawlerName"]}),
        ("athena", "get_work_group", {"WorkGroup": outputs["WorkGroupName"]}),
        ("lambda", "get_function", {"FunctionName": outputs["DownloadFunctionName"]}),
        ("scheduler", "get_schedule", {"Name": outputs["ScheduleName"]}),
    ):
        getattr(stacks.client(service), call)(**given)
    assert keys(stacks, outputs["DataBucketName"]) != []


def test_deleting_the_projects_stack_keeps_what_holds_the_data_and_nothing_else(stacks: Stacks) -> None:
    deploy(stacks.aws.world, template=TEMPLATE, stack_name="leaving")
    ids = stacks.resources("leaving")
    cloudformation = stacks.client("cloudformation")
    template = cloudformation.get_template(StackName="leaving")["TemplateBody"]
    parsed = template if isinstance(template, dict) else json.loads(template)
    kept = {name for name, each in parsed["Resources"].items() if "DeletionPolicy" in each}
    # SAM lets every version of a function outlive the stack; the function takes them along.
    versions = {name for name in ids if name.startswith("ShipGlueCodeFunctionVersion")}
    stack_id = cloudformation.describe_stacks(StackName="leaving")["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName="leaving")
    assert status(stacks, stack_id) == "DELETE_COMPLETE"
    events = stacks.events(stack_id)
    assert "DataBucket" in kept
    assert {name for name, event in events if event == "DELETE_SKIPPED"} == kept | versions
    assert {name for name, event in events if event == "DELETE_COMPLETE"} == {*ids, "leaving"} - kept - versions
    assert ids["DataBucket"] in buckets(stacks)
