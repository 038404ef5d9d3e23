"""Corrections of moto's S3: bucket policies with conditions, conditional writes, encryption of copies."""

from __future__ import annotations

import json
import threading
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket, FakeKey, S3Backend
from moto.s3.responses import S3Response

from local_aws.core.patching import replace
from local_aws.core.world import World

_own_copy = S3Backend.copy_object
_own_put = S3Response.put_object
_conditional_writes = threading.Lock()


def install(world: World) -> None:  # noqa: ARG001 - every module has the same signature
    """Install conditions in bucket policies, atomic conditional writes, and encryption of copies."""
    replace(FakeBucket, get_permission=_permission)
    replace(S3Backend, copy_object=_copy_object)
    replace(S3Response, put_object=_put_object)


def _put_object(response: S3Response) -> TYPE_RESPONSE:
    """PutObject: moto's check of the condition and its write are not atomic."""
    if not (response.headers.get("If-Match") or response.headers.get("If-None-Match")):
        return _own_put(response)
    with _conditional_writes:
        return _own_put(response)


def _copy_object(
    backend: S3Backend, src_key: FakeKey, dest_bucket_name: str, dest_key_name: str, *args: Any, **kwargs: Any
) -> None:
    """CopyObject: a copy onto itself has the bucket's default encryption; moto would decrypt it."""
    default = (backend.get_bucket(dest_bucket_name).encryption or {}).get("Rule", {})
    algorithm = default.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm")
    if not args and not kwargs.get("encryption") and algorithm:
        kwargs["encryption"] = algorithm
    _own_copy(backend, src_key, dest_bucket_name, dest_key_name, *args, **kwargs)


def unknown_condition(policy: dict[str, Any]) -> str | None:
    """The first unsupported condition of a policy, None if all are supported."""
    for statement in _statements(policy):
        if _is_for_a_service(statement):
            continue
        for operator, keys in statement.get("Condition", {}).items():
            for key in keys:
                if (operator, key) != ("Bool", "aws:SecureTransport"):
                    return f"{operator} {key}"
    return None


def _statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    statements = policy.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(bucket.policy)
    policy["Statement"] = [statement for statement in _statements(policy) if _applies(statement)]
    return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)


def _is_for_a_service(statement: dict[str, Any]) -> bool:
    """Whether the principals are AWS services only, which call with credentials of roles here."""
    principal = statement.get("Principal")
    return isinstance(principal, dict) and set(principal) == {"Service"}


def _applies(statement: dict[str, Any]) -> bool:
    """Whether the condition is true. Requests over the loopback interface count as encrypted."""
    return not _is_for_a_service(statement) and all(
        str(wanted).lower() == "true" for keys in statement.get("Condition", {}).values() for wanted in keys.values()
    )
