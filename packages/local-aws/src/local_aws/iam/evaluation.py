"""A role's policies and a resource's policy together: who decides, by the rules of one account.

A resource policy that names the role allows by itself; one that names the account leaves it to the role's policies.
A KMS key differs: without its policy, the role's policies count for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from local_aws.core.world import ACCOUNT
from local_aws.iam.policies import Decision, Request, decide, decide_by_statements, listed, statements

RESOURCE_POLICY = "resource-based policy"
_ROOT = {f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT}


def _principals(statement: Mapping[str, Any], kind: str) -> set[str]:
    """Whom a statement names, of the kind `AWS` or `Service`; a bare `*` is everybody."""
    principal = statement.get("Principal", {})
    return {str(principal)} if isinstance(principal, str) else set(listed(principal.get(kind, [])))


def _speaks_of(statement: Mapping[str, Any], named: set[str], kind: str) -> bool:
    if "NotPrincipal" in statement:  # whom it spares is not looked at: it denies, and allows nobody
        return bool(statement["Effect"] == "Deny")
    return bool(_principals(statement, kind) & named)


def evaluate(request: Request, documents: Iterable[str], resource_policy: str, *, role: str, session: str) -> Decision:
    """Decide on a role's request by its identity-based documents and by the resource's policy (text, may be empty)."""
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
    """Judge what a service principal (`glue.amazonaws.com`) does in its own name, by the resource's policy."""
    spoken = [
        one
        for one in statements(resource_policy)
        if _speaks_of(one, {service}, "Service") or _speaks_of(one, {"*"}, "AWS")
    ]
    return decide_by_statements(spoken, request, kind)


def trusts(document: str, service: str, context: Mapping[str, str]) -> Decision:
    """Whether a role's trust policy lets a service principal take the role. `context` has its keys in small letters."""
    return judge_service(document, service, Request("sts:AssumeRole", "", context), "trust policy")
