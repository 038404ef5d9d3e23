from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.cloudformation.deploy import deploy, zipped
from local_aws.core.errors import DeploymentFailed
from local_aws_harness.stack import Stacks, role, running

pytestmark = pytest.mark.local_aws


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    yield from running(tmp_path_factory.mktemp("deploy"))


def sam(folder: Path, answer: str = "one") -> Path:
    """A SAM application with local code and a local definition, as one writes it; returns its template."""
    (folder / "code").mkdir(parents=True, exist_ok=True)
    (folder / "code" / "app.py").write_text(f"def handler(event, context):\n    return '{answer}'\n")
    (folder / "cfn").mkdir(exist_ok=True)
    definition = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${Name}", "End": true}}}'
    (folder / "cfn" / "machine.asl.json").write_text(definition)
    template = folder / "cfn" / "template.yaml"
    template.write_text(
        """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: { Type: String, Default: hello }
Conditions:
  Loud: !Equals [!Ref Greeting, HELLO]
Resources:
  Bucket: { Type: AWS::S3::Bucket }
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../code/
      Handler: app.handler
      Runtime: python3.11
      Timeout: 20
      AutoPublishAlias: live
      Environment: { Variables: { GREETING: !Ref Greeting, BUCKET: !Ref Bucket } }
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: machine.asl.json
      DefinitionSubstitutions: { Name: !GetAtt Function.Arn }
  Megaphone:
    Type: AWS::SNS::Topic
    Condition: Loud
Outputs:
  FunctionName: { Description: its name, Value: !Ref Function }
  Version: { Value: !Ref Function.Version }
  MachineArn: { Value: !Ref Machine }
  Quiet: { Condition: Loud, Value: !Ref Megaphone }
"""
    )
    return template


def test_a_sam_template_with_local_code_becomes_a_stack_that_runs(stacks: Stacks, tmp_path: Path) -> None:
    deploy(stacks.aws.world, template=sam(tmp_path), stack_name="sam", parameters={"Greeting": "hi"})
    outputs = stacks.outputs("sam")
    assert outputs.keys() == {"FunctionName", "Version", "MachineArn"}
    ids = stacks.resources("sam")
    assert "Megaphone" not in ids
    answer = stacks.client("lambda").invoke(FunctionName=outputs["FunctionName"])
    assert json.load(answer["Payload"]) == "one"
    configuration = stacks.client("lambda").get_function_configuration(FunctionName=outputs["FunctionName"])
    assert configuration["Environment"]["Variables"] == {"GREETING": "hi", "BUCKET": ids["Bucket"]}
    machine = stacks.client("stepfunctions").describe_state_machine(stateMachineArn=outputs["MachineArn"])
    assert json.loads(machine["definition"])["States"]["A"]["Result"].endswith(f":function:{outputs['FunctionName']}")


def test_deploying_again_changes_what_changed_and_nothing_else(stacks: Stacks, tmp_path: Path) -> None:
    world = stacks.aws.world
    deploy(world, template=sam(tmp_path), stack_name="again")
    before, events = stacks.resources("again"), len(stacks.events("again"))
    deploy(world, template=sam(tmp_path), stack_name="again")
    assert len(stacks.events("again")) == events
    deploy(world, template=sam(tmp_path, "two"), stack_name="again")
    after = stacks.resources("again")
    name = stacks.outputs("again")["FunctionName"]
    assert {key: after[key] for key in ("Bucket", "Function", "Machine")} == {
        key: before[key] for key in ("Bucket", "Function", "Machine")
    }
    for qualifier, answer in (("$LATEST", "two"), ("live", "two"), ("1", "one")):
        got = stacks.client("lambda").invoke(FunctionName=name, Qualifier=qualifier)
        assert json.load(got["Payload"]) == answer
    changed = [event for event, status in stacks.events("again")[events:] if status == "UPDATE_COMPLETE"]
    assert changed == ["Function", "FunctionAliaslive", "again"]
    deploy(world, template=sam(tmp_path, "two"), stack_name="again", parameters={"Greeting": "HELLO"})
    assert "Megaphone" in stacks.resources("again")
    deploy(world, template=sam(tmp_path, "two"), stack_name="again")
    assert "Megaphone" not in stacks.resources("again")


