"""Rules on names: two stacks can coexist in one account, in any region and partition."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import boto3

from tools.checks.project import Project, texts
from tools.checks.rules.registry import rule

_NAMING = re.compile(
    r"(Bucket|Role|Topic|Queue|Function|StateMachine|Alarm|Dashboard|LogGroup|Policy|Crawler|Alias)Name"
)
"""Properties with the physical name of a resource, besides Name."""

_NAMED_BY_NAME = {
    *("AWS::Athena::WorkGroup", "AWS::Glue::Crawler", "AWS::Glue::Job", "AWS::Glue::SecurityConfiguration"),
    *("AWS::Scheduler::Schedule", "AWS::Serverless::Function", "AWS::Serverless::StateMachine"),
}
_OWN_NAMESPACE = {"AWS::Glue::Table", "AWS::Athena::NamedQuery"}
"""Types whose names are scoped by a database or workgroup of the stack."""


def _of_the_stack(value: object) -> bool:
    """Whether a name is derived from the stack's name, its id, or one of its resources."""
    return isinstance(value, dict) and ("AWS::Stack" in str(value) or "Ref" in value or "${" in str(value))


@rule
def names_are_not_fixed(project: Project) -> Iterable[str]:
    """With a literal physical name a second stack cannot be created."""
    for name, resource in project.template["Resources"].items():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind in _OWN_NAMESPACE:
            continue
        for key, value in properties.items():
            named = _NAMING.fullmatch(key) or (key == "Name" and kind in _NAMED_BY_NAME)
            if named and not _of_the_stack(value):
                yield f"{name}: {key} is the fixed name {value!r}"
        database = properties.get("DatabaseInput", {})
        if (
            database
            and "AWS::StackId" not in str(database.get("Name"))
            and "AWS::StackName" not in str(database.get("Name"))
        ):
            yield f"{name}: the database's name is not unique per stack"


@cache
def _regions() -> set[str]:
    session = boto3.Session()
    return {
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("s3", partition)
    }


@rule
def no_literal_account_region_or_partition(project: Project) -> Iterable[str]:
    """A literal account, region or partition breaks the stack in other ones."""
    regions = "|".join(sorted(map(re.escape, _regions()), key=len, reverse=True))
    patterns = {
        "an account id": re.compile(r"(?<![\d.])\d{12}(?!\d)"),
        "a region": re.compile(rf"(?<![\w-])({regions})(?![\w-])"),
        "a partition": re.compile(r"\barn:aws[\w-]*:"),
        "a URL suffix": re.compile(r"\.amazonaws\.com(?=[/:]|$)"),
    }
    for file, value in (("template", project.template), ("definition", project.definition)):
        for path, text in texts(value):
            if "AllowedPattern" in path or path.endswith("Description"):
                continue
            for what, pattern in patterns.items():
                # Service principals are the same in every partition.
                if pattern.search(text) and not (what == "a URL suffix" and ".Principal" in path):
                    yield f"{file}, {path}: literal {what} in {text!r}"


@rule
def resources_are_referenced(project: Project) -> Iterable[str]:
    """A literal name instead of a reference works for one stack only, and hides a dependency from CloudFormation."""
    for machine in project.of_type("AWS::Serverless::StateMachine").values():
        for name, value in machine.get("DefinitionSubstitutions", {}).items():
            if not isinstance(value, dict):
                yield f"DefinitionSubstitutions.{name} is the literal {value!r}"
    reading = {
        "AWS::Serverless::Function": ("Role", "LoggingConfig.LogGroup", "Environment.Variables.BUCKET_NAME"),
        "AWS::Glue::Job": ("Role", "Command.ScriptLocation", "DefaultArguments.--data_uri", "DefaultArguments.--table"),
        "AWS::Glue::Crawler": ("Role",),
        "AWS::Athena::NamedQuery": ("Database", "WorkGroup"),
        "AWS::Athena::WorkGroup": ("WorkGroupConfiguration.ResultConfiguration.OutputLocation",),
        "AWS::Glue::Table": ("DatabaseName", "TableInput.StorageDescriptor.Location"),
        "AWS::Scheduler::Schedule": ("Target.Arn", "Target.RoleArn"),
        "AWS::S3::BucketPolicy": ("Bucket",),
        "AWS::SNS::Subscription": ("TopicArn",),
    }
    for kind, paths in reading.items():
        for name, properties in project.of_type(kind).items():
            for path in paths:
                value = properties
                for key in path.split("."):
                    value = value.get(key) if isinstance(value, dict) else None
                if isinstance(value, str):
                    yield f"{name}: {path} is the literal {value!r}"
