"""AWS::Events::Rule, SSM::Parameter, SecretsManager::Secret, DynamoDB::Table and Lambda::EventSourceMapping."""

from __future__ import annotations

import json
from typing import Any, Self

from local_aws.cloudformation.resource_types.api import PropertyError, tag_map
from local_aws.cloudformation.resource_types.base import ApiResource, Properties
from local_aws.events.targets import KINDS


class Rule(ApiResource):
    """AWS::Events::Rule: its Ref is its name."""

    type_name = "AWS::Events::Rule"
    name_property = "Name"

    targets: tuple[str, ...] = ()

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the rule with its targets. Raises PropertyError for a target that rules here do not deliver to."""
        rule = cls(name)
        rule._put(properties)
        with rule.gone_if_it_fails():
            rule._put_targets(properties)
        return rule

    def change(self, properties: Properties) -> Self:
        """Put the rule again; its targets are replaced."""
        self._put(properties)
        self._remove_targets()
        self._put_targets(properties)
        return self

    def delete(self) -> None:
        """Delete the rule and its targets."""
        self._remove_targets()
        self.api.call("events", "DeleteRule", {"Name": self.physical_resource_id})

    def _put(self, properties: Properties) -> None:
        for target in properties.get("Targets", []):
            if target["Arn"].split(":")[2] not in KINDS:
                raise PropertyError(f"Targets: {target['Arn']}: rules here deliver to {', '.join(KINDS)} only")
        given = {name: value for name, value in properties.items() if name != "Targets"}
        made = self.api.call("events", "PutRule", {**given, "Name": self.physical_resource_id})
        self.attributes["Arn"] = made["RuleArn"]

    def _put_targets(self, properties: Properties) -> None:
        if targets := properties.get("Targets"):
            self.api.call("events", "PutTargets", {"Rule": self.physical_resource_id, "Targets": targets})
        self.targets = tuple(target["Id"] for target in properties.get("Targets", []))

    def _remove_targets(self) -> None:
        if self.targets:
            given = {"Rule": self.physical_resource_id, "Ids": list(self.targets)}
            self.api.call("events", "RemoveTargets", given)
        self.targets = ()


class Parameter(ApiResource):
    """AWS::SSM::Parameter: its Ref is its name."""

    type_name = "AWS::SSM::Parameter"
    name_property = "Name"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the parameter."""
        parameter = cls(name)
        parameter._put(properties, overwrite=False)
        return parameter

    def change(self, properties: Properties) -> Self:
        """Give it a new version."""
        self._put(properties, overwrite=True)
        return self

    def _put(self, properties: Properties, *, overwrite: bool) -> None:
        given = {name: value for name, value in properties.items() if name != "Tags"}
        self.api.call("ssm", "PutParameter", {**given, "Name": self.physical_resource_id, "Overwrite": overwrite})
        self.attributes.update(Type=properties["Type"], Value=properties["Value"])

    def delete(self) -> None:
        """Delete the parameter."""
        self.api.call("ssm", "DeleteParameter", {"Name": self.physical_resource_id})


class Secret(ApiResource):
    """AWS::SecretsManager::Secret: its Ref is its ARN."""

    type_name = "AWS::SecretsManager::Secret"
    name_property = "Name"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the secret, with a password of random characters where GenerateSecretString asks for one."""
        given = {key: value for key, value in properties.items() if key != "GenerateSecretString"}
        if "GenerateSecretString" in properties:
            given["SecretString"] = cls._generated(properties["GenerateSecretString"])
        made = cls.api.call("secretsmanager", "CreateSecret", {**given, "Name": name})
        return cls(made["ARN"], {"Id": made["ARN"]})

    @classmethod
    def _generated(cls, asked: Properties) -> str:
        rules = {
            name: value for name, value in asked.items() if name not in ("GenerateStringKey", "SecretStringTemplate")
        }
        password = cls.api.call("secretsmanager", "GetRandomPassword", rules)["RandomPassword"]
        if "GenerateStringKey" not in asked:
            return str(password)
        return json.dumps({**json.loads(asked["SecretStringTemplate"]), asked["GenerateStringKey"]: password})

    def change(self, properties: Properties) -> Self:
        """Change text and description; a generated password stays."""
        kept = ("Description", "KmsKeyId", "SecretString")
        given: Properties = {name: properties[name] for name in kept if name in properties}
        self.api.call("secretsmanager", "UpdateSecret", {**given, "SecretId": self.physical_resource_id})
        return self

    def delete(self) -> None:
        """Delete the secret at once, as CloudFormation does."""
        given = {"SecretId": self.physical_resource_id, "ForceDeleteWithoutRecovery": True}
        self.api.call("secretsmanager", "DeleteSecret", given)


class Table(ApiResource):
    """AWS::DynamoDB::Table: its Ref is its name."""

    type_name = "AWS::DynamoDB::Table"
    name_property = "TableName"
    longest_name = 255

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the table."""
        made = cls.api.call("dynamodb", "CreateTable", {**_api_names(properties), "TableName": name})
        return cls(name, {"Arn": made["TableDescription"]["TableArn"]})

    def change(self, properties: Properties) -> Self:
        """Change how it is billed and indexed; keys cannot be changed in place. Items stay."""
        given = {
            name: value
            for name, value in _api_names(properties).items()
            if name in ("AttributeDefinitions", "BillingMode", "ProvisionedThroughput", "DeletionProtectionEnabled")
        }
        self.api.call("dynamodb", "UpdateTable", {**given, "TableName": self.physical_resource_id})
        return self

    def delete(self) -> None:
        """Delete the table with its items."""
        self.api.call("dynamodb", "DeleteTable", {"TableName": self.physical_resource_id})


def _api_names(properties: Properties) -> Properties:
    """The properties of a table as the API has them."""
    given: dict[str, Any] = {
        name: value for name, value in properties.items() if name not in ("PointInTimeRecoverySpecification",)
    }
    if "SSESpecification" in given:
        given["SSESpecification"] = {
            {"SSEEnabled": "Enabled"}.get(name, name): value for name, value in given["SSESpecification"].items()
        }
    return given


class EventSourceMapping(ApiResource):
    """AWS::Lambda::EventSourceMapping: its Ref is its id. A queue's messages go to the function one at a time."""

    type_name = "AWS::Lambda::EventSourceMapping"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:  # noqa: ARG003 - it has no name
        """Let the function have the queue's messages. Raises PropertyError for another source than a queue."""
        source = properties["EventSourceArn"]
        if source.split(":")[2] != "sqs":
            raise PropertyError(f"EventSourceArn: {source}: the local AWS hands over the messages of SQS queues only")
        made = cls.api.call("lambda", "CreateEventSourceMapping", {**properties, "Tags": tag_map(properties)})
        return cls(made["UUID"], {"Id": made["UUID"]})

    def delete(self) -> None:
        """Let it have no more."""
        self.api.call("lambda", "DeleteEventSourceMapping", {"UUID": self.physical_resource_id})
