"""What a person who deploys decides, and what she is told."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tests.checks.project import Project
from tests.checks.rules.registry import rule

OUTPUTS = {
    *("DataBucketName", "StateMachineArn", "DatabaseName", "WorkGroupName", "DownloadFunctionName"),
    *("ConvertParquetJobName", "GlueTransformJobName", "CrawlerName", "AlarmTopicArn", "ScheduleName"),
}
"""Outputs that users and docs rely on: docs/design.md."""


@rule
def parameters_are_described_and_bounded(project: Project) -> Iterable[str]:
    """A wrong value is to be refused by the template, before a resource is made."""
    for name, parameter in project.parameters.items():
        if not parameter.get("Description"):
            yield f"{name} has no Description"
        if "Default" not in parameter:
            yield f"{name} has no Default: sam deploy without questions would fail"
        kind = parameter.get("Type")
        if kind == "Number" and not {"MinValue", "MaxValue"} <= set(parameter) and "AllowedValues" not in parameter:
            yield f"{name} is a number without MinValue and MaxValue, or AllowedValues"
        if kind == "String" and not {"AllowedPattern", "AllowedValues"} & set(parameter):
            yield f"{name} is a text without AllowedPattern or AllowedValues"
        pattern = parameter.get("AllowedPattern")
        # CloudFormation matches the whole value only where the pattern says so.
        if pattern is not None and not re.fullmatch(r"\^.*\$", pattern):
            yield f"{name}: AllowedPattern must be anchored with ^ and $"
        elif pattern is not None and not re.fullmatch(pattern, str(parameter.get("Default", ""))):
            yield f"{name}: the default {parameter.get('Default')!r} does not match AllowedPattern"


@rule
def parameters_are_grouped(project: Project) -> Iterable[str]:
    """The console shows parameters by these groups, and what no group names in a heap at the end."""
    groups = project.template.get("Metadata", {}).get("AWS::CloudFormation::Interface", {}).get("ParameterGroups", [])
    grouped = [name for group in groups for name in group.get("Parameters", [])]
    for name in sorted(set(grouped) ^ set(project.parameters)):
        yield f"{name} is in {'no group' if name in project.parameters else 'a group and is no parameter'}"
    for name in sorted({name for name in grouped if grouped.count(name) > 1}):
        yield f"{name} is in two groups"
    for group in groups:
        if not group.get("Label", {}).get("default"):
            yield f"the group of {', '.join(group.get('Parameters', []))} has no label"


@rule
def outputs_are_those_of_the_design(project: Project) -> Iterable[str]:
    """Outputs are what users meet: scripts and docs take names from them."""
    outputs = project.template.get("Outputs", {})
    for name in sorted(OUTPUTS - set(outputs)):
        yield f"the output {name} is missing"
    for name, output in outputs.items():
        if not output.get("Description"):
            yield f"the output {name} has no Description"
        if "Export" in output:
            yield f"the output {name} is exported: two stacks could not live side by side"
