"""The permissions of a request to S3."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from local_aws.iam.resources import UnsupportedActionError

BUCKET_READS = {
    "location": "GetBucketLocation",
    "uploads": "ListBucketMultipartUploads",
    "versions": "ListBucketVersions",
    "versioning": "GetBucketVersioning",
    "policy": "GetBucketPolicy",
    "lifecycle": "GetLifecycleConfiguration",
    "encryption": "GetEncryptionConfiguration",
    "tagging": "GetBucketTagging",
    "acl": "GetBucketAcl",
    "publicAccessBlock": "GetBucketPublicAccessBlock",
    "ownershipControls": "GetBucketOwnershipControls",
}
_LISTING = {"list-type", "prefix", "delimiter", "max-keys", "continuation-token", "start-after", "marker"}
_LISTING |= {"encoding-type", "fetch-owner", "x-id"}
_CONDITIONS = ("prefix", "delimiter", "max-keys")
_WRITE_HEADERS = ("x-amz-acl", "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id")


@dataclass(frozen=True)
class Permission:
    """An action on a resource, with the lower-case condition keys of the request."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def permissions(
    method: str, bucket: str, key: str, query: Mapping[str, str], headers: Mapping[str, str], body: str
) -> list[Permission]:
    """All permissions of a request; `headers` has lower-case names. Raises UnsupportedActionError."""
    if not bucket:
        if method == "GET":
            return [Permission("s3:ListAllMyBuckets", "*")]
        raise UnsupportedActionError
    if not key:
        return _of_bucket(method, bucket, query, body)
    return _of_object(method, f"{bucket}/{key}", query, headers)


def _arn(path: str) -> str:
    return f"arn:aws:s3:::{path}"


def _of_bucket(method: str, bucket: str, query: Mapping[str, str], body: str) -> list[Permission]:
    if method == "HEAD" or (method == "GET" and set(query) <= _LISTING):
        return [Permission("s3:ListBucket", _arn(bucket), _listing_context(query))]
    if method == "POST" and "delete" in query:
        return [_deletion(bucket, one) for one in re.findall(r"<Object>(.*?)</Object>", body, flags=re.DOTALL)]
    for name, action in BUCKET_READS.items():
        if method == "GET" and name in query:
            context = _listing_context(query) if name == "versions" else {}
            return [Permission(f"s3:{action}", _arn(bucket), context)]
    if method == "PUT" and not query:
        return [Permission("s3:CreateBucket", _arn(bucket))]
    if method == "DELETE" and not query:
        return [Permission("s3:DeleteBucket", _arn(bucket))]
    raise UnsupportedActionError


def _listing_context(query: Mapping[str, str]) -> dict[str, str]:
    return {f"s3:{name}": query[name] for name in _CONDITIONS if query.get(name)}


def _deletion(bucket: str, described: str) -> Permission:
    """An object in a DeleteObjects request."""
    given = {
        name: _unescaped(text) for name, text in re.findall(r"<(Key|VersionId)>(.*?)</", described, flags=re.DOTALL)
    }
    arn = _arn(f"{bucket}/{given.get('Key', '')}")
    if "VersionId" in given:
        return Permission("s3:DeleteObjectVersion", arn, {"s3:versionid": given["VersionId"]})
    return Permission("s3:DeleteObject", arn)


def _unescaped(text: str) -> str:
    for entity, letter in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(entity, letter)
    return text


def _of_object(method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> list[Permission]:
    arn = _arn(path)
    context = {f"s3:{name}": headers[name] for name in _WRITE_HEADERS if name in headers}
    version = "Version" if "versionId" in query else ""
    which = {"s3:versionid": query["versionId"]} if version else {}
    if method in ("GET", "HEAD"):
        if "uploadId" in query:
            return [Permission("s3:ListMultipartUploadParts", arn)]
        for name, action in (("tagging", "Tagging"), ("acl", "Acl")):
            if name in query:
                return [Permission(f"s3:GetObject{version}{action}", arn, which)]
        return [Permission(f"s3:GetObject{version}", arn, which)]
    if method == "PUT":
        for name, action in (("tagging", "Tagging"), ("acl", "Acl")):
            if name in query:
                return [Permission(f"s3:PutObject{version}{action}", arn)]
        put = Permission("s3:PutObject", arn, context)
        if source := headers.get("x-amz-copy-source"):
            copied, _, of_version = unquote(source).lstrip("/").partition("?versionId=")
            if of_version:
                return [Permission("s3:GetObjectVersion", _arn(copied), {"s3:versionid": of_version}), put]
            return [Permission("s3:GetObject", _arn(copied)), put]
        return [put]
    if method == "POST" and ("uploads" in query or "uploadId" in query):
        return [Permission("s3:PutObject", arn, context)]
    if method == "DELETE":
        if "uploadId" in query:
            return [Permission("s3:AbortMultipartUpload", arn)]
        return [Permission(f"s3:DeleteObject{version}{'Tagging' if 'tagging' in query else ''}", arn, which)]
    raise UnsupportedActionError
