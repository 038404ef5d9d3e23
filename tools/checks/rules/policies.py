"""Access to the IAM policies of a template; no rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.checks.project import Project, as_list

Statement = dict[str, Any]


def statements(document: dict[str, Any]) -> Iterator[Statement]:
    """Every statement of a policy document; for Fn::If, both branches."""
    for each in as_list(document.get("Statement", [])):
        if "Fn::If" in each:
            yield from (branch for branch in each["Fn::If"][1:] if "Effect" in branch)
        else:
            yield each


def role_statements(project: Project) -> Iterator[tuple[str, Statement]]:
    """Logical id and statement of every role's policies and of every managed policy."""
    for name, role in project.of_type("AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for statement in statements(policy.get("PolicyDocument", {})):
                yield name, statement
    for name, policy in project.of_type("AWS::IAM::ManagedPolicy").items():
        for statement in statements(policy.get("PolicyDocument", {})):
            yield name, statement


def allowed(project: Project, role: str) -> set[str]:
    """The actions that a role's policies allow on any resource."""
    return {
        action
        for name, statement in role_statements(project)
        if name == role and statement.get("Effect") == "Allow"
        for action in as_list(statement.get("Action", []))
    }


def resource_policies(project: Project) -> Iterator[tuple[str, str, Statement]]:
    """Logical id, type and statement of the policies on buckets, topics, queues and keys."""
    for kind, key in (
        ("AWS::S3::BucketPolicy", "PolicyDocument"),
        ("AWS::SNS::TopicPolicy", "PolicyDocument"),
        ("AWS::SQS::QueuePolicy", "PolicyDocument"),
        ("AWS::KMS::Key", "KeyPolicy"),
    ):
        for name, properties in project.of_type(kind).items():
            for statement in statements(properties.get(key, {})):
                yield name, kind, statement


def service_principals(statement: Statement) -> list[str]:
    """The service principals of a statement, intrinsic functions as text: `logs.${AWS::Region}...`."""
    principal = statement.get("Principal", {})
    named = as_list(principal.get("Service", [])) if isinstance(principal, dict) else []
    return [str(each.get("Fn::Sub", each)) if isinstance(each, dict) else str(each) for each in named]


def requires_encrypted_transport(statement: Statement, actions: set[str]) -> bool:
    """Whether a statement denies the actions to all principals without TLS."""
    return (
        statement.get("Effect") == "Deny"
        and statement.get("Principal") in ("*", {"AWS": "*"})
        and bool(actions & set(as_list(statement.get("Action"))))
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    )
