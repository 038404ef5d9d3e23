from __future__ import annotations

from typing import Any

import pytest
from moto.cloudformation.exceptions import ValidationError

from local_aws.cloudformation.conditions import refuse_by_rules
from local_aws.cloudformation.parameters import parameter_values

PARAMETERS = {
    "Parameters": {
        "Name": {"Type": "String", "Default": "xyz", "AllowedPattern": "[a-z]+", "MinLength": 2, "MaxLength": 4},
        "Count": {"Type": "Number", "Default": 3, "MinValue": 1, "MaxValue": 9},
        "Kind": {"Type": "String", "Default": "a", "AllowedValues": ["a", True]},
        "Many": {"Type": "CommaDelimitedList", "Default": "a, b"},
        "Days": {"Type": "List<Number>", "Default": "1,2", "MaxValue": 31},
        "Day": {"Type": "String", "Default": "1", "MaxLength": 2, "ConstraintDescription": "a day of a month"},
    }
}


def test_parameters_have_their_defaults_as_text() -> None:
    assert parameter_values(PARAMETERS, {}) == {
        "Name": "xyz",
        "Count": "3",
        "Kind": "a",
        "Many": ["a", "b"],
        "Days": ["1", "2"],
        "Day": "1",
    }


@pytest.mark.parametrize("number", ["1", "9", "2.5", "+3", "1e0", "9."])
def test_what_is_a_number_is_taken_as_it_was_written(number: str) -> None:
    assert parameter_values(PARAMETERS, {"Count": number})["Count"] == number


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"Nam": "x"}, r"Parameters: \[Nam\] do not exist in the template", id="unknown"),
        pytest.param({"Name": "XY"}, r"Parameter 'Name' must match pattern \[a-z\]\+$", id="pattern"),
        pytest.param({"Name": "xy\n"}, "Parameter 'Name' must match pattern", id="pattern-of-the-whole-value"),
        pytest.param({"Name": "x"}, "Parameter 'Name' must contain at least 2 characters", id="short"),
        pytest.param({"Name": "uvxyz"}, "Parameter 'Name' must contain at most 4 characters", id="long"),
        pytest.param({"Count": "0"}, "Parameter 'Count' must be a number not less than 1", id="minimum"),
        pytest.param({"Count": "9.5"}, "Parameter 'Count' must be a number not greater than 9", id="maximum"),
        pytest.param({"Count": "ten"}, "Parameter 'Count' must be a number$", id="number"),
        pytest.param({"Count": "nan"}, "Parameter 'Count' must be a number$", id="not-a-number"),
        pytest.param({"Count": "1_0"}, "Parameter 'Count' must be a number$", id="pythons-number"),
        pytest.param({"Count": ""}, "Parameter 'Count' must be a number$", id="empty-number"),
        pytest.param({"Days": "1,32"}, "Parameter 'Days' must be a number not greater than 31", id="list"),
        pytest.param({"Kind": "c"}, "Parameter 'Kind' must be one of AllowedValues", id="values"),
        pytest.param({"Day": "123"}, "Parameter Day failed to satisfy constraint: a day of a month", id="own-words"),
    ],
)
def test_a_parameter_outside_its_limits_is_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        parameter_values(PARAMETERS, given)


def test_a_parameter_without_default_must_be_given() -> None:
    with pytest.raises(ValidationError, match=r"Parameters: \[Needed\] must have values"):
        parameter_values({"Parameters": {"Needed": {"Type": "String"}}}, {})


VALUES: dict[str, Any] = {"AWS::Region": "us-east-1", "Mail": "", "Size": "big", "Zones": ["a", "b"]}

HOLDS = {"Fn::Equals": [{"Ref": "Size"}, "big"]}
FAILS = {"Fn::Equals": [{"Ref": "Size"}, "small"]}


REFUSED = "Template validation error: Rule Sized: be big"


def refusal(assertion: Any, **rule: Any) -> str | None:
    template = {"Rules": {"Sized": {"Assertions": [{"Assert": assertion, "AssertDescription": "be big"}], **rule}}}
    try:
        refuse_by_rules(template, VALUES)
    except ValidationError as error:
        return error.message
    return None


@pytest.mark.parametrize(
    ("assertion", "holds"),
    [
        pytest.param(HOLDS, True, id="equals"),
        pytest.param(FAILS, False, id="unlike"),
        pytest.param({"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}, True, id="pseudo-parameter"),
        pytest.param({"Fn::Not": [{"Fn::Equals": [{"Ref": "Mail"}, ""]}]}, False, id="not"),
        pytest.param({"Fn::And": [HOLDS, FAILS]}, False, id="and"),
        pytest.param({"Fn::Or": [FAILS, HOLDS]}, True, id="or"),
        pytest.param({"Fn::Contains": [["big", "huge"], {"Ref": "Size"}]}, True, id="contains"),
        pytest.param({"Fn::Contains": [["small"], {"Ref": "Size"}]}, False, id="contains-not"),
        pytest.param({"Fn::Contains": [{"Ref": "Zones"}, "b"]}, True, id="contains-in-a-list-parameter"),
        pytest.param({"Fn::EachMemberEquals": [{"Ref": "Zones"}, "a"]}, False, id="each-equals"),
        pytest.param({"Fn::EachMemberIn": [{"Ref": "Zones"}, ["a", "b", "c"]]}, True, id="each-in"),
        pytest.param({"Fn::EachMemberIn": [{"Ref": "Zones"}, ["a"]]}, False, id="each-in-not"),
    ],
)
def test_a_rule_refuses_what_it_does_not_assert(assertion: Any, holds: bool) -> None:
    assert refusal(assertion) == (None if holds else REFUSED)


def test_a_rule_whose_condition_is_false_says_nothing() -> None:
    assert refusal(FAILS, RuleCondition=FAILS) is None
    assert refusal(FAILS, RuleCondition=HOLDS) == REFUSED


def test_a_function_that_is_not_known_in_rules_is_an_error() -> None:
    reported = "Template error: the local AWS does not know Fn::ValueOf in Rules"
    assert refusal({"Fn::ValueOf": ["Size", "Tags"]}) == reported
