"""Callers: the role of an access key, and whether its policies and the resource's allow an action."""

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
    """An action is denied to a role; the message is AWS's, `action` the denied action."""

    def __init__(self, message: str, action: str = "") -> None:
        super().__init__(message)
        self.action = action


def caller(access_key: str) -> AssumedRole | None:
    """The role session of an access key, None for an administrator's."""
    return sts_backends[ACCOUNT]["aws"].get_assumed_role_from_access_key(access_key)


def authorize(
    access_key: str,
    action: str,
    *resources: str,
    via: str,
    key: str | None = None,
    context: Mapping[str, str] | None = None,
) -> None:
    """Authorize an action of the service `via` (`athena`) on behalf of its caller. Raises AccessDeniedError.

    `action` is IAM's name (`glue:GetTable`). It must be allowed on each of the `resources`, as must be S3's use of the
    KMS keys of objects among them. `key` is the KMS key for writes if it is not the bucket's; `context` has further
    condition keys, in lower case. An administrator has all permissions.
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
    """Authorize an action of a role session. `context` has lower-case condition keys. Raises AccessDeniedError."""
    request = Request(
        action,
        resource,
        {
            "aws:principalarn": session.role_arn,
            "aws:principalaccount": ACCOUNT,
            "aws:resourceaccount": ACCOUNT,
            # The local AWS has no TLS; on AWS every client uses it.
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
        raise AccessDeniedError(use.reported(decision.reason), action)


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
