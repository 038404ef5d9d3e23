"""The KMS permissions of a request: the service calls KMS on behalf of the caller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.s3.models import FakeDeleteMarker, s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local_aws.core.world import ACCOUNT
from local_aws.iam.keys import DECRYPT, ENCRYPT, is_customers, key_arn
from local_aws.iam.s3 import Permission

_READS = ("s3:GetObject", "s3:GetObjectVersion")
_WRITE = "s3:PutObject"
_KMS_ALGORITHMS = ("aws:kms", "aws:kms:dsse")
_ALGORITHM = "x-amz-server-side-encryption"
_KEY = f"{_ALGORITHM}-aws-kms-key-id"


def _key_use(
    identifier: str | None, region: str, service: str, actions: tuple[str, ...], name: str, value: str
) -> list[Permission]:
    """The actions on a key by a service with one encryption context entry; none for AWS managed keys."""
    if not is_customers(identifier):
        return []
    context = {
        "kms:viaservice": f"{service}.{region}.amazonaws.com",
        "kms:calleraccount": ACCOUNT,
        f"kms:encryptioncontext:{name}": value,
        "aws:viaawsservice": "true",
    }
    arn = key_arn(str(identifier), region)
    return [Permission(action, arn, context) for action in actions]


def of_s3(
    needed: Iterable[Permission], method: str, region: str, headers: Mapping[str, str], upload: str | None
) -> list[Permission]:
    """The KMS permissions of a request to S3 that needs these permissions.

    `headers` has lower-case names; `upload` is the id of the request's multipart upload.
    """
    if method == "HEAD" and headers.get("x-amz-checksum-mode", "").upper() != "ENABLED":
        return []  # metadata is not encrypted, checksums are
    if method == "POST" and upload:
        return []  # completion of an upload: its parts were checked
    return [use for one in needed for use in _of_object(one, region, headers, upload)]


def of_object(action: str, arn: str, region: str, key: str | None = None) -> list[Permission]:
    """The KMS permissions of a service that reads or writes an object on behalf of a caller.

    `key` is the key for writes if it is not the bucket's.
    """
    headers = {_ALGORITHM: "aws:kms", _KEY: key} if key else {}
    return _of_object(Permission(action, arn), region, headers, None)


def _of_object(wanted: Permission, region: str, headers: Mapping[str, str], upload: str | None) -> list[Permission]:
    """The KMS permissions for an object, by its stored encryption for a read and its new encryption for a write."""
    name, _, key = wanted.resource.removeprefix("arn:aws:s3:::").partition("/")
    bucket = s3_backends[ACCOUNT]["aws"].buckets.get(name)
    if bucket is None or wanted.action not in (*_READS, _WRITE):
        return []
    if wanted.action in _READS:
        kept = kept_object(bucket, key, wanted.context.get("s3:versionid"))
        algorithm, identifier, by_bucket = (
            (kept.encryption, kept.kms_key_id, kept.bucket_key_enabled) if kept else ("", None, None)
        )
    else:
        algorithm, identifier, by_bucket = _encryption_to_be(bucket, headers, upload)
    if algorithm not in _KMS_ALGORITHMS:
        return []
    encrypted = f"arn:aws:s3:::{name}" if str(by_bucket).lower() == "true" else wanted.resource
    # A multipart upload creates its data key at its start; each part needs Decrypt.
    action = DECRYPT if wanted.action in _READS or upload else ENCRYPT
    return _key_use(identifier, region, "s3", (action,), "aws:s3:arn", encrypted)


def kept_object(bucket: Any, key: str, version: str | None) -> Any:
    """An object of moto, or a version of it; None where it does not exist or was deleted."""
    if version is None:
        newest = bucket.keys.get(key)
        return None if isinstance(newest, FakeDeleteMarker) else newest
    return next((kept for kept in bucket.keys.getlist(key, []) if str(kept.version_id) == version), None)


def _encryption_to_be(bucket: Any, headers: Mapping[str, str], upload: str | None) -> tuple[Any, Any, Any]:
    """Algorithm, key, and use of a bucket key, for an object to be written."""
    begun = bucket.multiparts.get(upload)
    rule = (bucket.encryption or {}).get("Rule", {})
    default = rule.get("ApplyServerSideEncryptionByDefault", {})
    return (
        headers.get(_ALGORITHM) or getattr(begun, "sse_encryption", None) or default.get("SSEAlgorithm"),
        headers.get(_KEY) or getattr(begun, "kms_key_id", None) or default.get("KMSMasterKeyID"),
        headers.get(f"{_ALGORITHM}-bucket-key-enabled") or rule.get("BucketKeyEnabled"),
    )


_SENDS = {"sns:Publish", "sns:PublishBatch", "sqs:SendMessage", "sqs:SendMessageBatch"}
_RECEIVES = {"sqs:ReceiveMessage"}
_SECRET_READS = {"secretsmanager:GetSecretValue"}
_SECRET_WRITES = {"secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret"}


def of_call(action: str, resource: str, region: str) -> list[Permission]:
    """The KMS permissions of an action of SNS, SQS or Secrets Manager on a resource (its ARN)."""
    service = action.split(":")[0]
    if action in _SENDS | _RECEIVES:
        actions = (DECRYPT,) if action in _RECEIVES else (ENCRYPT, DECRYPT)
        name = "aws:sns:topicarn" if service == "sns" else "aws:sqs:arn"
        return _key_use(_key_of(service, resource, region), region, service, actions, name, resource)
    if action in _SECRET_READS | _SECRET_WRITES:
        actions = (DECRYPT,) if action in _SECRET_READS else (ENCRYPT, DECRYPT)
        return _key_use(_key_of(service, resource, region), region, service, actions, "secretarn", resource)
    return []


def _key_of(service: str, resource: str, region: str) -> str | None:
    """The KMS key of a topic, a queue or a secret."""
    found: Any = None
    if service == "sns":
        found = sns_backends[ACCOUNT][region].topics.get(resource)
        return str(found.kms_master_key_id) if found is not None and found.kms_master_key_id else None
    if service == "sqs":
        found = sqs_backends[ACCOUNT][region].queues.get(resource.rsplit(":", 1)[-1])
        return str(found.kms_master_key_id) if found is not None and found.kms_master_key_id else None
    found = next(
        (one for one in secretsmanager_backends[ACCOUNT][region].secrets.values() if one.arn == resource), None
    )
    return getattr(found, "kms_key_id", None)
