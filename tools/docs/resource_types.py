"""docs/resource-types.md, made from supported.toml: `python -m tools.docs.resource_types` writes it."""

from __future__ import annotations

from collections.abc import Iterable

from local_aws.cloudformation.resource_types.supported import OTHER, REFUSED_TYPES, SUPPORTED, Support, shown
from local_aws.cloudformation.templates import FUNCTIONS
from tools.paths import DOCS

PAGE = DOCS / "resource-types.md"

_HEAD = """# Resource types of the local AWS

This page is generated from `packages/local-aws/src/local_aws/cloudformation/resource_types/supported.toml` by
`make reference`. A test fails if the two differ, another one if AWS's own list of a type's properties has one that is
not here. AWS's list is the one in the locked version of cfn-lint.

The local AWS deploys a template only if it has all of it. A resource type or a property that it does not have ends the
deployment before anything is made, with an error that names the resource, the property and what to do.

- *Works*: has its effect here.
- *Stored*: kept and returned by the API, without an effect here.
- *Refused*: ends the deployment.

A resource with a `Condition` that is false is not looked at, nor is a property that is `!Ref AWS::NoValue`. So one
template can serve AWS and the local AWS: with a parameter that says where it is deployed.

| type | works | stored | refused |
|---|---|---|---|
"""
_OTHERS = """
These are there as well: `Custom::*` and `AWS::CloudFormation::CustomResource` with every property, and the types of SAM
(`AWS::Serverless::*`), which become the types above.

In a template these work: `Parameters` with their limits, also of the types `AWS::SSM::Parameter::Value<...>`,
`Mappings`, `Conditions`, `Rules`, `Outputs` with `Export`, `DependsOn`, `DeletionPolicy` and `UpdateReplacePolicy`;
the functions FUNCTIONS; the dynamic references `{{resolve:ssm:...}}`, `{{resolve:ssm-secure:...}}` and
`{{resolve:secretsmanager:...}}`; the transform `AWS::Serverless-2016-10-31`. Any other function or transform is
refused.

## Instead of what is refused

| type | property | what to know or do |
|---|---|---|
"""
_VALUES = """
## Values that work

| type | property | values (a regular expression) |
|---|---|---|
"""
_TYPES = """
## Instead of types that are refused

Every type that is not on this page is refused. These are the usual ones:

| type | what to know or do |
|---|---|
"""


def page() -> str:
    """The page as text."""
    return (
        _HEAD
        + "".join(_row(name, support) for name, support in sorted(SUPPORTED.items()))
        + _OTHERS.replace("FUNCTIONS", ", ".join(f"`{name}`" for name in FUNCTIONS))
        + "".join(
            f"| {name} | {shown(path)} | {why} |\n"
            for name, support in sorted(SUPPORTED.items())
            for path, why in sorted(support.refused.items())
            if why != OTHER
        )
        + _VALUES
        + "".join(
            f"| {name} | {path} | `{pattern.replace('|', chr(92) + '|')}` |\n"
            for name, support in sorted(SUPPORTED.items())
            for path, pattern in sorted(support.only.items())
        )
        + _TYPES
        + "".join(f"| {name} | {why} |\n" for name, why in sorted(REFUSED_TYPES.items()))
    )


def _row(name: str, support: Support) -> str:
    return f"| {name} | {_names(support.works)} | {_names(support.kept)} | {_names(map(shown, support.refused))} |\n"


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


if __name__ == "__main__":
    PAGE.write_text(page())
