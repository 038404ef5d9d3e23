"""The record of allowed and denied requests of roles, with which a test can evaluate each request again."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from local_aws.iam.evaluation import evaluate
from local_aws.iam.policies import Decision, Request


@dataclass(frozen=True)
class Use:
    """A recorded request of a role.

    `role` and `session` are ARNs; `context` has the sorted, lower-case condition keys of the request;
    `resource_policy` is the JSON of the policy of the bucket, key, topic, queue or secret, empty where there is none.
    """

    role: str
    session: str
    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()
    resource_policy: str = ""

    @property
    def request(self) -> Request:
        """The request in the form of the policy evaluation."""
        return Request(self.action, self.resource, dict(self.context))

    def reported(self, reason: str) -> str:
        """AWS's access-denied message for this request."""
        return f"User: {self.session} is not authorized to perform: {self.action} on resource: {self.resource} {reason}"

    def judged(self, documents: Iterable[str], resource_policy: str | None = None) -> Decision:
        """Evaluate the request by these identity-based policies, and by another resource policy if given."""
        policy = self.resource_policy if resource_policy is None else resource_policy
        return evaluate(self.request, documents, policy, role=self.role, session=self.session)


@dataclass(frozen=True)
class Refusal:
    """A denied request: the reason, and the time of the last one."""

    use: Use
    reason: str
    at: datetime


_lock = threading.Lock()
_used: set[Use] = set()
_refused: dict[Use, Refusal] = {}


def used() -> frozenset[Use]:
    """The allowed requests of roles."""
    with _lock:
        return frozenset(_used)


def refused() -> dict[Use, str]:
    """The denied requests of roles with their reasons, in order of the first occurrence."""
    with _lock:
        return {use: refusal.reason for use, refusal in _refused.items()}


def refusals() -> list[Refusal]:
    """The denied requests with the time of each, in order of the first occurrence."""
    with _lock:
        return list(_refused.values())


def forget() -> None:
    """Clear both records."""
    with _lock:
        _used.clear()
        _refused.clear()


def note(use: Use, decision: Decision) -> None:
    """Record a request and its decision."""
    with _lock:
        if decision.allowed:
            _used.add(use)
        else:
            _refused[use] = Refusal(use, decision.reason, datetime.now(UTC))


def would_allow(documents: Iterable[str], use: Use, resource_policy: str | None = None) -> bool:
    """Whether a role with these policy documents (JSON) would be allowed a recorded request.

    The resource's policy is the recorded one, unless another is given. Permissions boundaries are ignored.
    """
    return use.judged(documents, resource_policy).allowed
