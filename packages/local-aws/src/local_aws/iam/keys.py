"""Customer managed KMS keys: lookup, and use by services themselves.

AWS managed keys (`alias/aws/...`) need no permission and count as none.
"""

from __future__ import annotations

from collections.abc import Mapping

from moto.kms.models import Key, kms_backends

from local_aws.core.world import ACCOUNT
from local_aws.iam.evaluation import judge_service
from local_aws.iam.policies import Request

ENCRYPT = "kms:GenerateDataKey"
DECRYPT = "kms:Decrypt"


def customer_key(identifier: str, region: str) -> Key | None:
    """Look up a key by id, ARN, alias or alias ARN; None where it does not exist."""
    place = identifier.split(":")
    backend = kms_backends[ACCOUNT][place[3] if len(place) > 5 else region]
    name = place[-1].removeprefix("key/")
    if name.startswith("alias/"):
        name = str(backend.get_key_id_from_alias(name) or "")
    return backend.keys.get(name)


def is_customers(identifier: str | None) -> bool:
    """Whether an encryption setting has a customer managed key."""
    return bool(identifier) and "alias/aws/" not in str(identifier)


def key_arn(identifier: str, region: str) -> str:
    """The ARN of a key for policies; for a missing key, from its identifier."""
    key = customer_key(identifier, region)
    if key is not None:
        return str(key.arn)
    return identifier if identifier.startswith("arn:") else f"arn:aws:kms:{region}:{ACCOUNT}:key/{identifier}"


def policy_lets_service(policy: str, service: str, actions: tuple[str, ...], context: Mapping[str, str]) -> bool:
    """Whether a key's policy (JSON) lets a service principal do all of the actions.

    `context` has the condition keys of the request by their usual names, e.g. `aws:SourceAccount` or
    `kms:EncryptionContext:aws:logs:arn`.
    """
    keys = {name.lower(): value for name, value in context.items()}
    # In a key policy the resource `*` is this key.
    return all(judge_service(policy, service, Request(action, "*", keys)).allowed for action in actions)


def service_may_use(
    identifier: str,
    service: str,
    region: str,
    context: Mapping[str, str],
    actions: tuple[str, ...] = (ENCRYPT, DECRYPT),
) -> bool:
    """Whether a service principal may use a key, which must exist and be enabled."""
    key = customer_key(identifier, region)
    given = {"aws:SourceAccount": ACCOUNT, "kms:CallerAccount": ACCOUNT, **context}
    return (
        key is not None and key.key_state == "Enabled" and policy_lets_service(str(key.policy), service, actions, given)
    )
