"""What roles were allowed and what they were refused, kept so that a test can judge each request again."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from local_aws.iam.evaluation import evaluate
from local_aws.iam.policies import Decision, Request


@dataclass(frozen=True)
class Use:
    """One request of a role as it was judged.

    `role` and `session` are ARNs; `context` holds the condition keys of the request in small letters, sorted;
    `resource_policy` is the text of the policy of the bucket, key, topic, queue or secret, empty where there is none.
    """

    role: str
    session: str
    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()
    resource_policy: str = ""

    @property
    def request(self) -> Request:
        """The request as the policies see it."""
        return Request(self.action, self.resource, dict(self.context))

    def told(self, reason: str) -> str:
        """What AWS says of this request where it is refused for a reason."""
        return f"User: {self.session} is not authorized to perform: {self.action} on resource: {self.resource} {reason}"

    def judged(self, documents: Iterable[str], resource_policy: str | None = None) -> Decision:
        """Judge the request by these identity-based policies, and by another resource policy where one is given."""
        policy = self.resource_policy if resource_policy is None else resource_policy
        return evaluate(self.request, documents, policy, role=self.role, session=self.session)


@dataclass(frozen=True)
class Refusal:
    """A request that was refused: why, and when it was last."""

    use: Use
    reason: str
    at: datetime


_lock = threading.Lock()
_used: set[Use] = set()
_refused: dict[Use, Refusal] = {}


def used() -> frozenset[Use]:
    """What roles did and were allowed to."""
    with _lock:
        return frozenset(_used)


def refused() -> dict[Use, str]:
    """What roles asked for and were refused, with why; in the order in which it happened first."""
    with _lock:
        return {use: refusal.reason for use, refusal in _refused.items()}


def refusals() -> list[Refusal]:
    """The same with the time of each, in the order in which they happened first."""
    with _lock:
        return list(_refused.values())


def forget() -> None:
    """Start both records anew."""
    with _lock:
        _used.clear()
        _refused.clear()


def note(use: Use, decision: Decision) -> None:
    """Keep a request and its outcome."""
    with _lock:
        if decision.allowed:
            _used.add(use)
        else:
            _refused[use] = Refusal(use, decision.reason, datetime.now(UTC))


def would_allow(documents: Iterable[str], use: Use, resource_policy: str | None = None) -> bool:
    """Whether a role with these policy documents (JSON) would be allowed a recorded request.

    The resource's policy counts as it was recorded, unless another is given. Permissions boundaries don't count.
    """
    return use.judged(documents, resource_policy).allowed
