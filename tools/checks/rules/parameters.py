"""Rules on parameters and outputs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tools.checks.project import Project
from tools.checks.rules.registry import rule

OUTPUTS = {
    *("DataBucketName", "StateMachineArn", "DatabaseName", "WorkGroupName", "AnalystPolicyArn"),
    *(
        "DownloadFunctionName",
        "ConvertParquetJobName",
        "GlueTransformJobName",
        "CrawlerName",
        "AlarmTopicArn",
        "ScheduleName",
    ),
}
"""Outputs that users and docs depend on: docs/design.md."""


@rule
def parameters_are_described_and_bounded(project: Project) -> Iterable[str]:
    """The template must reject an invalid value before a resource is created."""
    for name, parameter in project.parameters.items():
        if not parameter.get("Description"):
            yield f"{name} has no Description"
        if "Default" not in parameter:
            yield f"{name} has no Default: sam deploy without prompts would fail"
        kind = parameter.get("Type")
        if kind not in ("Number", "String"):
            yield f"{name} is of the type {kind}: expected Number or String"
        if kind == "Number" and not {"MinValue", "MaxValue"} <= set(parameter) and "AllowedValues" not in parameter:
            yield f"{name} is a number without MinValue and MaxValue, or AllowedValues"
        if kind == "String" and not {"AllowedPattern", "AllowedValues"} & set(parameter):
            yield f"{name} is a String without AllowedPattern or AllowedValues"
        pattern = parameter.get("AllowedPattern")
        # CloudFormation matches the whole value only if the pattern is anchored.
        if pattern is not None and not re.fullmatch(r"\^.*\$", pattern):
            yield f"{name}: AllowedPattern must be anchored with ^ and $"
        elif pattern is not None and not re.fullmatch(pattern, str(parameter.get("Default", ""))):
            yield f"{name}: the default {parameter.get('Default')!r} does not match AllowedPattern"


@rule
def the_default_source_is_named_once(project: Project) -> Iterable[str]:
    """The rule OneSource has to take a SourceUri that nobody gave for none; a template can't refer to a default."""
    default = project.parameters.get("SourceUri", {}).get("Default")
    for assertion in project.template.get("Rules", {}).get("OneSource", {}).get("Assertions", []):
        if assertion.get("Assert") != {"Fn::Equals": [{"Ref": "SourceUri"}, default]}:
            yield f"OneSource compares SourceUri with something else than its default {default}"


@rule
def parameters_are_grouped(project: Project) -> Iterable[str]:
    """The console shows parameters by these groups; parameters without a group are at the end, unordered."""
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
def outputs_match_the_design(project: Project) -> Iterable[str]:
    """Scripts and docs use the names in the outputs."""
    outputs = project.template.get("Outputs", {})
    for name in sorted(OUTPUTS - set(outputs)):
        yield f"the output {name} is missing"
    for name, output in outputs.items():
        if not output.get("Description"):
            yield f"the output {name} has no Description"
        if "Export" in output:
            yield f"the output {name} is exported: two stacks could not coexist"


EXAMPLES = {
    "SourceUri": (
        ("kaggle://a/b-c_1", "kaggle://a/b/versions/12", "s3://my.bucket-1/a", "s3://bucket/a/b.c/d=1/e_+@-"),
        (
            *("kaggle://a", "kaggle://a/b/c", "kaggle://a/b/versions/0", "https://kaggle.com/a/b", "a/b", ""),
            *("s3://bucket", "s3://bucket/", "s3://bucket/a/", "s3://bucket//a", "s3://bucket/..", "s3://b/a"),
            *("s3://Bucket/a", "s3://bucket/a*", "s3://bucket/${a}", "s3://bucket/" + "a/" * 8 + "a"),
        ),
    ),
    "DatasetHandle": (
        ("", "a/b-c_1", "a/b/versions/12"),
        ("a", "a/b/c", "a/b/versions/0", "https://kaggle.com/a/b"),
    ),
    "KaggleSecretArn": (
        ("", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:kaggle-AbC123"),
        ("kaggle", "arn:aws:ssm:eu-west-1:123456789012:secret:kaggle", "arn:aws:secretsmanager:eu-west-1:1:secret:k"),
    ),
    "ScheduleExpression": (
        ("cron(0 8 * * ? *)", "rate(1 day)"),
        ("at(2026-11-24T08:00:00)", "0 8 * * *", "", "cron()"),
    ),
    "ScheduleTimeZone": (("Asia/Tokyo", "UTC", "Etc/GMT+9"), ("", "Asia Tokyo")),
    "RecordingStart": (("2014-01-01T00:00:00Z",), ("2014-01-01", "2014-01-01T00:00:00", "2014-01-01T00:00:00+09:00")),
    "AlarmEmail": (("", "you@example.org"), ("you", "you@example", "a@b.c d@e.f", "a@b@c.d")),
}
"""Parameter to values that its pattern accepts, and values that it rejects."""


@rule
def patterns_match_their_examples(project: Project) -> Iterable[str]:
    """A pattern must accept valid values and reject invalid ones, which would fail the run instead."""
    for name, parameter in project.parameters.items():
        pattern = parameter.get("AllowedPattern")
        if (pattern is None) != (name not in EXAMPLES):
            yield f"{name}: tools/checks/rules/parameters.py must have examples for a pattern, and only then"
            continue
        if pattern is None:
            continue
        taken, refused = EXAMPLES[name]
        for value in taken:
            if not re.fullmatch(pattern, value):
                yield f"{name}: AllowedPattern refuses {value!r}"
        for value in refused:
            if re.fullmatch(pattern, value):
                yield f"{name}: AllowedPattern takes {value!r}"
        # CloudFormation's default message is the pattern, which is hard to read.
        if name in (
            "SourceUri",
            "DatasetHandle",
            "KaggleSecretArn",
            "RecordingStart",
            "AlarmEmail",
        ) and not parameter.get("ConstraintDescription"):
            yield f"{name} has no ConstraintDescription"
