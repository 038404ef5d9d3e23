"""AWS::KMS::Key and Alias."""

from __future__ import annotations

from typing import Any, Self

from local_aws.cloudformation.resource_types.api import as_text
from local_aws.cloudformation.resource_types.base import ApiResource, Properties

_LONGEST_WINDOW = 30  # days: KMS's default

_OF_CREATE_KEY = {
    "BypassPolicyLockoutSafetyCheck": "BypassPolicyLockoutSafetyCheck",
    "Description": "Description",
    "KeyPolicy": "Policy",
    "KeySpec": "KeySpec",
    "KeyUsage": "KeyUsage",
    "MultiRegion": "MultiRegion",
    "Origin": "Origin",
}
"""Properties of CreateKey."""

_NOT_OF_CREATE_KEY = ("Enabled", "EnableKeyRotation", "PendingWindowInDays", "RotationPeriodInDays", "Tags")


class Key(ApiResource):
    """AWS::KMS::Key: its Ref is its id."""

    type_name = "AWS::KMS::Key"

    window: int

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:  # noqa: ARG003 - it has no name
        """Create the key. Unknown properties are passed to KMS, which rejects them."""
        given: Properties = {
            _OF_CREATE_KEY.get(name, name): value
            for name, value in properties.items()
            if name not in _NOT_OF_CREATE_KEY
        }
        tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in properties.get("Tags", [])]
        made = cls.api.call("kms", "CreateKey", {**given, "Tags": tags})["KeyMetadata"]
        key = cls(made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]})
        key.window = int(properties.get("PendingWindowInDays", _LONGEST_WINDOW))
        with key.gone_if_it_fails():
            return key._set(properties)

    def change(self, properties: Properties) -> Self:
        """Change description, policy and rotation; encrypted data stays readable."""
        key = {"KeyId": self.physical_resource_id}
        self._call("UpdateKeyDescription", Description=properties.get("Description", ""))
        if "KeyPolicy" in properties:
            self._call("PutKeyPolicy", Policy=properties["KeyPolicy"], PolicyName="default")
        self.api.call("kms", "EnableKey", key)
        return self._set(properties)

    def delete(self) -> None:
        """Schedule its deletion, as CloudFormation does."""
        self._call("ScheduleKeyDeletion", PendingWindowInDays=self.window)

    def _set(self, properties: Properties) -> Self:
        """Set the properties that CreateKey does not have."""
        self.window = int(properties.get("PendingWindowInDays", _LONGEST_WINDOW))
        if as_text(properties.get("EnableKeyRotation", False)) == "true":
            period = {name: properties[name] for name in ("RotationPeriodInDays",) if name in properties}
            self._call("EnableKeyRotation", **period)
        else:
            self._call("DisableKeyRotation")
        if as_text(properties.get("Enabled", True)) == "false":
            self._call("DisableKey")
        return self

    def _call(self, operation: str, **arguments: Any) -> None:
        self.api.call("kms", operation, {"KeyId": self.physical_resource_id, **arguments})


class Alias(ApiResource):
    """AWS::KMS::Alias: its Ref is its name."""

    type_name = "AWS::KMS::Alias"
    name_property = "AliasName"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the alias; its name begins with `alias/`."""
        cls.api.call("kms", "CreateAlias", properties)
        return cls(name)

    def change(self, properties: Properties) -> Self:
        """Point the alias to another key."""
        self.api.call("kms", "UpdateAlias", properties)
        return self

    def delete(self) -> None:
        """Delete the alias; the key is kept."""
        self.api.call("kms", "DeleteAlias", {"AliasName": self.physical_resource_id})
