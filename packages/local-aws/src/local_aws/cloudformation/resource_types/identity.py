"""AWS::IAM::Role, Policy and ManagedPolicy: moto's role leaves managed policies out, and none is ever updated."""

from __future__ import annotations

import json
from typing import Any, Self

from local_aws.cloudformation.resource_types.base import ApiResource, Properties

_NOT_OF_CREATE_ROLE = ("Policies", "ManagedPolicyArns")


def policy_document(given: Any) -> Any:
    """A policy as moto takes it: with a Version. Those of SAM's policy templates have none, which AWS allows."""
    return {"Version": "2012-10-17", **given} if isinstance(given, dict) else given


class Role(ApiResource):
    """AWS::IAM::Role: its Ref is its name."""

    type_name = "AWS::IAM::Role"
    name_property = "RoleName"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the role with its policies."""
        given = {key: value for key, value in properties.items() if key not in _NOT_OF_CREATE_ROLE}
        made = cls.api.call("iam", "CreateRole", {**given, "RoleName": name})["Role"]
        role = cls(name, {"Arn": made["Arn"], "RoleId": made["RoleId"]})
        with role.gone_if_it_fails():
            role._give_policies(properties)
        return role

    def change(self, properties: Properties) -> Self:
        """Replace the trust policy and the policies; the role's id is unchanged."""
        document = {"RoleName": self.physical_resource_id, "PolicyDocument": properties["AssumeRolePolicyDocument"]}
        self.api.call("iam", "UpdateAssumeRolePolicy", document)
        self._take_policies()
        self._give_policies(properties)
        return self

    def delete(self) -> None:
        """Delete the role and its inline policies."""
        self._take_policies()
        self.api.call("iam", "DeleteRole", {"RoleName": self.physical_resource_id})

    def _give_policies(self, properties: Properties) -> None:
        role = {"RoleName": self.physical_resource_id}
        for policy in properties.get("Policies", []):
            document = policy_document(policy["PolicyDocument"])
            self.api.call("iam", "PutRolePolicy", {**role, **policy, "PolicyDocument": document})
        for arn in properties.get("ManagedPolicyArns", []):
            self.api.call("iam", "AttachRolePolicy", {**role, "PolicyArn": arn})

    def _take_policies(self) -> None:
        role: dict[str, Any] = {"RoleName": self.physical_resource_id}
        for name in self.api.call("iam", "ListRolePolicies", role)["PolicyNames"]:
            self.api.call("iam", "DeleteRolePolicy", {**role, "PolicyName": name})
        for attached in self.api.call("iam", "ListAttachedRolePolicies", role)["AttachedPolicies"]:
            self.api.call("iam", "DetachRolePolicy", {**role, "PolicyArn": attached["PolicyArn"]})


class ManagedPolicy(ApiResource):
    """AWS::IAM::ManagedPolicy: its Ref is its ARN."""

    type_name = "AWS::IAM::ManagedPolicy"
    name_property = "ManagedPolicyName"
    longest_name = 128

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the policy and attach it to the roles that it names."""
        given: Properties = {key: properties[key] for key in ("Path", "Description") if key in properties}
        document = json.dumps(policy_document(properties["PolicyDocument"]))
        made = cls.api.call("iam", "CreatePolicy", {**given, "PolicyName": name, "PolicyDocument": document})["Policy"]
        policy = cls(made["Arn"], {"PolicyArn": made["Arn"]})
        with policy.gone_if_it_fails():
            for role in properties.get("Roles", []):
                cls.api.call("iam", "AttachRolePolicy", {"RoleName": role, "PolicyArn": made["Arn"]})
        return policy

    def change(self, properties: Properties) -> Self:
        """Create a new default version of the policy; its attachments are unchanged."""
        policy = {"PolicyArn": self.physical_resource_id}
        document = json.dumps(policy_document(properties["PolicyDocument"]))
        self.api.call("iam", "CreatePolicyVersion", {**policy, "PolicyDocument": document, "SetAsDefault": True})
        for version in self.api.call("iam", "ListPolicyVersions", policy)["Versions"]:
            if not version["IsDefaultVersion"]:
                self.api.call("iam", "DeletePolicyVersion", {**policy, "VersionId": version["VersionId"]})
        return self

    def delete(self) -> None:
        """Delete the policy. As on AWS this fails while a role outside of the stack has it."""
        self.api.call("iam", "DeletePolicy", {"PolicyArn": self.physical_resource_id})


class Policy(ApiResource):
    """AWS::IAM::Policy: an inline policy of roles that are defined elsewhere; its Ref is a name made up."""

    type_name = "AWS::IAM::Policy"

    roles: tuple[str, ...] = ()
    policy: str

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Give the policy to each of the roles."""
        policy = cls(name)
        with policy.gone_if_it_fails():
            policy._give(properties)
        return policy

    def change(self, properties: Properties) -> Self:
        """Take the policy away from the roles, and give it anew."""
        self.delete()
        self._give(properties)
        return self

    def _give(self, properties: Properties) -> None:
        self.policy = properties["PolicyName"]
        document = policy_document(properties["PolicyDocument"])
        for role in properties.get("Roles", []):
            given = {"RoleName": role, "PolicyName": self.policy, "PolicyDocument": document}
            self.api.call("iam", "PutRolePolicy", given)
            self.roles = (*self.roles, role)

    def delete(self) -> None:
        """Take the policy away."""
        for role in self.roles:
            self.api.call("iam", "DeleteRolePolicy", {"RoleName": role, "PolicyName": self.policy})
        self.roles = ()
