"""The retained data of a stack: its bucket and the bucket's key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from mhealth_ops.operations.errors import BucketNotOwnedByStack, DeletionFailed
from mhealth_ops.operations.stacks import Stack

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

STACK_NAME_TAG, STACK_ID_TAG = "aws:cloudformation:stack-name", "aws:cloudformation:stack-id"
"""The tags that CloudFormation sets on its buckets; nobody else can set them."""

KEY_TAG = "stack-id"
"""The tag that the template sets on the key: CloudFormation does not tag keys."""

KEY_DAYS = 30
"""The waiting period of a key deletion in days: KMS's longest."""

ROUNDS = 3
"""How often a bucket may be found not empty after its last page, if something writes meanwhile."""


@dataclass(frozen=True)
class Data:
    """The data of a stack: its bucket, and its key if it has the stack's tag."""

    bucket: str
    key: str | None


@dataclass
class Removed:
    """The counts of deleted objects of a bucket."""

    versions: int = 0
    markers: int = 0
    uploads: int = 0

    def __str__(self) -> str:
        """The counts as text."""
        return (
            f"{self.versions:,} object versions, {self.markers:,} delete markers, {self.uploads:,} unfinished uploads"
        )


def of_stack(stack: Stack) -> Data | None:
    """The data of an existing stack, None if it has no bucket."""
    bucket, key = stack.resources.get("DataBucket"), stack.resources.get("DataKey")
    return Data(bucket.physical_id, key.physical_id if key else None) if bucket else None


def require_owned_by(session: boto3.Session, bucket: str, name: str, stack_id: str | None) -> str:
    """Require that CloudFormation created the bucket for the stack; return the stack's id.

    `stack_id` None accepts any stack of that name, for a deleted one. Raises BucketNotOwnedByStack.
    """
    try:
        tags = session.client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NoSuchBucket":
            raise BucketNotOwnedByStack(f"There is no bucket {bucket}: nothing was deleted.") from None
        if code != "NoSuchTagSet":
            raise
        tags = []
    found = {tag["Key"]: tag["Value"] for tag in tags}
    owner, owner_id = found.get(STACK_NAME_TAG), found.get(STACK_ID_TAG)
    if owner_id is None or owner != name or stack_id not in (None, owner_id):
        whose = f"stack {owner} ({owner_id})" if owner else "no stack"
        wanted = f"stack {name}" + (f" ({stack_id})" if stack_id else "")
        raise BucketNotOwnedByStack(f"The bucket {bucket} belongs to {whose}, not to {wanted}: nothing was deleted.")
    return owner_id


def key_of(session: boto3.Session, bucket: str, stack_id: str) -> str | None:
    """The key of the bucket's encryption, if it has the stack's tag."""
    try:
        rules = session.client("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        key = rules[0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
        tags = session.client("kms").list_resource_tags(KeyId=key)["Tags"]
    except (ClientError, LookupError):
        return None  # kept: its owner is unknown
    return key if {"TagKey": KEY_TAG, "TagValue": stack_id} in tags else None


def remove(session: boto3.Session, data: Data, tell: Callable[[str], None]) -> None:
    """Empty and delete the bucket, then schedule the deletion of the key. Raises DeletionFailed."""
    s3 = session.client("s3")
    removed = empty(s3, data.bucket)
    tell(f"emptied {data.bucket}: {removed}")
    s3.delete_bucket(Bucket=data.bucket)
    tell(f"deleted {data.bucket}")
    if data.key is None:
        tell("its key is kept: its owner is unknown")
        return
    gone = _schedule_deletion(session, data.key)
    tell(
        f"the key {data.key} will be deleted on {gone:%Y-%m-%d}; until then it can be kept: "
        f"aws kms cancel-key-deletion --key-id {data.key}"
    )


def _schedule_deletion(session: boto3.Session, key: str) -> datetime:
    kms = session.client("kms")
    described = kms.describe_key(KeyId=key)["KeyMetadata"]
    if described["KeyState"] != "PendingDeletion":
        # By its id: an ARN works on AWS, but not on moto.
        described = kms.schedule_key_deletion(KeyId=described["KeyId"], PendingWindowInDays=KEY_DAYS)
    gone: datetime = described["DeletionDate"]
    return gone


def empty(s3: S3Client, bucket: str, *, page: int = 1000) -> Removed:
    """Delete all versions, delete markers and incomplete uploads of the bucket, `page` at a time.

    Raises DeletionFailed if S3 does not delete objects, or if something keeps writing to the bucket.
    """
    removed = Removed()
    # Always the first page, as its objects are deleted. There is one last page, unless something writes meanwhile.
    for remove_page in (_remove_versions, _remove_uploads):
        last_pages = 0
        while (more := remove_page(s3, bucket, page, removed)) is not None:
            last_pages += not more
            if last_pages > ROUNDS:
                raise DeletionFailed(f"Something keeps writing to {bucket}. Stop it and try again; so far: {removed}.")
    return removed


def _remove_versions(s3: S3Client, bucket: str, page: int, removed: Removed) -> bool | None:
    """Delete the first page of versions and markers; return whether there are more, None if there were none."""
    found = s3.list_object_versions(Bucket=bucket, MaxKeys=page)
    versions, markers = found.get("Versions", []), found.get("DeleteMarkers", [])
    objects: list[ObjectIdentifierTypeDef] = [
        {"Key": each["Key"], "VersionId": each["VersionId"]} for each in (*versions, *markers)
    ]
    if not objects:
        return None
    errors = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True}).get("Errors", [])
    if errors:
        first = f"{errors[0].get('Key')}: {errors[0].get('Code')} {errors[0].get('Message')}"
        raise DeletionFailed(f"S3 did not delete {len(errors)} objects of {bucket}, among them {first}")
    removed.versions += len(versions)
    removed.markers += len(markers)
    return found["IsTruncated"]


def _remove_uploads(s3: S3Client, bucket: str, page: int, removed: Removed) -> bool | None:
    """Abort the first page of incomplete uploads; return as `_versions` does."""
    found = s3.list_multipart_uploads(Bucket=bucket, MaxUploads=page)
    uploads = found.get("Uploads", [])
    for upload in uploads:
        s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    removed.uploads += len(uploads)
    return found["IsTruncated"] if uploads else None
