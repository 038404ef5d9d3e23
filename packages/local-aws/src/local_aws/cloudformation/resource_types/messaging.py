"""AWS::SNS::Topic, TopicPolicy and Subscription; AWS::SQS::Queue and QueuePolicy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from local_aws.cloudformation.resource_types.api import PropertyError, as_document, tag_map
from local_aws.cloudformation.resource_types.base import ApiResource, Properties

# Both services accept attributes of any name: only CloudFormation knows which ones exist.
_TOPIC = (
    "ArchivePolicy",
    "ContentBasedDeduplication",
    "DataProtectionPolicy",
    "DisplayName",
    "FifoThroughputScope",
    "FifoTopic",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
)
_QUEUE = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
)


_SUBSCRIPTION = ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery")


def attributes(type_name: str, properties: Properties, known: Sequence[str], others: Sequence[str]) -> dict[str, str]:
    """The properties that are attributes, as strings. Raises PropertyError for ones not in `others`."""
    unknown = sorted(properties.keys() - {*known, *others})
    if unknown:
        raise PropertyError(f"{type_name} has no property {', '.join(unknown)}; it has {', '.join((*known, *others))}")
    return {name: as_document(value) for name, value in properties.items() if name in known}


class Topic(ApiResource):
    """AWS::SNS::Topic: its Ref is its ARN."""

    type_name = "AWS::SNS::Topic"
    name_property = "TopicName"
    longest_name = 256

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the topic with its subscriptions."""
        given = {"Name": name, "Attributes": cls._attributes(properties), "Tags": properties.get("Tags", [])}
        arn = cls.api.call("sns", "CreateTopic", given)["TopicArn"]
        for subscription in properties.get("Subscription", []):
            cls.api.call("sns", "Subscribe", {"TopicArn": arn, **subscription})
        return cls(arn, {"TopicArn": arn, "TopicName": name})

    def change(self, properties: Properties) -> Self:
        """Change the attributes; subscriptions are kept."""
        unset = {"DisplayName": "", "KmsMasterKeyId": ""}
        for name, value in {**unset, **self._attributes(properties)}.items():
            given = {"TopicArn": self.physical_resource_id, "AttributeName": name, "AttributeValue": value}
            self.api.call("sns", "SetTopicAttributes", given)
        return self

    @classmethod
    def _attributes(cls, properties: Properties) -> dict[str, str]:
        return attributes(cls.type_name, properties, _TOPIC, ("TopicName", "Subscription", "Tags"))

    def delete(self) -> None:
        """Delete the topic."""
        self.api.call("sns", "DeleteTopic", {"TopicArn": self.physical_resource_id})


class TopicPolicy(ApiResource):
    """AWS::SNS::TopicPolicy: its Ref is a generated name."""

    type_name = "AWS::SNS::TopicPolicy"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Set the policy of each topic."""
        return cls(name).change(properties)

    def change(self, properties: Properties) -> Self:
        """Replace the policy."""
        for topic in properties["Topics"]:
            given = {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": properties["PolicyDocument"]}
            self.api.call("sns", "SetTopicAttributes", given)
        return self

    def delete(self) -> None:
        """Do nothing: the topics are deleted with the stack."""


class Subscription(ApiResource):
    """AWS::SNS::Subscription: its Ref is its ARN."""

    type_name = "AWS::SNS::Subscription"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:  # noqa: ARG003 - it has no name
        """Subscribe the endpoint."""
        given: Properties = {key: value for key, value in properties.items() if key not in _SUBSCRIPTION}
        named = {key: as_document(value) for key, value in properties.items() if key in _SUBSCRIPTION}
        given |= {"Attributes": named, "ReturnSubscriptionArn": True}
        arn = cls.api.call("sns", "Subscribe", given)["SubscriptionArn"]
        return cls(arn, {"Arn": arn})

    def change(self, properties: Properties) -> Self:
        """Subscribe anew."""
        return type(self).create("", properties)

    def delete(self) -> None:
        """Delete the subscription."""
        self.api.call("sns", "Unsubscribe", {"SubscriptionArn": self.physical_resource_id})


class Queue(ApiResource):
    """AWS::SQS::Queue: its Ref is its URL."""

    type_name = "AWS::SQS::Queue"
    name_property = "QueueName"
    longest_name = 80

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the queue."""
        given = {"QueueName": name, "Attributes": cls._attributes(properties), "tags": tag_map(properties)}
        url = cls.api.call("sqs", "CreateQueue", given)["QueueUrl"]
        queue = cls(url, {"QueueName": name, "QueueUrl": url})
        queue.attributes["Arn"] = queue.arn("sqs", name)
        return queue

    def change(self, properties: Properties) -> Self:
        """Change the attributes; messages are kept."""
        wanted = {"KmsMasterKeyId": "", **self._attributes(properties)}
        given = {"QueueUrl": self.physical_resource_id, "Attributes": wanted}
        self.api.call("sqs", "SetQueueAttributes", given)
        return self

    def delete(self) -> None:
        """Delete the queue with its messages."""
        self.api.call("sqs", "DeleteQueue", {"QueueUrl": self.physical_resource_id})

    @classmethod
    def _attributes(cls, properties: Properties) -> dict[str, str]:
        return attributes(cls.type_name, properties, _QUEUE, (cls.name_property, "Tags"))


class QueuePolicy(ApiResource):
    """AWS::SQS::QueuePolicy: its Ref is a generated name."""

    type_name = "AWS::SQS::QueuePolicy"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Set the policy of each queue."""
        return cls(name, {"Id": name}).change(properties)

    def change(self, properties: Properties) -> Self:
        """Replace the policy."""
        policy = {"Policy": as_document(properties["PolicyDocument"])}
        for queue in properties["Queues"]:
            self.api.call("sqs", "SetQueueAttributes", {"QueueUrl": queue, "Attributes": policy})
        return self

    def delete(self) -> None:
        """Do nothing: the queues are deleted with the stack."""
