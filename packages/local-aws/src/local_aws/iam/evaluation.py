"""Evaluation of a role's policies and a resource's policy within one account.

A resource policy that names the role is sufficient; one that names the account delegates to the role's policies.
KMS keys differ: without permission by the key policy, the role's policies have no effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from local_aws.core.world import ACCOUNT
from local_aws.iam.policies import Decision, Request, decide, decide_by_statements, listed, statements

RESOURCE_POLICY = "resource-based policy"
_ROOT = {f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT}


def _principals(statement: Mapping[str, Any], kind: str) -> set[str]:
    """The principals of a statement of the kind `AWS` or `Service`; `*` is everybody."""
    principal = statement.get("Principal", {})
    return {str(principal)} if isinstance(principal, str) else set(listed(principal.get(kind, [])))


def _speaks_of(statement: Mapping[str, Any], named: set[str], kind: str) -> bool:
    if "NotPrincipal" in statement:  # the excluded principals are ignored: it denies all, and allows nobody
        return bool(statement["Effect"] == "Deny")
    return bool(_principals(statement, kind) & named)


def evaluate(request: Request, documents: Iterable[str], resource_policy: str, *, role: str, session: str) -> Decision:
    """Evaluate a role's request by its identity-based policies and the resource's policy (JSON, may be empty)."""
    by_identity = decide(documents, request)
    of_resource = statements(resource_policy) if resource_policy else ()
    direct = [one for one in of_resource if _speaks_of(one, {role, session, "*"}, "AWS")]
    to_account = [one for one in of_resource if _speaks_of(one, _ROOT, "AWS")]
    by_resource = decide_by_statements([*direct, *to_account], request, RESOURCE_POLICY)
    for decision in (by_identity, by_resource):
        if decision.denied:
            return decision
    if decide_by_statements(direct, request, RESOURCE_POLICY).allowed:
        return Decision(True)
    if request.action.startswith("kms:") and not by_resource.allowed:
        return by_resource
    return by_identity


def judge_service(resource_policy: str, service: str, request: Request, kind: str = RESOURCE_POLICY) -> Decision:
    """Evaluate an action of a service principal (`glue.amazonaws.com`) itself, by the resource's policy."""
    spoken = [
        one
        for one in statements(resource_policy)
        if _speaks_of(one, {service}, "Service") or _speaks_of(one, {"*"}, "AWS")
    ]
    return decide_by_statements(spoken, request, kind)


def trusts(document: str, service: str, context: Mapping[str, str]) -> Decision:
    """Whether a role's trust policy allows a service to assume it. `context` has lower-case keys."""
    return judge_service(document, service, Request("sts:AssumeRole", "", context), "trust policy")
