"""The calls of `sam deploy` and `sam delete`, in their order and with their arguments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError, WaiterError

from local_aws_harness.stack import Stacks, function, role, running

pytestmark = [pytest.mark.local_aws, pytest.mark.story]


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    yield from running(tmp_path_factory.mktemp("changes"))


def managed_bucket() -> dict[str, Any]:
    """What SAM deploys first: a bucket for what it packages, with a policy for another service."""
    return {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "SourceBucket": {
                "Type": "AWS::S3::Bucket",
                "Properties": {
                    "VersioningConfiguration": {"Status": "Enabled"},
                    "Tags": [{"Key": "ManagedStackSource", "Value": "AwsSamCli"}],
                },
            },
            "SourceBucketPolicy": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {
                    "Bucket": {"Ref": "SourceBucket"},
                    "PolicyDocument": {
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Principal": {"Service": "serverlessrepo.amazonaws.com"},
                                "Action": ["s3:GetObject"],
                                "Resource": {"Fn::Sub": "${SourceBucket.Arn}/*"},
                                "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
                            }
                        ]
                    },
                },
            },
        },
        "Outputs": {"SourceBucket": {"Value": {"Ref": "SourceBucket"}}},
    }


TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: { Type: String, Default: hello, AllowedPattern: "[a-z]+" }
  Secret: { Type: String, Default: "", NoEcho: true }
Conditions:
  Loud: !Equals [!Ref Greeting, loud]
  Quiet: !Not [!Condition Loud]
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - { Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: sts:AssumeRole }
  Function:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: "def handler(event, context): return 1"
      Handler: index.handler
      Runtime: python3.11
      Role: !GetAtt Role.Arn
      Environment: { Variables: { GREETING: !Ref Greeting } }
  Topic: { Type: AWS::SNS::Topic, Condition: Quiet, Properties: { DisplayName: !GetAtt Function.Arn } }
  Other: { Type: AWS::SNS::Topic, Properties: { DisplayName: !Ref Function } }
  Alone: { Type: AWS::SNS::Topic }
Outputs:
  FunctionName: { Value: !Ref Function }
"""


def create(stacks: Stacks, stack: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    """A change set as `sam deploy` makes it, its template in a bucket; its description."""
    cloudformation, s3 = stacks.client("cloudformation"), stacks.client("s3")
    if "Template" in more:
        s3.create_bucket(Bucket="templates")
        s3.put_object(Bucket="templates", Key=f"{stack}.template", Body=more.pop("Template").encode())
        more["TemplateURL"] = f"{stacks.aws.endpoint}/templates/{stack}.template"
    made = cloudformation.create_change_set(
        StackName=stack, ChangeSetName=name, ChangeSetType=kind, **{"Capabilities": ["CAPABILITY_IAM"], **more}
    )
    waiter = cloudformation.get_waiter("change_set_create_complete")
    waiter.wait(StackName=stack, ChangeSetName=made["Id"], WaiterConfig={"Delay": 1, "MaxAttempts": 1})
    return dict(cloudformation.describe_change_set(StackName=stack, ChangeSetName=name))


def changes(described: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (each["ResourceChange"]["Action"], each["ResourceChange"]["LogicalResourceId"]) for each in described["Changes"]
    }


def execute(stacks: Stacks, stack: str, name: str, ended: str) -> None:
    cloudformation = stacks.client("cloudformation")
    cloudformation.execute_change_set(StackName=stack, ChangeSetName=name, DisableRollback=False)
    cloudformation.get_waiter(ended).wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 1})


def given(**values: str | None) -> list[dict[str, Any]]:
    """Parameters of a request; None stands for the value that the stack has."""
    return [
        {"ParameterKey": name, **({"UsePreviousValue": True} if value is None else {"ParameterValue": value})}
        for name, value in values.items()
    ]


@pytest.fixture(scope="module")
def deployed(stacks: Stacks) -> str:
    described = create(stacks, "sam", "CREATE", "first", Template=TEMPLATE, Parameters=given(Secret="hidden"))
    assert described["ExecutionStatus"] == "AVAILABLE"
    assert changes(described) == {("Add", name) for name in ("Role", "Function", "Topic", "Other", "Alone")}
    execute(stacks, "sam", "first", "stack_create_complete")
    return "sam"


