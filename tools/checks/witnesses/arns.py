"""The ARNs in a template's policies, and whether they match a documented resource type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from tools.checks.project import Project

_PSEUDO_PARAMETERS = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "111122223333",
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
}
_IN_ACCOUNT = "us-east-1:111122223333"
_ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::KMS::Key": f"arn:aws:kms:{_IN_ACCOUNT}:key/{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{_IN_ACCOUNT}:log-group:{{}}:*",
    "AWS::SNS::Topic": f"arn:aws:sns:{_IN_ACCOUNT}:{{}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{_IN_ACCOUNT}:{{}}",
    "AWS::Serverless::Function": f"arn:aws:lambda:{_IN_ACCOUNT}:function:{{}}",
    "AWS::Serverless::StateMachine": f"arn:aws:states:{_IN_ACCOUNT}:stateMachine:{{}}",
}
"""The value of `Fn::GetAtt: [NAME, Arn]` by type of resource."""

_REF_IS_ARN = {"AWS::SNS::Topic", "AWS::Serverless::StateMachine"}
"""Types whose `Ref` is the ARN (each type's page in the CloudFormation reference, "Return values")."""


def arn(project: Project, value: Any) -> str:
    """The ARN of a policy's resource, names in place of references. Raises ValueError for an unknown form."""
    if isinstance(value, str):
        return value
    match value:
        case {"Fn::Sub": str(text)}:
            return _substituted(project, text, {})
        case {"Fn::Sub": [str(text), dict(variables)]}:
            return _substituted(project, text, variables)
        case {"Fn::GetAtt": [logical_id, attribute]}:
            return _reference(project, f"{logical_id}.{attribute}")
        case {"Ref": logical_id}:
            return _reference(project, str(logical_id))
    raise ValueError(f"cannot read {value!r} as an ARN")


def _substituted(project: Project, text: str, variables: Mapping[str, Any]) -> str:
    """The text of a Fn::Sub; its own variables, whose values are known at deployment only, become their names."""
    return re.sub(
        r"\$\{([^}]+)\}", lambda found: found[1] if found[1] in variables else _reference(project, found[1]), text
    )


def _reference(project: Project, name: str) -> str:
    if name in _PSEUDO_PARAMETERS:
        return _PSEUDO_PARAMETERS[name]
    logical_id, _, attribute = name.partition(".")
    if logical_id in project.parameters:
        return "*"
    kind = project.template["Resources"][logical_id]["Type"]
    if kind in _ARNS and (attribute == "Arn" or (not attribute and kind in _REF_IS_ARN)):
        return _ARNS[kind].format(logical_id)
    if attribute:
        raise ValueError(f"cannot read {name} as an ARN: no form of {kind} is known here")
    return logical_id


def can_name(pattern: str, form: str) -> bool:
    """Whether an IAM resource pattern can match an ARN of a documented form.

    A form is, for instance, `arn:${Partition}:s3:::${BucketName}`. A bucket's name has no slash.
    """
    if "${BucketName}" in form and form.endswith("${BucketName}") and "/" in pattern:
        return False
    return _overlap(pattern, re.sub(r"\$\{[^}]+\}", "*", form))


def _overlap(one: str, other: str) -> bool:
    """Whether a text exists that matches both patterns; `*` matches any text."""

    @cache
    def at(i: int, j: int) -> bool:
        if i == len(one) or j == len(other):
            return set(one[i:] + other[j:]) <= {"*"}
        if one[i] == "*":
            return at(i + 1, j) or at(i, j + 1)
        if other[j] == "*":
            return at(i, j + 1) or at(i + 1, j)
        return one[i] == other[j] and at(i + 1, j + 1)

    return at(0, 0)


def is_global(condition_key: str) -> bool:
    """Whether a condition key is a global one (IAM User Guide, "AWS global condition context keys")."""
    return condition_key.lower().startswith("aws:")


def fits(condition_key: str, documented: Mapping[str, Any] | list[str]) -> bool:
    """Whether a condition key is documented; `${...}` and `<...>` in the documentation match any text."""
    for form in documented:
        pattern = re.escape(re.sub(r"\$\{[^}]+\}|<[^>]+>", "\0", form)).replace("\0", ".+")
        if re.fullmatch(pattern, condition_key, re.IGNORECASE):
            return True
    return False
