from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from moto.cloudformation.exceptions import ValidationError

from local_aws.cloudformation.conditions import condition_values
from local_aws.cloudformation.plans import Plan
from local_aws.cloudformation.templates import references, resolve

PSEUDO = {"AWS::Region": "us-east-1"}
TEMPLATE: dict[str, Any] = {
    "Mappings": {"Sizes": {"us-east-1": {"small": "1", "big": "9"}}},
    "Conditions": {
        "Big": {"Fn::Equals": [{"Ref": "Size"}, "big"]},
        "Small": {"Fn::Not": [{"Condition": "Big"}]},
        "Both": {"Fn::And": [{"Condition": "Big"}, {"Condition": "Small"}]},
        "Either": {"Fn::Or": [{"Condition": "Big"}, {"Condition": "Small"}]},
        "Zero": {"Fn::Equals": [0, "0"]},
    },
}
BUCKET = SimpleNamespace(physical_resource_id="the-bucket", get_cfn_attribute={"Arn": "arn:aws:s3:::the-bucket"}.get)
KNOWN: dict[str, Any] = {
    "Bucket": BUCKET,
    "Size": "big",
    "AWS::Region": "us-east-1",
    "List": ["a", "b"],
    "Ratio": "0.001",
}


def resolved(value: Any) -> Any:
    return resolve(value, KNOWN.get, condition_values(TEMPLATE, KNOWN), TEMPLATE)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"Ref": "Bucket"}, "the-bucket", id="ref-of-resource"),
        pytest.param({"Ref": "List"}, ["a", "b"], id="ref-of-list-parameter"),
        pytest.param({"Fn::GetAtt": ["Bucket", "Arn"]}, "arn:aws:s3:::the-bucket", id="getatt-list"),
        pytest.param({"Fn::GetAtt": "Bucket.Arn"}, "arn:aws:s3:::the-bucket", id="getatt-text"),
        pytest.param({"Fn::Sub": "s3://${Bucket}/x"}, "s3://the-bucket/x", id="sub"),
        pytest.param({"Fn::Sub": "${Bucket.Arn}/*"}, "arn:aws:s3:::the-bucket/*", id="sub-attribute"),
        pytest.param({"Fn::Sub": "${!Literal} $$.Execution $.x"}, "${Literal} $$.Execution $.x", id="sub-literal"),
        pytest.param({"Fn::Sub": ["${A} of ${Bucket}", {"A": {"Ref": "Size"}}]}, "big of the-bucket", id="sub-own"),
        # A value is never searched for names itself.
        pytest.param({"Fn::Sub": ["${A}", {"A": {"Fn::Sub": "${!Bucket}"}}]}, "${Bucket}", id="sub-once"),
        pytest.param({"Fn::Join": ["-", ["a", {"Ref": "Ratio"}, 3, True]]}, "a-0.001-3-true", id="join"),
        pytest.param({"Fn::Select": ["1", {"Fn::Split": [",", "a,b"]}]}, "b", id="select-split"),
        pytest.param({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, {"Ref": "Size"}]}, "9", id="map"),
        pytest.param({"Fn::If": ["Big", 1, 2]}, 1, id="if-true"),
        pytest.param({"Fn::If": ["Both", 1, 2]}, 2, id="if-and"),
        pytest.param({"Fn::If": ["Either", 1, 2]}, 1, id="if-or"),
        pytest.param({"Fn::If": ["Zero", 1, 2]}, 1, id="numbers-compare-as-text"),
        pytest.param({"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "AWS::NoValue"}, 1]}, {"b": [1]}, id="no-value"),
        pytest.param({"Fn::ToJsonString": {"a": {"Ref": "Size"}}}, '{"a": "big"}', id="json"),
        pytest.param({"Fn::Base64": "x"}, "eA==", id="base64"),
        pytest.param({"Ref": "Size", "Other": 1}, {"Ref": "Size", "Other": 1}, id="two-keys-are-no-function"),
    ],
)
def test_intrinsic_functions(value: Any, expected: Any) -> None:
    assert resolved(value) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param({"Ref": "Nobody"}, "unresolved reference to Nobody", id="ref"),
        pytest.param({"Fn::GetAtt": ["Nobody", "Arn"]}, "references undefined resource Nobody", id="getatt"),
        pytest.param(
            {"Fn::GetAtt": ["Bucket", "Color"]}, "Bucket does not support attribute type Color", id="attribute"
        ),
        pytest.param({"Fn::Sub": "${Nobody}"}, "unresolved reference to Nobody", id="sub"),
        pytest.param({"Fn::FindInMap": ["Sizes", "mars", "big"]}, "Unable to get mapping", id="map"),
        pytest.param({"Fn::Select": [5, ["a"]]}, "Fn::Select cannot select value 5", id="select"),
        pytest.param({"Fn::If": ["Nobody", 1, 2]}, "unresolved condition Nobody", id="if"),
        pytest.param({"Fn::Cidr": ["10.0.0.0/8", 1, 8]}, "does not know Fn::Cidr", id="unknown-function"),
    ],
)
def test_what_cannot_be_resolved_is_an_error(value: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        resolved(value)


def test_references_are_found_wherever_they_stand() -> None:
    value = {
        "a": [{"Ref": "One"}, {"Fn::GetAtt": ["Two", "Arn"]}],
        "b": {"Fn::Sub": ["${Three} ${Four.Arn} ${own} ${!no}", {"own": {"Ref": "Five"}}]},
    }
    assert set(references(value)) == {
        ("One", None),
        ("Two", "Arn"),
        ("Three", None),
        ("Four", "Arn"),
        ("Five", None),
    }


def topic(**more: Any) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", **more}


def test_resources_are_ordered_by_what_they_need() -> None:
    template = {
        "Resources": {
            "A": topic(Properties={"DisplayName": {"Fn::Sub": "${B.TopicName}"}}),
            "B": topic(DependsOn="C"),
            "C": topic(),
        }
    }
    assert Plan(template, {}, PSEUDO).order == ["C", "B", "A"]


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        pytest.param({}, "At least one Resources member must be defined", id="none"),
        pytest.param({"A": topic(Properties={"DisplayName": {"Ref": "B"}})}, r"dependencies \[B\]", id="unknown-name"),
        pytest.param({"A": topic(DependsOn="B"), "B": topic(DependsOn="A")}, r"Circular .* \[A, B\]", id="circle"),
        pytest.param({"A": {"Type": "AWS::Moon::Rover"}}, r"types: \[AWS::Moon::Rover \(A\)\]", id="unknown-type"),
    ],
)
def test_a_template_that_cannot_be_is_refused(resources: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Plan({"Resources": resources}, {}, PSEUDO)


def test_a_resource_whose_condition_is_false_is_left_out() -> None:
    template = {
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {"A": topic(), "B": topic(Condition="Never"), "C": topic(DependsOn="B")},
    }
    assert Plan(template, {}, PSEUDO).order == ["A", "C"]


def test_a_condition_may_look_at_the_region() -> None:
    template = {
        "Conditions": {"Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}},
        "Resources": {"A": topic(Condition="Here")},
    }
    assert Plan(template, {}, PSEUDO).order == ["A"]


def test_a_mistake_in_a_sam_resource_is_told_in_sams_words() -> None:
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "a.b"}}},
    }
    with pytest.raises(ValidationError, match=r"Transform AWS::Serverless-2016-10-31 failed with: .*\[F\].*CodeUri"):
        Plan(template, {}, PSEUDO)
