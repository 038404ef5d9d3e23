"""Rules on encryption: at rest with the stack's one key, and in transit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tools.checks.project import Project, as_list
from tools.checks.rules.policies import requires_encrypted_transport, resource_policies, service_principals, statements
from tools.checks.rules.registry import rule

KEY = {"Fn::GetAtt": ["DataKey", "Arn"]}

PLACES = {
    "AWS::S3::Bucket": (
        "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.KMSMasterKeyID",
    ),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::Athena::WorkGroup": ("WorkGroupConfiguration.ResultConfiguration.EncryptionConfiguration.KmsKey",),
}
"""The properties that name the key, by type of resource."""

MODES = {
    (
        "AWS::S3::Bucket",
        "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.SSEAlgorithm",
    ): "aws:kms",
    ("AWS::S3::Bucket", "BucketEncryption.ServerSideEncryptionConfiguration.0.BucketKeyEnabled"): True,
    (
        "AWS::Athena::WorkGroup",
        "WorkGroupConfiguration.ResultConfiguration.EncryptionConfiguration.EncryptionOption",
    ): "SSE_KMS",
    ("AWS::Athena::WorkGroup", "WorkGroupConfiguration.EnforceWorkGroupConfiguration"): True,
}
"""The properties that must be set for the key to be used."""

SERVED_BY_THE_KEY = {
    "logs": {"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"},
    # An alarm without permission on the topic's key cannot publish, and reports no error.
    "cloudwatch": {"kms:Decrypt", "kms:GenerateDataKey"},
}
"""Services that use the key as themselves, not as their caller: the key policy must allow them."""

PUBLIC_ACCESS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def at(properties: Any, path: str) -> Any:
    """The value at a dotted path, None where there is none."""
    for key in path.split("."):
        if isinstance(properties, list):
            properties = properties[int(key)] if int(key) < len(properties) else None
        elif isinstance(properties, dict):
            properties = properties.get(key)
        else:
            return None
    return properties


@rule
def everything_is_encrypted_with_the_key(project: Project) -> Iterable[str]:
    """The policy of one key controls all access: no store may use another key or AWS's own."""
    for kind, paths in PLACES.items():
        resources = project.of_type(kind)
        if not resources:
            yield f"there is no {kind}"
        for name, properties in resources.items():
            for path in paths:
                if at(properties, path) != KEY:
                    yield f"{name}: {path} is {at(properties, path)}, expected the key DataKey"
    for (kind, path), expected in MODES.items():
        for name, properties in project.of_type(kind).items():
            if at(properties, path) != expected:
                yield f"{name}: {path} is {at(properties, path)}, expected {expected}"


@rule
def jobs_write_to_encrypted_targets(project: Project) -> Iterable[str]:
    """The bucket and the log groups encrypt the jobs' output, not Glue (docs/decisions/0007)."""
    groups = [group.get("LogGroupName") for group in project.of_type("AWS::Logs::LogGroup").values()]
    for name, job in project.of_type("AWS::Glue::Job").items():
        arguments = job.get("DefaultArguments", {})
        prefix = arguments.get("--custom-logGroup-prefix", {})
        for kind in ("output", "error"):
            written = {"Fn::Sub": f"{prefix.get('Fn::Sub') if isinstance(prefix, dict) else prefix}/{kind}"}
            if written not in groups:
                yield f"{name}: logs to {written['Fn::Sub']}, which is no log group of the stack"
        if "${DataBucket}" not in str(arguments.get("--data_uri")) or "${DataBucket}" not in str(
            arguments.get("--TempDir")
        ):
            yield f"{name}: must write to the bucket of the stack alone"
        if arguments.get("--job-bookmark-option", "job-bookmark-disable") != "job-bookmark-disable":
            yield f"{name}: bookmarks would be stored outside of the bucket, without the key"
        if "SecurityConfiguration" in job:
            yield f"{name}: a security configuration changes the log groups and needs more permissions"


@rule
def key_rotates_and_allows_services(project: Project) -> Iterable[str]:
    """The key rotates automatically, and its policy allows the services that use it as themselves."""
    keys = project.of_type("AWS::KMS::Key")
    if set(keys) != {"DataKey"}:
        yield f"expected one key, DataKey; found {', '.join(sorted(keys)) or 'none'}"
    for name, key in keys.items():
        if key.get("EnableKeyRotation") is not True:
            yield f"{name} does not rotate"
        allowing = [each for each in statements(key.get("KeyPolicy", {})) if each.get("Effect") == "Allow"]
        for service, needed in SERVED_BY_THE_KEY.items():
            given = {
                action
                for statement in allowing
                if any(each.startswith(f"{service}.") for each in service_principals(statement))
                for action in as_list(statement["Action"])
            }
            for action in sorted(needed - given):
                yield f"the policy of {name} does not allow {service} {action}"
        if not any(":root" in str(statement.get("Principal")) for statement in allowing):
            yield f"the policy of {name} does not allow the account's IAM policies: nobody could change it"


@rule
def buckets_are_private(project: Project) -> Iterable[str]:
    """No object of this bucket may become public by an ACL or a policy."""
    for name, bucket in project.of_type("AWS::S3::Bucket").items():
        blocked = bucket.get("PublicAccessBlockConfiguration", {})
        for key in PUBLIC_ACCESS:
            if blocked.get(key) is not True:
                yield f"{name}: PublicAccessBlockConfiguration lacks {key}"
        if bucket.get("OwnershipControls") != {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}:
            yield f"{name}: OwnershipControls must be BucketOwnerEnforced, or ACLs count"
        if "AccessControl" in bucket or "WebsiteConfiguration" in bucket:
            yield f"{name}: no AccessControl, no website"


@rule
def transport_is_encrypted(project: Project) -> Iterable[str]:
    """Calls without TLS must be denied."""
    found = {kind for _, kind, each in resource_policies(project) if requires_encrypted_transport(each, _DENIED[kind])}
    for kind, resource in _POLICIES.items():
        if project.of_type(resource) and kind not in found:
            yield f"no {kind} denies calls without aws:SecureTransport"


_POLICIES = {
    "AWS::S3::BucketPolicy": "AWS::S3::Bucket",
    "AWS::SNS::TopicPolicy": "AWS::SNS::Topic",
    "AWS::SQS::QueuePolicy": "AWS::SQS::Queue",
}
_DENIED = {
    "AWS::S3::BucketPolicy": {"s3:*"},
    "AWS::SNS::TopicPolicy": {"sns:Publish"},
    "AWS::SQS::QueuePolicy": {"sqs:*"},
    "AWS::KMS::Key": set[str](),
}
