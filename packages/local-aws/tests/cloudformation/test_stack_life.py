from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local_aws.core.errors import DeploymentFailed
from local_aws_harness.stack import LOGS, Stacks, function, role, running

pytestmark = pytest.mark.local_aws


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    yield from running(tmp_path_factory.mktemp("life"))


def bucket(policy: str | None = None) -> dict[str, Any]:
    definition: dict[str, Any] = {"Type": "AWS::S3::Bucket"}
    return definition if policy is None else {**definition, "DeletionPolicy": policy}


def topic(name: str = "t") -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": name}}


WRONG = {"Type": "AWS::Glue::Database", "Properties": {"Nonsense": 1}}


def buckets(stacks: Stacks) -> set[str]:
    return {each["Name"] for each in stacks.client("s3").list_buckets()["Buckets"]}


def status(stacks: Stacks, stack: str) -> str:
    (described,) = stacks.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return str(described["StackStatus"])


KEEPER = """
import json, os, boto3, urllib.request

def handler(event, context):
    # Puts an object named for its version on Create and Update, and takes it away on Delete.
    properties, kind = event["ResourceProperties"], event["RequestType"]
    s3 = boto3.client("s3")
    key = "shipped-" + properties["Version"]
    if kind == "Delete":
        key = event["PhysicalResourceId"]
        print("deleting " + key)
        s3.delete_object(Bucket=properties["Bucket"], Key=key)
    else:
        s3.put_object(Bucket=properties["Bucket"], Key=key, Body=b"code")
    failed = kind == properties.get("FailOn")
    answer = {
        "Status": "FAILED" if failed else "SUCCESS", "Reason": "as asked", "PhysicalResourceId": key,
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    body = json.dumps(answer).encode()
    request = urllib.request.Request(event["ResponseURL"], data=body, method="PUT", headers={"content-type": ""})
    urllib.request.urlopen(request).read()
"""


def shipping(version: str = "1", **more: Any) -> dict[str, Any]:
    """A bucket that gets an object by a custom resource, and something that is made after it."""
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    fail_on = {"FailOn": more.pop("fail_on")} if "fail_on" in more else {}
    return {
        "Resources": {
            "Bucket": bucket("RetainExceptOnCreate"),
            "Role": role("lambda", LOGS, statement),
            "Function": function(KEEPER, Timeout=30),
            "Shipped": {
                "Type": "Custom::Code",
                "Properties": {
                    "ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]},
                    "Bucket": {"Ref": "Bucket"},
                    "Version": version,
                    **fail_on,
                },
            },
            "User": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Shipped"}}},
            **more,
        }
    }


def keys(stacks: Stacks, name: str) -> list[str]:
    return [each["Key"] for each in stacks.client("s3").list_objects_v2(Bucket=name).get("Contents", [])]