def topic(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


def test_every_resource_that_fails_is_told_and_the_rest_is_rolled_back(stacks: Stacks) -> None:
    template = {
        "Resources": {
            "Good": {"Type": "AWS::S3::Bucket"},
            "Role": role("glue"),
            "Wrong": {"Type": "AWS::Glue::Job", "Properties": {"Role": {"Ref": "Role"}, "Comand": {}}},
            "AlsoWrong": {"Type": "AWS::Glue::Crawler", "Properties": {"Role": {"Ref": "Role"}}},
            "NeedsWrong": topic(DisplayName={"Ref": "Wrong"}),
        }
    }
    buckets = len(stacks.client("s3").list_buckets()["Buckets"])
    with pytest.raises(DeploymentFailed) as failed:
        stacks.deploy(template, "wrong")
    lines = str(failed.value).splitlines()
    assert "stack wrong" in lines[0]
    assert "ROLLBACK_COMPLETE" in lines[0]
    assert [line.split(":")[0].strip() for line in lines[1:] if line.startswith("  ")] == [
        "Wrong (AWS",
        "AlsoWrong (AWS",
    ]
    assert "CreateJob has no property Comand" in lines[1]
    assert 'Missing required parameter in input: "Targets"' in str(failed.value)
    assert stacks.resources("wrong") == {}
    assert len(stacks.client("s3").list_buckets()["Buckets"]) == buckets
    (described,) = stacks.client("cloudformation").describe_stacks(StackName="wrong")["Stacks"]
    assert described["StackStatusReason"] == "The following resource(s) failed to create: [Wrong, AlsoWrong]."


def test_an_update_that_fails_leaves_the_stack_as_it_was(stacks: Stacks) -> None:
    stack = stacks.deploy({"Resources": {"Topic": topic(DisplayName="old")}})
    with pytest.raises(DeploymentFailed, match=r"(?s)UPDATE_ROLLBACK_COMPLETE.*Wrong .*has no property Nonsense"):
        stacks.deploy(
            {
                "Resources": {
                    "Topic": topic(DisplayName="new"),
                    "New": topic(),
                    "Wrong": {"Type": "AWS::Glue::Database", "Properties": {"Nonsense": 1}},
                }
            },
            stack,
        )
    ids = stacks.resources(stack)
    assert ids.keys() == {"Topic"}
    attributes = stacks.client("sns").get_topic_attributes(TopicArn=ids["Topic"])["Attributes"]
    assert attributes["DisplayName"] == "old"


@pytest.mark.parametrize(
    ("template", "parameters", "message"),
    [
        pytest.param({"A": {"Type": "AWS::Moon::Rover"}}, {}, r"\[AWS::Moon::Rover \(A\)\]", id="type"),
        pytest.param({"A": topic()}, {"Nobody": "1"}, r"\[Nobody\] do not exist", id="parameter"),
        pytest.param({"A": topic(DisplayName={"Ref": "B"})}, {}, r"dependencies \[B\]", id="reference"),
        pytest.param({"A": {**topic(), "DependsOn": "C"}}, {}, r"dependencies \[C\]", id="depends-on"),
    ],
)
def test_a_template_that_cannot_be_is_refused_before_anything_is_made(
    stacks: Stacks, template: dict[str, Any], parameters: dict[str, str], message: str
) -> None:
    with pytest.raises(DeploymentFailed, match=f"refused.*{message}"):
        stacks.deploy({"Resources": template}, "refused", **parameters)
    stacks_there = stacks.client("cloudformation").describe_stacks()["Stacks"]
    assert "refused" not in {each["StackName"] for each in stacks_there}


def test_a_code_folder_that_is_not_there_is_told(stacks: Stacks) -> None:
    code = {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "nowhere/"}}
    with pytest.raises(DeploymentFailed, match=r"code folder .*nowhere.* does not exist"):
        stacks.deploy({"Resources": {"A": code}})


def test_the_same_files_make_the_same_archive(tmp_path: Path) -> None:
    for name, when in (("first", 1_000_000_000), ("second", 1_700_000_000)):
        for file in ("b.py", "a/c.py", "__pycache__/b.pyc", ".hidden"):
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file)
            os.utime(path, (when, when))
    (tmp_path / "second" / "b.py").chmod(0o700)
    assert zipped(tmp_path / "first") == zipped(tmp_path / "second")
    with zipfile.ZipFile(io.BytesIO(zipped(tmp_path / "first"))) as archive:
        assert archive.namelist() == ["a/c.py", "b.py"]


def test_a_template_that_is_not_there_is_told(stacks: Stacks, tmp_path: Path) -> None:
    with pytest.raises(DeploymentFailed, match=r"there is no template .*nowhere\.yaml"):
        deploy(stacks.aws.world, template=tmp_path / "nowhere.yaml", stack_name="nowhere")
