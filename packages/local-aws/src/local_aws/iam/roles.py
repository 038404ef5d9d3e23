"""Assuming of roles by services: a role must exist and trust the service."""

from __future__ import annotations

import json

from moto.iam.models import iam_backends

from local_aws.core.world import ACCOUNT, World
from local_aws.iam.evaluation import trusts


class RoleNotTakenError(Exception):
    """A service may not assume a role; the message says what to change."""


def role_arn(role: str) -> str:
    """The ARN of a role by ARN, path or name, which Glue all accepts."""
    return role if role.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{role.removeprefix('/')}"


def trusting_role(role: str, service: str, source: str) -> str:
    """The unique id of a role that a service (`glue`, `states`, `lambda`, `scheduler`) may assume.

    `source` is the ARN of the resource that uses the role: aws:SourceArn in the trust policy, and its account is
    aws:SourceAccount. Raises RoleNotTakenError if the role does not exist or does not trust the service.
    """
    arn = role_arn(role)
    try:
        found = iam_backends[ACCOUNT]["aws"].get_role_by_arn(arn)
    except Exception as missing:
        raise RoleNotTakenError(f"The role {arn} does not exist: {service} can't run with it") from missing
    trust = found.assume_role_policy_document
    document = trust if isinstance(trust, str) else json.dumps(trust)
    context = {"aws:sourceaccount": ACCOUNT, "aws:sourcearn": source}
    decision = trusts(document, f"{service}.amazonaws.com", context)
    if not decision.allowed:
        raise RoleNotTakenError(
            f"{service}.amazonaws.com is not authorized to assume the role {arn} for {source}: "
            f"its AssumeRolePolicyDocument does not allow sts:AssumeRole to this service, {decision.reason}"
        )
    return str(found.id)


def take_role(world: World, role: str, service: str, session: str, source: str) -> dict[str, str]:
    """Credentials of a role for a service, as environment variables. Raises RoleNotTakenError as `trusting_role`."""
    trusting_role(role, service, source)
    return world.role_credentials(role_arn(role), session)
