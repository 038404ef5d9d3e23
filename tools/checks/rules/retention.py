"""What is kept, what goes by age, and what outlives the stack."""

from __future__ import annotations

from collections.abc import Iterable

from tools.checks.project import Project
from tools.checks.rules.registry import rule

RETAINED = ("DataBucket", "DataKey")
SCRATCH = {"tmp/", "athena-results/"}
"""Prefixes whose objects go by age; nothing else does."""


@rule
def data_outlives_the_stack(project: Project) -> Iterable[str]:
    """Deleting a stack keeps the data and the key to it; a first deployment that fails leaves neither behind."""
    for name in RETAINED:
        resource = project.template["Resources"].get(name, {})
        if resource.get("DeletionPolicy") != "RetainExceptOnCreate":
            yield f"{name}: DeletionPolicy is {resource.get('DeletionPolicy')}, expected RetainExceptOnCreate"
        if resource.get("UpdateReplacePolicy") != "Retain":
            yield f"{name}: UpdateReplacePolicy is {resource.get('UpdateReplacePolicy')}, expected Retain"
    for name, resource in project.template["Resources"].items():
        if name not in RETAINED and resource.get("DeletionPolicy", "Delete") != "Delete":
            yield f"{name}: would be left behind, and in the way of the next stack"


@rule
def logs_end_by_age(project: Project) -> Iterable[str]:
    """A log group without retention is paid for as long as the account lives."""
    for name, group in project.of_type("AWS::Logs::LogGroup").items():
        if group.get("RetentionInDays") != {"Ref": "LogRetentionDays"}:
            yield f"{name}: RetentionInDays must be the parameter LogRetentionDays"
    for name, function in project.of_type("AWS::Serverless::Function").items():
        group = function.get("LoggingConfig", {}).get("LogGroup", {})
        if not isinstance(group, dict) or group.get("Ref") not in project.of_type("AWS::Logs::LogGroup"):
            yield f"{name}: LoggingConfig must name a log group of the stack; Lambda's own never ends"


@rule
def scratch_goes_and_data_stays(project: Project) -> Iterable[str]:
    """Scratch, unfinished uploads and replaced versions go by age; a rule on anything else would delete the table."""
    for name, bucket in project.of_type("AWS::S3::Bucket").items():
        rules = [
            each
            for each in bucket.get("LifecycleConfiguration", {}).get("Rules", [])
            if each.get("Status") == "Enabled"
        ]
        expiring = {
            each.get("Prefix", "everything") for each in rules if {"ExpirationInDays", "ExpirationDate"} & set(each)
        }
        for prefix in sorted(SCRATCH - expiring):
            yield f"{name}: {prefix} does not expire"
        for prefix in sorted(expiring - SCRATCH):
            yield f"{name}: {prefix} expires by age"
        if not any(
            each.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation", 99) <= 7 for each in rules
        ):
            yield f"{name}: unfinished uploads are not aborted within a week, and paid for unseen"
        versioned = bucket.get("VersioningConfiguration", {}).get("Status") == "Enabled"
        replaced = any(0 < each.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays", 0) <= 30 for each in rules)
        if versioned and not replaced:
            yield f"{name}: keeps every replaced version for ever"


@rule
def executions_are_logged_and_traced(project: Project) -> Iterable[str]:
    """Without its log an execution that is older than 90 days never was."""
    for name, machine in project.of_type("AWS::Serverless::StateMachine").items():
        logging = machine.get("Logging", {})
        if logging.get("Level") != "ALL" or not logging.get("Destinations"):
            yield f"{name}: Logging must have Level ALL and a destination"
        if machine.get("Tracing") != {"Enabled": True}:
            yield f"{name}: Tracing is not enabled"
        if machine.get("Type") != "STANDARD":
            yield f"{name}: Type must be STANDARD: an EXPRESS run ends after five minutes"
    for name in ("DownloadFunction", "ReportFunction"):
        if project.of_type("AWS::Serverless::Function").get(name, {}).get("Tracing") != "Active":
            yield f"{name}: Tracing is not Active"
