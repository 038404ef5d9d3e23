"""supported.toml says all that AWS has of each type, and what it refuses is refused before anything is made."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from moto.cloudformation.exceptions import ValidationError

from local_aws.cloudformation import resource_types
from local_aws.cloudformation.plans import Plan
from local_aws.cloudformation.resource_types.supported import REFUSED_TYPES, SUPPORTED, shown

CFN_LINT = importlib.util.find_spec("cfnlint")  # not imported: that takes seconds
assert CFN_LINT is not None
assert CFN_LINT.origin is not None
SCHEMAS = Path(CFN_LINT.origin).parent / "data" / "schemas"
PSEUDO = {"AWS::Region": "us-east-1", "AWS::AccountId": "123456789012", "AWS::StackName": "s", "AWS::Partition": "aws"}


def aws_properties(type_name: str) -> set[str]:
    """What CloudFormation's own schema lets a template say of a type."""
    files = json.loads((SCHEMAS / "providers" / "us-east-1.json").read_text())
    schema = json.loads((SCHEMAS / "resources" / f"{files[type_name]}.json").read_text())
    read_only = {path.removeprefix("/properties/") for path in schema.get("readOnlyProperties", [])}
    return set(schema["properties"]) - read_only


def plan(type_name: str, properties: Any, **more: Any) -> Plan:
    return Plan({"Resources": {"It": {"Type": type_name, "Properties": properties}}, **more}, {}, PSEUDO)


def test_every_type_that_can_be_made_is_told_and_no_other() -> None:
    assert {kind.type_name for kind in resource_types.TYPES} == SUPPORTED.keys()
    assert all(resource_types.resource_type(name) is None for name in REFUSED_TYPES)


@pytest.mark.parametrize("type_name", sorted(SUPPORTED))
def test_every_property_that_aws_has_is_told_once(type_name: str) -> None:
    support = SUPPORTED[type_name]
    refused = [path for path in support.refused if "." not in path]
    reported = [*support.works, *support.kept, *refused]
    assert sorted(reported) == sorted(aws_properties(type_name))


def nested(path: str) -> dict[str, Any]:
    """Properties that have a value at a path."""
    made: Any = "x"
    for step in reversed(path.replace("\\.", "\0").split(".")):
        made = {step.replace("\0", "."): made}
    return dict(made)


@pytest.mark.parametrize(
    ("type_name", "path"), [(name, path) for name, support in SUPPORTED.items() for path in support.refused]
)
def test_a_refused_property_is_named_with_its_resource(type_name: str, path: str) -> None:
    with pytest.raises(ValidationError) as refused:
        plan(type_name, nested(path))
    reported = str(refused.value)
    assert f"It ({type_name}): {shown(path)}: {SUPPORTED[type_name].refused[path]}" in reported
    assert "Leave it out" in reported