def test_a_first_deployment_that_fails_leaves_nothing_and_can_be_tried_again(stacks: Stacks) -> None:
    before, roles = buckets(stacks), len(stacks.client("iam").list_roles()["Roles"])
    with pytest.raises(DeploymentFailed, match="ROLLBACK_COMPLETE"):
        stacks.deploy(shipping(Last={**WRONG, "DependsOn": "User"}), "first")
    left = {name for name in buckets(stacks) - before if not name.startswith("cloudformation-custom-resource")}
    assert left == set()
    assert stacks.resources("first") == {}
    assert len(stacks.client("iam").list_roles()["Roles"]) == roles
    gone = [name for name, event in stacks.events("first") if event == "DELETE_COMPLETE"]
    assert set(gone) == {"User", "Shipped", "Function", "Role", "Bucket"}
    assert gone.index("User") < gone.index("Shipped") < min(gone.index("Function"), gone.index("Bucket"))
    with pytest.raises(DeploymentFailed, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        stacks.deploy(shipping(), "first")
    stacks.client("cloudformation").delete_stack(StackName="first")
    stacks.deploy(shipping(), "first")
    assert keys(stacks, stacks.resources("first")["Bucket"]) == ["shipped-1"]


def test_a_custom_resource_that_cannot_be_made_is_asked_to_take_away_what_it_left(stacks: Stacks) -> None:
    before = buckets(stacks)
    with pytest.raises(DeploymentFailed, match=r"(?s)ROLLBACK_COMPLETE.*Shipped .*as asked"):
        stacks.deploy(shipping(fail_on="Create"))
    assert {name for name in buckets(stacks) - before if "bucket" in name.lower()} == set()


def test_a_bucket_that_cannot_be_emptied_stops_the_rollback(stacks: Stacks) -> None:
    with pytest.raises(DeploymentFailed, match="ROLLBACK_FAILED"):
        stacks.deploy(shipping(fail_on="Delete", Last={**WRONG, "DependsOn": "User"}), "stuck")
    # What the custom resource needs is left for another attempt.
    assert stacks.resources("stuck").keys() == {"Bucket", "Role", "Function", "Shipped"}
    with pytest.raises(DeploymentFailed, match="is in ROLLBACK_FAILED state and can not be updated"):
        stacks.deploy(shipping(), "stuck")


def test_a_resource_that_cannot_be_deleted_may_be_left_behind(stacks: Stacks) -> None:
    stack = stacks.deploy({"Resources": {"A": bucket(), "B": topic()}})
    name = stacks.resources(stack)["A"]
    stacks.client("s3").put_object(Bucket=name, Key="a", Body=b"x")
    cloudformation = stacks.client("cloudformation")
    with pytest.raises(
        cloudformation.exceptions.ClientError, match="only when the current stack state is DELETE_FAILED"
    ):
        cloudformation.delete_stack(StackName=stack, RetainResources=["A"])
    cloudformation.delete_stack(StackName=stack, RetainResources=[])
    assert status(stacks, stack) == "DELETE_FAILED"
    assert stacks.resources(stack) == {"A": name}
    cloudformation.delete_stack(StackName=stack, RetainResources=["A"])
    with pytest.raises(cloudformation.exceptions.ClientError, match=f"Stack with id {stack} does not exist"):
        status(stacks, stack)
    assert keys(stacks, name) == ["a"]


@pytest.mark.parametrize(
    ("policy", "rolled_back", "deleted"),
    [
        pytest.param(None, "gone", "gone", id="none"),
        pytest.param("Delete", "gone", "gone", id="delete"),
        pytest.param("Retain", "kept", "kept", id="retain"),
        pytest.param("RetainExceptOnCreate", "gone", "kept", id="retain-except-on-create"),
    ],
)
def test_what_outlives_a_failed_creation_and_a_deletion(
    stacks: Stacks, policy: str | None, rolled_back: str, deleted: str
) -> None:
    before = buckets(stacks)
    with pytest.raises(DeploymentFailed):
        stacks.deploy({"Resources": {"A": bucket(policy), "B": {**WRONG, "DependsOn": "A"}}})
    assert len(buckets(stacks) - before) == (1 if rolled_back == "kept" else 0)
    stack = stacks.deploy({"Resources": {"A": bucket(policy)}})
    name = stacks.resources(stack)["A"]
    stacks.client("cloudformation").delete_stack(StackName=stack)
    assert (name in buckets(stacks)) == (deleted == "kept")


def test_what_an_update_made_goes_with_its_rollback(stacks: Stacks) -> None:
    stack = stacks.deploy({"Resources": {"A": topic()}})
    before = buckets(stacks)
    more = {"New": bucket("RetainExceptOnCreate"), "Kept": bucket("Retain")}
    with pytest.raises(DeploymentFailed, match="UPDATE_ROLLBACK_COMPLETE"):
        stacks.deploy({"Resources": {"A": topic(), **more, "B": {**WRONG, "DependsOn": ["New", "Kept"]}}}, stack)
    (left,) = buckets(stacks) - before
    assert "-kept-" in left
    assert stacks.resources(stack).keys() == {"A"}


def test_each_resource_goes_before_what_it_needs_however_the_stack_grew(stacks: Stacks) -> None:
    stack = stacks.deploy({"Resources": {"A": topic()}})
    # The older one now needs the newer one.
    stacks.deploy({"Resources": {"A": topic("changed") | {"DependsOn": "B"}, "B": topic()}}, stack)
    stack_id = stacks.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    stacks.client("cloudformation").delete_stack(StackName=stack)
    gone = [name for name, event in stacks.events(stack_id) if event == "DELETE_COMPLETE"]
    assert gone == ["A", "B", stack]


def test_the_old_version_of_a_custom_resource_goes_after_everything_has_moved(stacks: Stacks) -> None:
    stack = stacks.deploy(shipping("1"))
    name = stacks.resources(stack)["Bucket"]
    stacks.deploy(shipping("2"), stack)
    assert keys(stacks, name) == ["shipped-2"]
    events = stacks.events(stack)
    assert events.index(("User", "UPDATE_COMPLETE")) < events.index(("Shipped", "DELETE_COMPLETE"))
    (group,) = [f"/aws/lambda/{stacks.resources(stack)['Function']}"]
    messages = [each["message"] for each in stacks.client("logs").filter_log_events(logGroupName=group)["events"]]
    assert [each for each in messages if each.startswith("deleting")] == ["deleting shipped-1"]


def test_a_failed_update_brings_a_custom_resource_back_to_its_version(stacks: Stacks) -> None:
    stack = stacks.deploy(shipping("1"))
    ids = stacks.resources(stack)
    with pytest.raises(DeploymentFailed, match="UPDATE_ROLLBACK_COMPLETE"):
        stacks.deploy(shipping("2", Last={**WRONG, "DependsOn": "User"}), stack)
    assert stacks.resources(stack) == ids
    assert keys(stacks, ids["Bucket"]) == ["shipped-1"]
    attributes = stacks.client("sns").get_topic_attributes(TopicArn=ids["User"])["Attributes"]
    assert attributes["DisplayName"] == "shipped-1"


def test_a_failed_update_brings_back_what_it_had_replaced(stacks: Stacks) -> None:
    def named(name: str, **more: Any) -> dict[str, Any]:
        return {"Resources": {"A": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name}}, **more}}

    stack, logs = stacks.deploy(named("the-old-one")), stacks.client("logs")
    logs.create_log_stream(logGroupName="the-old-one", logStreamName="kept")
    with pytest.raises(DeploymentFailed, match="UPDATE_ROLLBACK_COMPLETE"):
        stacks.deploy(named("the-new-one", B={**WRONG, "DependsOn": "A"}), stack)
    assert stacks.resources(stack) == {"A": "the-old-one"}
    streams = logs.describe_log_streams(logGroupName="the-old-one")["logStreams"]
    assert [each["logStreamName"] for each in streams] == ["kept"]
    assert logs.describe_log_groups(logGroupNamePrefix="the-new-one")["logGroups"] == []


