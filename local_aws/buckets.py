"""S3: conditions in a bucket's policy, which moto does not look at."""

from __future__ import annotations

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket

from local_aws.replacing import replace
from local_aws.world import World


def install(world: World) -> None:  # noqa: ARG001 - every module has the same signature
    """Let a statement count only where its condition holds."""
    replace(FakeBucket, get_permission=_permission)


def unknown_condition(policy: dict[str, Any]) -> str | None:
    """The first condition of a policy that cannot be judged here, None where all can."""
    for statement in _statements(policy):
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


def _applies(statement: dict[str, Any]) -> bool:
    """Whether the condition holds. Requests over the loopback interface count as encrypted: nobody can listen there."""
    return all(
        str(wanted).lower() == "true" for keys in statement.get("Condition", {}).values() for wanted in keys.values()
    )
