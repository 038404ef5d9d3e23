"""What the roles of a stack may do, compared with what they did."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from local_aws.iam.policies import like, listed
from local_aws.iam.record import Use, would_allow

from .conftest import World


@dataclass(frozen=True)
class Life:
    """The deployed policies of a stack's roles, and the requests of each, by logical id."""

    policies: dict[str, dict[str, Any]]
    uses: dict[str, list[Use]]
    refused: dict[Use, str]

    def statements(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Role, Sid and statement of everything that is allowed."""
        return [
            (role, statement["Sid"], statement)
            for role, document in self.policies.items()
            for statement in document["Statement"]
        ]

    def allowed_by(self, role: str, *statements: dict[str, Any]) -> list[Use]:
        """The requests of a role that these statements alone would allow."""
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        return [use for use in self.uses[role] if would_allow([document], use)]

    @cached_property
    def used(self) -> set[tuple[str, str, str]]:
        """The lines (see `lines`) that allowed a request."""
        found = set()
        for role, sid, statement in self.statements():
            uses = self.allowed_by(role, statement)
            found |= {(role, sid, use.action) for use in uses}
            for place, resource in enumerate(listed(statement["Resource"])):
                if any(like(use.resource, resource) for use in uses):
                    found.add((role, sid, f"resource {place}"))
        return found


def lines(role: str, sid: str, statement: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The parts of a statement: role, Sid and action; role, Sid and `resource N`, by its index in the list."""
    resources = [f"resource {place}" for place in range(len(listed(statement["Resource"])))]
    return [(role, sid, line) for line in [*listed(statement["Action"]), *resources]]


def roles(world: World) -> dict[str, str]:
    """The stack's roles, physical by logical id."""
    resources = world.client("cloudformation").describe_stack_resources(StackName="mhealth")["StackResources"]
    found = [each for each in resources if each["ResourceType"] == "AWS::IAM::Role"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}


def policy(world: World, role: str) -> dict[str, Any]:
    """The only policy in a role."""
    (name,) = world.client("iam").list_role_policies(RoleName=role)["PolicyNames"]
    document: dict[str, Any] = world.client("iam").get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return document
