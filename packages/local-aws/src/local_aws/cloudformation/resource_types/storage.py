"""AWS::S3::Bucket and BucketPolicy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Self

from moto.s3.models import s3_backends

from local_aws.cloudformation.resource_types.api import PropertyError, as_text
from local_aws.cloudformation.resource_types.base import ApiResource, Properties
from local_aws.core.world import ACCOUNT
from local_aws.s3.buckets import unknown_condition


def _encryption(value: Any) -> dict[str, Any]:
    rules = [
        {
            **{name: member for name, member in rule.items() if name != "ServerSideEncryptionByDefault"},
            "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
        }
        for rule in value["ServerSideEncryptionConfiguration"]
    ]
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def _lifecycle(value: Any) -> dict[str, Any]:
    return {"LifecycleConfiguration": {"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}}


def _lifecycle_rule(rule: Properties) -> Properties:
    given = dict(rule)
    made: Properties = {"Filter": {"Prefix": given.pop("Prefix", "")}}
    if "Id" in given:
        made["ID"] = given.pop("Id")
    expiration = {"Days": given.pop("ExpirationInDays", None), "Date": given.pop("ExpirationDate", None)}
    if "ExpiredObjectDeleteMarker" in given:
        expiration["ExpiredObjectDeleteMarker"] = given.pop("ExpiredObjectDeleteMarker")
    if expiration := {name: when for name, when in expiration.items() if when is not None}:
        made["Expiration"] = expiration
    if "Transitions" in given:
        made["Transitions"] = [
            {"StorageClass": move["StorageClass"], "Days": move["TransitionInDays"]}
            for move in given.pop("Transitions")
        ]
    # The others have the API's names, or are rejected.
    return {**made, **given}


def _notifications(value: Any) -> dict[str, Any]:
    made: Properties = {}
    for kind, target, apis_kind, apis_target in (
        ("LambdaConfigurations", "Function", "LambdaFunctionConfigurations", "LambdaFunctionArn"),
        ("QueueConfigurations", "Queue", "QueueConfigurations", "QueueArn"),
        ("TopicConfigurations", "Topic", "TopicConfigurations", "TopicArn"),
    ):
        if kind in value:
            made[apis_kind] = [_notification(each, target, apis_target) for each in value[kind]]
    if as_text(value.get("EventBridgeConfiguration", {"EventBridgeEnabled": False})["EventBridgeEnabled"]) == "true":
        made["EventBridgeConfiguration"] = {}
    return {"NotificationConfiguration": made}


def _notification(given: Properties, target: str, apis_target: str) -> Properties:
    made: Properties = {apis_target: given[target], "Events": [given["Event"]]}
    if "Filter" in given:
        rules = [{"Name": rule["Name"].lower(), "Value": rule["Value"]} for rule in given["Filter"]["S3Key"]["Rules"]]
        made["Filter"] = {"Key": {"FilterRules": rules}}
    return made


_SETTINGS: dict[str, tuple[str, Callable[[Any], dict[str, Any]]]] = {
    "BucketEncryption": ("PutBucketEncryption", _encryption),
    "LifecycleConfiguration": ("PutBucketLifecycleConfiguration", _lifecycle),
    "NotificationConfiguration": ("PutBucketNotificationConfiguration", _notifications),
    "OwnershipControls": ("PutBucketOwnershipControls", lambda value: {"OwnershipControls": value}),
    "PublicAccessBlockConfiguration": (
        "PutPublicAccessBlock",
        lambda value: {"PublicAccessBlockConfiguration": value},
    ),
    "Tags": ("PutBucketTagging", lambda value: {"Tagging": {"TagSet": value}}),
    "VersioningConfiguration": ("PutBucketVersioning", lambda value: {"VersioningConfiguration": value}),
}
_UNSET: dict[str, tuple[str, dict[str, Any]]] = {
    "BucketEncryption": ("DeleteBucketEncryption", {}),
    "LifecycleConfiguration": ("DeleteBucketLifecycle", {}),
    "NotificationConfiguration": ("PutBucketNotificationConfiguration", {"NotificationConfiguration": {}}),
    "OwnershipControls": ("DeleteBucketOwnershipControls", {}),
    "PublicAccessBlockConfiguration": ("DeletePublicAccessBlock", {}),
    "Tags": ("DeleteBucketTagging", {}),
    "VersioningConfiguration": ("PutBucketVersioning", {"VersioningConfiguration": {"Status": "Suspended"}}),
}
"""The calls that remove a bucket's setting."""


class Bucket(ApiResource):
    """AWS::S3::Bucket: its Ref is its name."""

    type_name = "AWS::S3::Bucket"
    name_property = "BucketName"
    longest_name = 63
    lower_case_name = True
    marks: Mapping[str, str] = MappingProxyType({})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the bucket with its settings."""
        region = cls.world.region
        elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
        cls.api.call("s3", "CreateBucket", {"Bucket": name, **elsewhere})
        bucket = cls(
            name,
            {
                "Arn": f"arn:aws:s3:::{name}",
                "DomainName": f"{name}.s3.amazonaws.com",
                "RegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
            },
        )
        bucket._set = set()
        with bucket.gone_if_it_fails():
            return bucket.change(properties)

    _set: set[str]

    def change(self, properties: Properties) -> Self:
        """Update the bucket's settings and remove old ones; its objects are kept."""
        for name in self._set - properties.keys():
            operation, more = _UNSET[name]
            self.api.call("s3", operation, {"Bucket": self.physical_resource_id, **more})
        self._set = set()
        for name, value in properties.items():
            if name == self.name_property:
                continue
            if name not in _SETTINGS:
                raise PropertyError(
                    f"the local AWS does not know the property {name} of {self.type_name}; it knows "
                    f"{self.name_property}, {', '.join(_SETTINGS)}"
                )
            self._set.add(name)
            operation, arguments = _SETTINGS[name]
            self.api.call("s3", operation, {"Bucket": self.physical_resource_id, **arguments(value)})
        self._mark()
        return self

    def belong_to(self, stack_id: str, stack_name: str, logical_id: str) -> None:
        """Tag the bucket as CloudFormation does, with reserved tags, which S3's API cannot set."""
        self.marks = {"stack-id": stack_id, "stack-name": stack_name, "logical-id": logical_id}
        self._mark()

    def _mark(self) -> None:
        tags = [{"Key": f"aws:cloudformation:{name}", "Value": value} for name, value in self.marks.items()]
        s3_backends[ACCOUNT]["aws"].tagger.tag_resource(self.attributes["Arn"], tags)

    def delete(self) -> None:
        """Delete the bucket; S3 rejects this if it is not empty."""
        self.api.call("s3", "DeleteBucket", {"Bucket": self.physical_resource_id})


class BucketPolicy(ApiResource):
    """AWS::S3::BucketPolicy: its Ref is the bucket's name."""

    type_name = "AWS::S3::BucketPolicy"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:  # noqa: ARG003 - it has no name
        """Set the policy of the bucket."""
        return cls(properties["Bucket"]).change(properties)

    def change(self, properties: Properties) -> Self:
        """Replace the policy."""
        if unknown := unknown_condition(properties["PolicyDocument"]):
            raise PropertyError(f"the local AWS cannot judge the condition {unknown} of a bucket's policy")
        self.api.call("s3", "PutBucketPolicy", {"Bucket": properties["Bucket"], "Policy": properties["PolicyDocument"]})
        return type(self)(properties["Bucket"])

    def delete(self) -> None:
        """Delete the policy."""
        self.api.call("s3", "DeleteBucketPolicy", {"Bucket": self.physical_resource_id})
