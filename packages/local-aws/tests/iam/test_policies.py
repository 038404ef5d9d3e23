"""IAM's evaluation of policy documents."""

import json
from typing import Any

import pytest

from local_aws.iam.policies import Decision, Request, decide


def judged(
    *statements: dict[str, Any], action: str = "s3:GetObject", resource: str = "arn:x/a", **keys: str
) -> Decision:
    request = Request(action, resource, {f"aws:{key}": value for key, value in keys.items()})
    return decide([json.dumps({"Statement": list(statements)})], request)


def statement(effect: str = "Allow", **others: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "s3:GetObject", "Resource": "arn:x/*", **others}


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        pytest.param({}, True, id="plain"),
        pytest.param({"Action": "S3:getobject"}, True, id="actions-ignore-case"),
        pytest.param({"Action": ["s3:Put*", "s3:Get?bject"]}, True, id="action-wildcards"),
        pytest.param({"Action": "s3:Get"}, False, id="an-action-is-matched-whole"),
        pytest.param({"Resource": "arn:X/*"}, False, id="resources-do-not-ignore-case"),
        pytest.param({"Resource": "arn:x/"}, False, id="a-resource-is-matched-whole"),
        pytest.param({"Resource": "arn:x.*"}, False, id="no-regular-expressions"),
        pytest.param({"Resource": ["arn:y", "arn:x/?"]}, True, id="resource-list"),
    ],
)
def test_a_statement_names_actions_and_resources(given: dict[str, Any], allowed: bool) -> None:
    assert judged(statement(**given)).allowed is allowed


def test_not_action_and_not_resource() -> None:
    allowing = {"Effect": "Allow", "NotAction": "s3:Delete*", "NotResource": "arn:y/*"}
    assert judged(allowing).allowed
    assert not judged(allowing, action="s3:DeleteObject").allowed
    assert not judged(allowing, resource="arn:y/a").allowed


def test_a_deny_wins_wherever_it_stands() -> None:
    reported = judged(statement("Deny"), statement())
    assert reported == Decision(False, "with an explicit deny in an identity-based policy")


def test_nothing_allowed_is_denied() -> None:
    assert judged(statement(), action="s3:PutObject").reason == (
        "because no identity-based policy allows the s3:PutObject action"
    )


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        pytest.param({"StringEquals": {"aws:SourceAccount": "1"}}, True, id="equals"),
        pytest.param({"StringEquals": {"aws:SourceAccount": ["2", "1"]}}, True, id="one-of"),
        pytest.param({"StringEquals": {"aws:SourceAccount": "2"}}, False, id="not-equal"),
        pytest.param({"StringNotEquals": {"aws:SourceAccount": "2"}}, True, id="negated"),
        pytest.param({"StringNotEquals": {"aws:SourceAccount": ["1", "2"]}}, False, id="negated-means-none-of"),
        pytest.param({"StringLike": {"aws:SourceAccount": "?"}}, True, id="like"),
        pytest.param({"ArnLike": {"aws:PrincipalArn": "arn:*:role/a*"}}, True, id="arn"),
        pytest.param({"Bool": {"aws:SecureTransport": True}}, True, id="bool"),
        pytest.param({"Bool": {"aws:SecureTransport": "false"}}, False, id="not-bool"),
        pytest.param({"NumericLessThan": {"aws:SourceAccount": "2"}}, True, id="number"),
        pytest.param({"NumericGreaterThanEquals": {"aws:SourceAccount": 2}}, False, id="not-number"),
        pytest.param({"StringEquals": {"s3:prefix": "a"}}, False, id="absent-key"),
        pytest.param({"StringEqualsIfExists": {"s3:prefix": "a"}}, True, id="absent-but-if-exists"),
        pytest.param({"StringNotEquals": {"s3:prefix": "a"}}, True, id="absent-and-negated"),
        pytest.param({"Null": {"s3:prefix": "true"}}, True, id="null"),
        pytest.param({"Null": {"aws:SourceAccount": "true"}}, False, id="not-null"),
        pytest.param(
            {"StringEquals": {"aws:SourceAccount": "1"}, "Bool": {"aws:SecureTransport": "false"}}, False, id="all-hold"
        ),
    ],
)
def test_conditions(condition: dict[str, Any], allowed: bool) -> None:
    keys = {"sourceaccount": "1", "principalarn": "arn:aws:iam::1:role/abc", "securetransport": "true"}
    assert judged(statement(Condition=condition), **keys).allowed is allowed


@pytest.mark.parametrize(
    ("part", "reported"),
    [
        pytest.param({"Condition": {"StringEquals": {"aws:Moon": "full"}}}, "the condition key aws:Moon", id="key"),
        pytest.param({"Condition": {"IpAddress": {"aws:SourceArn": "x"}}}, "the condition operator IpAddress", id="op"),
        pytest.param({"Resource": "arn:x/${aws:a}"}, "the policy variable in arn:x/${aws:a}", id="variable"),
    ],
)
def test_what_is_not_known_never_allows(part: dict[str, Any], reported: str) -> None:
    refused = judged(statement(**part))
    assert not refused.allowed
    assert f"(the local AWS does not know {reported})" in refused.reason
    assert not judged(statement(), statement("Deny", **part)).allowed
