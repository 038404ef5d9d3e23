"""KMS keys and their policies for tests."""

from __future__ import annotations

import json
from typing import Any

from local_aws_harness.served import Served, document

ACCOUNT_DECIDES = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
    "Action": "kms:*",
    "Resource": "*",
}
"""The statement of AWS's own default policy: IAM policies of the account count."""


def lets_service(service: str, *actions: str, **condition: Any) -> dict[str, Any]:
    """A statement of a key's policy for a service principal."""
    principal = {"Service": f"{service}.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions) or "kms:*", "Resource": "*"}
    return {**statement, **({"Condition": condition} if condition else {})}


def make_key(served: Served, *statements: dict[str, Any]) -> str:
    """The ARN of a new key with a policy of these statements, or with AWS's default policy."""
    given = {"Policy": json.dumps(document(*statements))} if statements else {}
    arn: str = served.client("kms").create_key(**given)["KeyMetadata"]["Arn"]
    return arn