def test_a_failed_update_takes_back_settings_that_were_not_there(stacks: Stacks) -> None:
    def template(settings: dict[str, Any], environment: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "Resources": {
                "Bucket": {"Type": "AWS::S3::Bucket", "Properties": settings},
                "Role": role("lambda"),
                "Function": function("def handler(event, context): pass", **environment),
                **more,
            }
        }

    settings = {
        "VersioningConfiguration": {"Status": "Enabled"},
        "LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "ExpirationInDays": 1}]},
    }
    environment = {"Environment": {"Variables": {"A": "b"}}, "Timeout": 30}
    stack = stacks.deploy(template({}, {}))
    ids = stacks.resources(stack)
    wrong = {**WRONG, "DependsOn": ["Bucket", "Function"]}
    with pytest.raises(DeploymentFailed, match="UPDATE_ROLLBACK_COMPLETE"):
        stacks.deploy(template(settings, environment, Wrong=wrong), stack)
    s3 = stacks.client("s3")
    assert s3.get_bucket_versioning(Bucket=ids["Bucket"])["Status"] == "Suspended"
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=ids["Bucket"])
    configuration = stacks.client("lambda").get_function_configuration(FunctionName=ids["Function"])
    assert configuration["Timeout"] == 3
    assert "Environment" not in configuration


def test_a_resource_that_cannot_take_its_settings_does_not_stay(stacks: Stacks) -> None:
    before = buckets(stacks)
    wrong = {"Type": "AWS::S3::Bucket", "Properties": {"Color": "red"}}
    with pytest.raises(DeploymentFailed, match="does not know the property Color"):
        stacks.deploy({"Resources": {"A": wrong}})
    assert buckets(stacks) == before


def test_a_bucket_with_versions_left_is_not_deleted(stacks: Stacks) -> None:
    versioned = {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}}
    stack = stacks.deploy({"Resources": {"A": versioned}})
    name = stacks.resources(stack)["A"]
    s3, cloudformation = stacks.client("s3"), stacks.client("cloudformation")
    s3.put_object(Bucket=name, Key="a", Body=b"x")
    s3.delete_object(Bucket=name, Key="a")
    cloudformation.delete_stack(StackName=stack)
    assert status(stacks, stack) == "DELETE_FAILED"
    for listed in ("Versions", "DeleteMarkers"):
        for each in s3.list_object_versions(Bucket=name)[listed]:
            s3.delete_object(Bucket=name, Key="a", VersionId=each["VersionId"])
    cloudformation.delete_stack(StackName=stack)
    assert name not in buckets(stacks)
