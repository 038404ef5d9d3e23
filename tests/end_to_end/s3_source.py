"""A prefix of S3 as a stack's source, in a bucket with its own key, and what the function's role may do with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from local_aws.iam.record import Use

from .conftest import World

BUCKET, PREFIX = "recordings", "studies/2026/mhealth"
URI = f"s3://{BUCKET}/{PREFIX}"
SIDS = ("ListSource", "ReadSource", "DecryptSource")
KAGGLES = ("ReadKaggleSecret", "DecryptKaggleSecret")


def create(world: World, dataset: Path) -> None:
    """Create the bucket, with the files of `dataset` below the prefix and one object beside it."""
    s3, key = world.client("s3"), world.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket=BUCKET)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    for path in dataset.iterdir():
        put(world, path)
    s3.put_object(Bucket=BUCKET, Key="studies/2026/mhealth-other/mHealth_subject9.log", Body=b"beside it")


def put(world: World, path: Path) -> None:
    """Put a file below the prefix."""
    world.client("s3").put_object(Bucket=BUCKET, Key=f"{PREFIX}/{path.name}", Body=path.read_bytes())


def leave_out(world: World, path: Path) -> None:
    """Delete the object of a file."""
    world.client("s3").delete_object(Bucket=BUCKET, Key=f"{PREFIX}/{path.name}")


def policy(world: World) -> dict[str, Any]:
    """The policy of the function's role."""
    named = {"RoleName": world.resources["DownloadRole"], "PolicyName": "download"}
    document: dict[str, Any] = world.client("iam").get_role_policy(**named)["PolicyDocument"]
    return document


def beside(use: Use) -> Iterator[Use]:
    """The same request for objects outside of the source."""
    context = dict(use.context)
    if use.action == "s3:ListBucket":
        for prefix in ("", "studies/", "studies/2026/mhealth", "studies/2026/mhealth-other/"):
            yield replace(use, context=tuple({**context, "s3:prefix": prefix}.items()))
    if use.action == "s3:GetObject":
        yield replace(use, resource=use.resource.replace("mhealth/", "mhealth-other/"))
        yield replace(use, resource=use.resource.replace(BUCKET, "other"))
        yield replace(use, action="s3:PutObject")
        yield replace(use, action="s3:DeleteObject")
    if use.action == "kms:Decrypt":
        arn = "kms:encryptioncontext:aws:s3:arn"
        yield replace(use, context=tuple({**context, arn: context[arn].replace("mhealth/", "mhealth-other/")}.items()))
        yield replace(use, context=tuple({**context, "kms:viaservice": "sqs.us-east-1.amazonaws.com"}.items()))
