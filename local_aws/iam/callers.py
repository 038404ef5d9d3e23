"""Callers: which role an access key belongs to, and whether that role's policies allow what it asks for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from moto.iam.models import Role, iam_backends
from moto.s3.models import s3_backends
from moto.sts.models import AssumedRole, sts_backends

from local_aws.iam.policies import Decision, Request, decide, judge, statements
from local_aws.world import ACCOUNT

_lock = threading.Lock()
_used: set[tuple[str, str, str]] = set()


class AccessDeniedError(Exception):
    """A role may not do what it asked for; the message is the one that AWS gives."""


def used() -> set[tuple[str, str, str]]:
    """What roles did and were allowed to: role ARN, action, resource."""
    with _lock:
        return set(_used)


def forget_used() -> None:
    """Start the record of `used` anew."""
    with _lock:
        _used.clear()


def caller(access_key: str) -> AssumedRole | None:
    """The role session to which an access key belongs, None for an administrator's."""
    return sts_backends[ACCOUNT]["aws"].get_assumed_role_from_access_key(access_key)


def authorize(access_key: str, action: str, *resources: str, **context: str) -> None:
    """Let a service ask on behalf of its caller. Raises AccessDeniedError.

    `action` is IAM's name (`glue:GetTable`); each of the `resources` must be allowed. Condition keys are given without
    their prefix: `prefix="a/"` for s3:prefix. An administrator may everything.
    """
    session = caller(access_key)
    if session is not None:
        keys = {f"{action.split(':')[0]}:{name.replace('_', '-')}": value for name, value in context.items()}
        for resource in resources:
            require(session, action, resource, keys)


def require(session: AssumedRole, action: str, resource: str, context: Mapping[str, str]) -> None:
    """Let a role session do one thing. `context` has its condition keys in small letters. Raises AccessDeniedError."""
    decision = _decision(session, action, resource, context)
    if not decision.allowed:
        raise AccessDeniedError(
            f"User: {session.arn} is not authorized to perform: {action} on resource: {resource} {decision.reason}"
        )
    with _lock:
        _used.add((session.role_arn, action, resource))


def _decision(session: AssumedRole, action: str, resource: str, context: Mapping[str, str]) -> Decision:
    try:
        role = iam_backends[ACCOUNT]["aws"].get_role_by_arn(session.role_arn)
    except Exception:  # noqa: BLE001 - moto's NotFoundException, whatever its module
        return Decision(False, "because the role does not exist any more")
    request = Request(
        action,
        resource,
        {
            **context,
            "aws:principalarn": session.role_arn,
            "aws:principalaccount": ACCOUNT,
            "aws:resourceaccount": ACCOUNT,
            # There is no TLS here; on AWS every client of this project uses it.
            "aws:securetransport": "true",
            "aws:requestedregion": session.region_name,
        },
    )
    if role.permissions_boundary_arn:
        boundary = iam_backends[ACCOUNT]["aws"].get_policy(role.permissions_boundary_arn)
        limited = decide([_default_document(boundary)], request, "permissions boundary")
        if not limited.allowed:
            return limited
    by_identity = decide(_documents(role), request)
    if action.startswith("s3:"):
        of_bucket = judge(_bucket_statements(session, resource), request, "resource-based policy")
        if "explicit deny" in of_bucket.reason:
            return of_bucket
        if of_bucket.allowed and "explicit deny" not in by_identity.reason:
            return of_bucket
    return by_identity


def _documents(role: Role) -> Iterable[str]:
    """The documents of a role's inline and attached policies."""
    for inline in role.policies.values():
        yield inline if isinstance(inline, str) else json.dumps(inline)
    for attached in role.managed_policies.values():
        yield _default_document(attached)


def _default_document(policy: Any) -> str:
    document = next(version.document for version in policy.versions if version.is_default)
    return document if isinstance(document, str) else json.dumps(document)


def _bucket_statements(session: AssumedRole, resource: str) -> list[Mapping[str, Any]]:
    """The statements of the bucket's policy that speak of this caller."""
    name = resource.removeprefix("arn:aws:s3:::").split("/")[0]
    bucket = s3_backends[ACCOUNT]["aws"].buckets.get(name)
    policy = getattr(bucket, "policy", None)
    if not policy:
        return []
    principals = {session.role_arn, session.arn, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, "*"}

    def speaks(statement: Mapping[str, Any]) -> bool:
        principal = statement.get("Principal", {})
        named = principal if isinstance(principal, str) else principal.get("AWS", [])
        return bool(principals & set(named if isinstance(named, list) else [named]))

    text = policy.decode() if isinstance(policy, bytes) else str(policy)
    return [statement for statement in statements(text) if speaks(statement)]