def test_sams_own_bucket_can_be_made(stacks: Stacks) -> None:
    body = json.dumps(managed_bucket())
    create(stacks, "managed", "CREATE", "InitialCreation", TemplateBody=body, Tags=[{"Key": "a", "Value": "b"}])
    execute(stacks, "managed", "InitialCreation", "stack_create_complete")
    (described,) = stacks.client("cloudformation").describe_stacks(StackName="managed")["Stacks"]
    assert described["Tags"] == [{"Key": "a", "Value": "b"}]
    (output,) = described["Outputs"]
    s3 = stacks.client("s3")
    s3.put_object(Bucket=output["OutputValue"], Key="package", Body=b"zip")
    assert s3.get_object(Bucket=output["OutputValue"], Key="package")["Body"].read() == b"zip"


def test_a_change_set_makes_the_stack_that_its_template_describes(stacks: Stacks, deployed: str) -> None:
    ids = stacks.resources(deployed)
    assert stacks.outputs(deployed) == {"FunctionName": ids["Function"]}
    cloudformation = stacks.client("cloudformation")
    (described,) = cloudformation.describe_stacks(StackName=deployed)["Stacks"]
    assert described["Parameters"] == [
        {"ParameterKey": "Greeting", "ParameterValue": "hello"},
        {"ParameterKey": "Secret", "ParameterValue": "****"},
    ]
    assert described["EnableTerminationProtection"] is False
    summary = cloudformation.get_template_summary(StackName=deployed)
    assert [each["ParameterKey"] for each in summary["Parameters"]] == ["Greeting", "Secret"]
    body = cloudformation.get_template(StackName=deployed, TemplateStage="Original")["TemplateBody"]
    assert body == TEMPLATE


def test_the_events_begin_and_end_with_the_stack_itself(stacks: Stacks, deployed: str) -> None:
    events = stacks.client("cloudformation").describe_stack_events(StackName=deployed)["StackEvents"]
    first, *_ = reversed(events)
    assert (first["LogicalResourceId"], first["ResourceStatus"]) == (deployed, "REVIEW_IN_PROGRESS")
    ended = next(each for each in events if each["ResourceStatus"] == "CREATE_COMPLETE")
    assert (ended["LogicalResourceId"], ended["PhysicalResourceId"]) == (deployed, ended["StackId"])
    assert len({each["EventId"] for each in events}) == len(events)
    assert ("Role", "CREATE_IN_PROGRESS") in stacks.events(deployed)


def test_a_changed_parameter_changes_what_it_reaches(stacks: Stacks, deployed: str) -> None:
    described = create(
        stacks, deployed, "UPDATE", "second", Template=TEMPLATE, Parameters=given(Greeting="hi", Secret=None)
    )
    assert changes(described) == {("Modify", "Function"), ("Modify", "Topic")}
    execute(stacks, deployed, "second", "stack_update_complete")
    name = stacks.outputs(deployed)["FunctionName"]
    configuration = stacks.client("lambda").get_function_configuration(FunctionName=name)
    assert configuration["Environment"]["Variables"] == {"GREETING": "hi"}
    described = create(
        stacks, deployed, "UPDATE", "third", UsePreviousTemplate=True, Parameters=given(Greeting="loud", Secret=None)
    )
    assert ("Remove", "Topic") in changes(described)


