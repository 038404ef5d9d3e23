"""The session of a command."""

from __future__ import annotations

from mhealth_ops.operations.account import session


def test_a_client_is_made_once() -> None:
    made = session("us-east-1")
    assert made.client("sqs") is made.client("sqs")
    assert made.client("sqs") is not session("us-east-1").client("sqs")
