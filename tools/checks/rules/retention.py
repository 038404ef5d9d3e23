"""Rules on retention: objects that are kept, objects that expire, resources that outlive the stack."""

from __future__ import annotations

from collections.abc import Iterable

from tools.checks.project import Project
from tools.checks.rules.registry import rule

RETAINED = ("DataBucket", "DataKey")
SCRATCH = {"tmp/", "athena-results/"}
"""The prefixes whose objects expire."""


@rule
def data_outlives_the_stack(project: Project) -> Iterable[str]:
    """Deleting a stack retains the data and its key; a failed first deployment retains neither."""
    for name in RETAINED:
        resource = project.template["Resources"].get(name, {})
        if resource.get("DeletionPolicy") != "RetainExceptOnCreate":
            yield f"{name}: DeletionPolicy is {resource.get('DeletionPolicy')}, expected RetainExceptOnCreate"
        if resource.get("UpdateReplacePolicy") != "Retain":
            yield f"{name}: UpdateReplacePolicy is {resource.get('UpdateReplacePolicy')}, expected Retain"
    for name, resource in project.template["Resources"].items():
        if name not in RETAINED and resource.get("DeletionPolicy", "Delete") != "Delete":
            yield f"{name}: would be retained, and block the next stack"


@rule
def logs_have_retention(project: Project) -> Iterable[str]:
    """A log group without retention is billed for ever."""
    for name, group in project.of_type("AWS::Logs::LogGroup").items():
        if group.get("RetentionInDays") != {"Ref": "LogRetentionDays"}:
            yield f"{name}: RetentionInDays must be the parameter LogRetentionDays"
    for name, function in project.of_type("AWS::Serverless::Function").items():
        group = function.get("LoggingConfig", {}).get("LogGroup", {})
        if not isinstance(group, dict) or group.get("Ref") not in project.of_type("AWS::Logs::LogGroup"):
            yield f"{name}: LoggingConfig must name a log group of the stack; Lambda's default group has no retention"


@rule
def only_temporary_objects_expire(project: Project) -> Iterable[str]:
    """Temporary objects, incomplete uploads and noncurrent versions expire; any other rule would delete the table."""
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
            yield f"{name}: incomplete uploads are not aborted within a week; they are billed"
        versioned = bucket.get("VersioningConfiguration", {}).get("Status") == "Enabled"
        replaced = any(0 < each.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays", 0) <= 30 for each in rules)
        if versioned and not replaced:
            yield f"{name}: noncurrent versions never expire"


@rule
def executions_are_logged_and_traced(project: Project) -> Iterable[str]:
    """Step Functions deletes the history of an execution after 90 days; the log remains."""
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