@pytest.mark.parametrize(
    ("transform", "reason"),
    [
        pytest.param("AWS::Serverless-2016-10-31", "No updates are to be performed.", id="sam"),
        pytest.param(None, "The submitted information didn't contain changes.", id="plain"),
    ],
)
def test_a_change_set_that_changes_nothing_fails(stacks: Stacks, transform: str | None, reason: str) -> None:
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    body = json.dumps(template | ({"Transform": transform} if transform else {}))
    stack = f"still-{'sam' if transform else 'plain'}"
    create(stacks, stack, "CREATE", "first", TemplateBody=body)
    execute(stacks, stack, "first", "stack_create_complete")
    with pytest.raises(WaiterError) as waited:
        create(stacks, stack, "UPDATE", "second", TemplateBody=body)
    answer = waited.value.last_response
    assert (answer["Status"], answer["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert answer["StatusReason"].startswith(reason)
    cloudformation = stacks.client("cloudformation")
    with pytest.raises(ClientError, match="cannot be executed in its current status"):
        cloudformation.execute_change_set(StackName=stack, ChangeSetName="second")
    cloudformation.delete_change_set(StackName=stack, ChangeSetName="second")
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        cloudformation.describe_change_set(StackName=stack, ChangeSetName="second")


def test_a_creation_that_fails_is_rolled_back_with_its_reason_in_the_events(stacks: Stacks) -> None:
    resources = {"Topic": {"Type": "AWS::SNS::Topic"}, "Wrong": {"Type": "AWS::SNS::Topic", "DependsOn": "Topic"}}
    resources["Wrong"]["Properties"] = {"Colour": "red"}
    create(stacks, "rolled", "CREATE", "first", TemplateBody=json.dumps({"Resources": resources}))
    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        execute(stacks, "rolled", "first", "stack_create_complete")
    events = stacks.client("cloudformation").describe_stack_events(StackName="rolled")["StackEvents"]
    (failed,) = [each for each in events if each["ResourceStatus"] == "CREATE_FAILED"]
    assert failed["LogicalResourceId"] == "Wrong"
    assert "has no property Colour" in failed["ResourceStatusReason"]
    assert stacks.resources("rolled") == {}
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        create(stacks, "rolled", "UPDATE", "second", Template=TEMPLATE)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        pytest.param({"Parameters": given(Greeting="HI")}, "'Greeting' must match pattern", id="parameter"),
        pytest.param({"Parameters": given(Nobody="x")}, r"\[Nobody\] do not exist", id="unknown-parameter"),
        pytest.param({"Parameters": given(Greeting=None)}, r"\[Greeting\] must have values", id="no-previous-value"),
        pytest.param({"Capabilities": []}, r"Requires capabilities : \[CAPABILITY_IAM\]", id="capabilities"),
    ],
)
def test_a_change_set_that_cannot_be_is_refused_and_leaves_no_stack(
    stacks: Stacks, more: dict[str, Any], error: str
) -> None:
    with pytest.raises(ClientError, match=error):
        create(stacks, "refused", "CREATE", "first", Template=TEMPLATE, **more)
    with pytest.raises(ClientError, match="Stack with id refused does not exist"):
        stacks.client("cloudformation").describe_stacks(StackName="refused")


def test_a_role_with_a_name_of_its_own_needs_the_greater_capability(stacks: Stacks) -> None:
    named = role("lambda")
    named["Properties"]["RoleName"] = "fixed"
    body = json.dumps({"Resources": {"Role": named, "Function": function("x = 1")}})
    with pytest.raises(ClientError, match=r"Requires capabilities : \[CAPABILITY_NAMED_IAM\]"):
        create(stacks, "named", "CREATE", "first", TemplateBody=body)


def test_a_template_that_sam_cannot_translate_fails_with_sams_reason(stacks: Stacks) -> None:
    template = yaml.safe_dump(
        {
            "Transform": "AWS::Serverless-2016-10-31",
            "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "a.b"}}},
        }
    )
    with pytest.raises(WaiterError) as waited:
        create(stacks, "untranslated", "CREATE", "first", Template=template)
    assert "failed with: " in waited.value.last_response["StatusReason"]
    # The stack is under review, which `sam deploy` takes for no stack: the next change set may create it.
    create(stacks, "untranslated", "CREATE", "second", Template=TEMPLATE)
    execute(stacks, "untranslated", "second", "stack_create_complete")


def test_a_stack_that_is_there_cannot_be_created_again_nor_one_that_is_not_be_updated(
    stacks: Stacks, deployed: str
) -> None:
    with pytest.raises(ClientError, match="already exists and cannot be created again"):
        create(stacks, deployed, "CREATE", "again", Template=TEMPLATE)
    with pytest.raises(ClientError, match=r"Stack \[nowhere\] does not exist"):
        create(stacks, "nowhere", "UPDATE", "first", Template=TEMPLATE)
    url = f"{stacks.aws.endpoint}/templates/nothing"
    with pytest.raises(ClientError, match="key does not exist"):
        create(stacks, "nowhere", "CREATE", "first", TemplateURL=url)


def test_a_deleted_stack_is_gone_for_the_waiter(stacks: Stacks) -> None:
    create(stacks, "leaving", "CREATE", "first", Template=TEMPLATE)
    execute(stacks, "leaving", "first", "stack_create_complete")
    cloudformation = stacks.client("cloudformation")
    cloudformation.delete_stack(StackName="leaving", RetainResources=[])
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="leaving", WaiterConfig={"MaxAttempts": 1})
    with pytest.raises(ClientError, match="Stack with id leaving does not exist"):
        cloudformation.describe_stacks(StackName="leaving")
