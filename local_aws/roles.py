"""How a service of this process takes a role: only one that exists and trusts it."""

from __future__ import annotations

import json

from moto.iam.models import iam_backends

from local_aws.iam.policies import trusts
from local_aws.world import ACCOUNT, World


class RoleNotTakenError(Exception):
    """A service may not assume a role; the message says what to change."""


def role_arn(role: str) -> str:
    """The ARN of a role that is given by ARN, by path, or by name, as Glue allows."""
    return role if role.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{role.removeprefix('/')}"


def take_role(world: World, role: str, service: str, session: str) -> dict[str, str]:
    """Credentials of a role for a service (`glue`, `states`, `lambda`), as environment variables.

    Raises RoleNotTakenError where the role does not exist or its trust policy does not name the service.
    """
    arn = role_arn(role)
    try:
        trust = iam_backends[ACCOUNT]["aws"].get_role_by_arn(arn).assume_role_policy_document
    except Exception as missing:
        raise RoleNotTakenError(f"The role {arn} does not exist: {service} can't run with it") from missing
    document = trust if isinstance(trust, str) else json.dumps(trust)
    if not trusts(document, f"{service}.amazonaws.com", {"aws:sourceaccount": ACCOUNT}):
        raise RoleNotTakenError(
            f"{service}.amazonaws.com is not authorized to assume the role {arn}: "
            "its AssumeRolePolicyDocument does not allow sts:AssumeRole to this service"
        )
    return world.role_credentials(arn, session)