@pytest.mark.parametrize(
    ("type_name", "properties", "reported"),
    [
        (
            "AWS::Glue::Job",
            {"Command": {"Name": "glueray"}},
            "Command.Name is 'glueray': only glueetl|pythonshell works",
        ),
        (
            "AWS::Glue::Job",
            {"DefaultArguments": {"--job-bookmark-option": "job-bookmark-enable"}},
            "DefaultArguments.--job-bookmark-option is 'job-bookmark-enable'",
        ),
        ("AWS::Glue::Crawler", {"Targets": {"S3Targets": [{"EventQueueArn": "x"}]}}, "by listing the bucket"),
        ("AWS::Lambda::Function", {"Runtime": "nodejs22.x"}, "Runtime is 'nodejs22.x'"),
        ("AWS::Glue::Crawler", {"Targets": {"JdbcTargets": [{"Path": "x"}]}}, "Targets.JdbcTargets"),
        ("AWS::Events::Rule", {"EventPattern": {"source": ["aws.glue"]}}, "EventPattern.source is 'aws.glue'"),
        ("AWS::Events::Rule", {"Targets": [{"Id": "a"}, {"Id": "b", "EcsParameters": {}}]}, "Targets.EcsParameters"),
        ("AWS::Glue::Trigger", {}, "arn:aws:states:::glue:startJobRun.sync"),
        ("AWS::CloudFormation::Stack", {}, "deploy each template as a stack of its own"),
        ("AWS::EC2::VPC", {}, "the local AWS has no networks"),
        ("AWS::Glue::Connection", {}, "the local AWS has no networks"),
        ("AWS::Kinesis::Stream", {}, "send the records to an AWS::SQS::Queue"),
    ],
)
def test_what_is_usual_elsewhere_is_refused_with_a_way_out(
    type_name: str, properties: dict[str, Any], reported: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        plan(type_name, properties)
    assert reported in str(refused.value)
    assert f"It ({type_name})" in str(refused.value) or f"{type_name} (It)" in str(refused.value)


NO_VALUE = {"Ref": "AWS::NoValue"}
LOCAL: dict[str, Any] = {
    "Parameters": {"Where": {"Type": "String", "Default": "here"}},
    "Conditions": {"OnAws": {"Fn::Equals": [{"Ref": "Where"}, "aws"]}},
}


def test_what_a_condition_keeps_for_aws_is_not_refused() -> None:
    layers = {"Fn::If": ["OnAws", ["arn:layer"], NO_VALUE]}
    assert plan("AWS::Lambda::Function", {"Layers": layers}, **LOCAL).order == ["It"]
    assert plan("AWS::Lambda::Function", {"Layers": NO_VALUE}).order == ["It"]
    template = {
        **LOCAL,
        "Resources": {
            "Layer": {"Type": "AWS::Lambda::LayerVersion", "Condition": "OnAws"},
            "Bucket": {"Type": "AWS::S3::Bucket"},
        },
    }
    assert Plan(template, {}, PSEUDO).order == ["Bucket"]
    with pytest.raises(ValidationError, match=r"It \(AWS::Lambda::Function\): Layers"):
        plan("AWS::Lambda::Function", {"Layers": {"Fn::If": ["OnAws", NO_VALUE, ["arn:layer"]]}}, **LOCAL)


def test_a_value_that_a_parameter_gives_is_looked_at() -> None:
    given = {"Parameters": {"Kind": {"Type": "String", "Default": "gluestreaming"}}}
    with pytest.raises(ValidationError, match=r"Command\.Name is 'gluestreaming'"):
        plan("AWS::Glue::Job", {"Command": {"Name": {"Ref": "Kind"}}}, **given)


@pytest.mark.parametrize(
    ("more", "reported"),
    [
        ({"Outputs": {"Zones": {"Value": {"Fn::GetAZs": ""}}}}, "the local AWS does not know Fn::GetAZs"),
        (
            {"Transform": ["AWS::LanguageExtensions"]},
            "the local AWS does not have the transform AWS::LanguageExtensions",
        ),
    ],
)
def test_a_function_or_a_transform_that_is_unknown_is_refused(more: dict[str, Any], reported: str) -> None:
    with pytest.raises(ValidationError, match=reported):
        plan("AWS::S3::Bucket", {}, **more)


def test_all_that_is_refused_is_told_at_once() -> None:
    resources = {
        "One": {"Type": "AWS::S3::Bucket", "Properties": {"LoggingConfiguration": {}, "AccessControl": "Private"}},
        "Two": {"Type": "AWS::Lambda::Function", "Properties": {"Layers": ["arn:layer"]}},
    }
    with pytest.raises(ValidationError) as refused:
        Plan({"Resources": resources}, {}, PSEUDO)
    for reported in (
        "One (AWS::S3::Bucket): LoggingConfiguration",
        "AccessControl",
        "Two (AWS::Lambda::Function): Layers",
    ):
        assert reported in str(refused.value)
