"""What an operator is told of a deployment or a run that failed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from local_aws_harness.stack import Stacks, running
from mhealth_ops.operations.errors import NoSuchStack
from mhealth_ops.operations.explain import explain

pytestmark = pytest.mark.local_aws

READER = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        },
    },
}


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    yield from running(tmp_path_factory.mktemp("explain"))


def explained(stacks: Stacks, name: str) -> str:
    session = boto3.Session("anyone", "anything", region_name=stacks.aws.region)
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", stacks.aws.endpoint)
        explain(Console(file=out, width=200), session, name)
    return out.getvalue()


def called_as(stacks: Stacks, role: str, service: str) -> Any:
    arn = stacks.client("iam").get_role(RoleName=role)["Role"]["Arn"]
    return boto3.client(  # type: ignore[call-overload]
        service, endpoint_url=stacks.aws.endpoint, region_name=stacks.aws.region, **keys(stacks, arn)
    )


def keys(stacks: Stacks, arn: str) -> dict[str, str]:
    given = stacks.aws.world.role_credentials(arn, "a-session")
    return {name.lower(): value for name, value in given.items() if name != "AWS_REGION"}


def test_a_refused_request_is_told_with_role_action_resource_and_statement(stacks: Stacks) -> None:
    name = stacks.deploy({"Resources": {"Reader": READER}})
    role = stacks.resources(name)["Reader"]
    with pytest.raises(ClientError, match="AccessDenied"):
        called_as(stacks, role, "glue").get_table(DatabaseName="d", Name="t")
    said = explained(stacks, name)
    assert f"Reader ({role}) was denied glue:GetTable on arn:aws:glue:us-east-1:123456789012:catalog" in said
    statement = json.loads(said.split("add to the role: ")[1].splitlines()[0])
    assert statement == {
        "Effect": "Allow",
        "Action": "glue:GetTable",
        "Resource": "arn:aws:glue:us-east-1:123456789012:catalog",
    }


def test_a_refused_request_for_an_object_is_not_in_cloudtrails_history(stacks: Stacks) -> None:
    name = stacks.deploy({"Resources": {"Reader": READER}})
    with pytest.raises(ClientError):
        called_as(stacks, stacks.resources(name)["Reader"], "s3").get_object(Bucket="b", Key="k")
    assert "no denied request" in explained(stacks, name)


def test_requests_of_other_stacks_roles_are_not_told(stacks: Stacks) -> None:
    one, other = (stacks.deploy({"Resources": {"Reader": READER}}) for _ in range(2))
    with pytest.raises(ClientError):
        called_as(stacks, stacks.resources(one)["Reader"], "glue").get_database(Name="d")
    assert "no denied request" in explained(stacks, other)


def test_a_failed_resource_of_a_first_deployment_is_told(stacks: Stacks) -> None:
    broken = {"Resources": {"Wrong": {"Type": "AWS::Glue::Database", "Properties": {"Nonsense": 1}}}}
    stacks.client("cloudformation").create_stack(StackName="broken", TemplateBody=json.dumps(broken))
    assert "Wrong CREATE_FAILED" in explained(stacks, "broken")


def test_a_stack_that_is_not_there_is_named(stacks: Stacks) -> None:
    with pytest.raises(NoSuchStack, match="no stack nowhere in us-east-1"):
        explained(stacks, "nowhere")
