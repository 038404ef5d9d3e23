"""Callers: which role an access key belongs to, and whether its policies and the resource's allow what it asks for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from moto.iam.models import Role, iam_backends
from moto.sts.models import AssumedRole, sts_backends

from local_aws.core.world import ACCOUNT
from local_aws.iam import encryption, record
from local_aws.iam.evaluation import evaluate
from local_aws.iam.policies import Decision, Request, decide
from local_aws.iam.resource_policies import policy_of


class AccessDeniedError(Exception):
    """A role may not do what it asked for; the message is the one that AWS gives, `action` what was not allowed."""

    def __init__(self, message: str, action: str = "") -> None:
        super().__init__(message)
        self.action = action


def caller(access_key: str) -> AssumedRole | None:
    """The role session to which an access key belongs, None for an administrator's."""
    return sts_backends[ACCOUNT]["aws"].get_assumed_role_from_access_key(access_key)


def authorize(
    access_key: str,
    action: str,
    *resources: str,
    via: str,
    key: str | None = None,
    context: Mapping[str, str] | None = None,
) -> None:
    """Let the service `via` (`athena`) act in the name of its caller. Raises AccessDeniedError.

    `action` is IAM's name (`glue:GetTable`); each of the `resources` must be allowed, and so must be what S3 does with
    the keys of the objects among them. `key` is the KMS key to write with where it is not the bucket's own; `context`
    has further condition keys, in small letters. An administrator may everything.
    """
    session = caller(access_key)
    if session is None:
        return
    called = {"aws:calledvia": f"{via}.amazonaws.com", "aws:viaawsservice": "true", **(context or {})}
    for resource in resources:
        require(session, action, resource, called)
        for use in encryption.of_object(action, resource, session.region_name, key):
            require(session, use.action, use.resource, {**called, **use.context})


def require(session: AssumedRole, action: str, resource: str, context: Mapping[str, str]) -> None:
    """Let a role session do one thing. `context` has its condition keys in small letters. Raises AccessDeniedError."""
    request = Request(
        action,
        resource,
        {
            "aws:principalarn": session.role_arn,
            "aws:principalaccount": ACCOUNT,
            "aws:resourceaccount": ACCOUNT,
            # There is no TLS here; on AWS every client uses it.
            "aws:securetransport": "true",
            "aws:requestedregion": session.region_name,
            "aws:viaawsservice": "false",
            **context,
        },
    )
    policy = policy_of(action, resource, session.region_name)
    use = record.Use(session.role_arn, session.arn, action, resource, tuple(sorted(request.context.items())), policy)
    decision = _decision(use, request)
    record.note(use, decision)
    if not decision.allowed:
        raise AccessDeniedError(use.told(decision.reason), action)


def _decision(use: record.Use, request: Request) -> Decision:
    try:
        role = iam_backends[ACCOUNT]["aws"].get_role_by_arn(use.role)
    except Exception:  # noqa: BLE001 - moto's NotFoundException, whatever its module
        return Decision(False, "because the role does not exist any more")
    if role.permissions_boundary_arn:
        boundary = iam_backends[ACCOUNT]["aws"].get_policy(role.permissions_boundary_arn)
        limited = decide([_default_document(boundary)], request, "permissions boundary")
        if not limited.allowed:
            return limited
    return evaluate(request, documents(role), use.resource_policy, role=use.role, session=use.session)


def documents(role: Role) -> Iterable[str]:
    """The documents of a role's inline and attached policies."""
    for inline in role.policies.values():
        yield inline if isinstance(inline, str) else json.dumps(inline)
    for attached in role.managed_policies.values():
        yield _default_document(attached)


def _default_document(policy: Any) -> str:
    document = next(version.document for version in policy.versions if version.is_default)
    return document if isinstance(document, str) else json.dumps(document)
