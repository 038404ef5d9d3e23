"""The policies of resources: of a bucket, a key, a topic, a queue, a secret."""

from __future__ import annotations

from typing import Any

from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local_aws.core.world import ACCOUNT
from local_aws.iam.keys import customer_key


def policy_of(action: str, resource: str, region: str) -> str:
    """The policy (JSON) of an action's resource, empty where it has none."""
    service = action.split(":")[0]
    found: Any = None
    if service == "s3":
        bucket = resource.removeprefix("arn:aws:s3:::").split("/")[0]
        found = getattr(s3_backends[ACCOUNT]["aws"].buckets.get(bucket), "policy", None)
    elif service == "kms":
        found = getattr(customer_key(resource, region), "policy", None)
    elif service == "sns":
        found = getattr(sns_backends[ACCOUNT][region].topics.get(resource), "policy", None)
    elif service == "sqs":
        found = getattr(sqs_backends[ACCOUNT][region].queues.get(resource.rsplit(":", 1)[-1]), "policy", None)
    elif service == "secretsmanager":
        found = getattr(secret(resource, region), "policy", None)
    return found.decode() if isinstance(found, bytes) else str(found or "")


def secret(identifier: str, region: str) -> Any:
    """Moto's secret by name, ARN or ARN without its random suffix; None where it does not exist."""
    return secretsmanager_backends[ACCOUNT][region].secrets.get(identifier)
