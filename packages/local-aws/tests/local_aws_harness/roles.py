"""Roles for tests, and clients that call with their credentials."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws_harness.served import Served

_DENIALS = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "403")
_numbers = itertools.count()


def allow(actions: str | list[str], resources: str | list[str], **others: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **others}


def deny(actions: str | list[str], resources: str | list[str], **others: Any) -> dict[str, Any]:
    return {**allow(actions, resources, **others), "Effect": "Deny"}


def credentials(served: Served, *statements: Mapping[str, Any]) -> dict[str, str]:
    """The credentials of a new role whose one policy has these statements."""
    arn = served.role(f"role-{next(_numbers)}", "glue", *statements)
    return served.world.role_credentials(arn, "a-session")


def client(served: Served, service: str, *statements: Mapping[str, Any]) -> Any:
    """A client that calls as a new role whose one policy has these statements."""
    return served.client(service, credentials(served, *statements))


def denied(call: Callable[[], Any], *codes: str) -> str:
    """The message with which a call is denied, under one of the codes where any are given."""
    with pytest.raises(ClientError) as refused:
        call()
    error = refused.value.response["Error"]
    assert error["Code"] in (codes or _DENIALS), error
    return str(error.get("Message"))
