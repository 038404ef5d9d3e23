"""Everything at rest is encrypted with the stack's one key, and travels encrypted."""

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
"""Where each type of resource names its key."""

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
"""What must stand beside the key for it to be used."""

SERVED_BY_THE_KEY = {
    "logs": {"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"},
    # An alarm that finds its topic encrypted with a key it may not use arrives nowhere, and says so to nobody.
    "cloudwatch": {"kms:Decrypt", "kms:GenerateDataKey"},
}
"""Services that use the key in their own name, not in their caller's: the key's policy has to allow them."""

PUBLIC_ACCESS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def at(properties: Any, path: str) -> Any:
    """What lies at a dotted path, None where there is nothing."""
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
    """One key, whose policy says who may read: a store with another key, or AWS's own, is outside of that."""
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
def jobs_write_where_the_key_is(project: Project) -> Iterable[str]:
    """Nothing of Glue's encrypts what jobs write (docs/decisions/0007): the bucket and the log groups do it."""
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
            yield f"{name}: bookmarks would be kept outside of the bucket, without the key"
        if "SecurityConfiguration" in job:
            yield f"{name}: logs elsewhere under a security configuration, and its role needs more rights"


@rule
def key_rotates_and_serves(project: Project) -> Iterable[str]:
    """The key changes by itself, and the services that use it in their own name may."""
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
            yield f"the policy of {name} does not let the account's policies decide: nobody could change it"


@rule
def buckets_are_private(project: Project) -> Iterable[str]:
    """No object of this bucket is for the public, whatever an ACL or a policy says later."""
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
    """Who calls without TLS is refused, whatever else allows the call."""
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
