"""AWS::Logs::LogGroup; AWS::SNS::Topic, TopicPolicy and Subscription; AWS::CloudWatch::Alarm."""

from __future__ import annotations

from typing import Self

from local_aws.cloudformation.resource_types.api import as_text, tag_map
from local_aws.cloudformation.resource_types.base import ApiResource, Properties


class LogGroup(ApiResource):
    """AWS::Logs::LogGroup: its Ref is its name."""

    type_name = "AWS::Logs::LogGroup"
    name_property = "LogGroupName"
    longest_name = 512

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the log group and set how long it keeps."""
        given = {key: value for key, value in properties.items() if key != "RetentionInDays"}
        if "Tags" in given:
            given["Tags"] = tag_map(properties)
        cls.api.call("logs", "CreateLogGroup", {**given, "LogGroupName": name})
        group = cls(name)
        group.attributes["Arn"] = group.arn("logs", f"log-group:{name}:*")
        return group.change(properties)

    def change(self, properties: Properties) -> Self:
        """Change how long it keeps; its lines stay."""
        if "RetentionInDays" in properties:
            keep = {"LogGroupName": self.physical_resource_id, "RetentionInDays": properties["RetentionInDays"]}
            self.api.call("logs", "PutRetentionPolicy", keep)
        return self

    def delete(self) -> None:
        """Delete the log group."""
        self.api.call("logs", "DeleteLogGroup", {"LogGroupName": self.physical_resource_id})


class Topic(ApiResource):
    """AWS::SNS::Topic: its Ref is its ARN."""

    type_name = "AWS::SNS::Topic"
    name_property = "TopicName"
    longest_name = 256

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the topic with its subscriptions."""
        plain = ("TopicName", "Subscription", "Tags")
        attributes = {key: as_text(value) for key, value in properties.items() if key not in plain}
        given = {"Name": name, "Attributes": attributes, "Tags": properties.get("Tags", [])}
        arn = cls.api.call("sns", "CreateTopic", given)["TopicArn"]
        for subscription in properties.get("Subscription", []):
            cls.api.call("sns", "Subscribe", {"TopicArn": arn, **subscription})
        return cls(arn, {"TopicArn": arn, "TopicName": name})

    def change(self, properties: Properties) -> Self:
        """Change the attributes; subscriptions stay."""
        for name, value in properties.items():
            if name not in ("TopicName", "Subscription", "Tags"):
                given = {"TopicArn": self.physical_resource_id, "AttributeName": name, "AttributeValue": value}
                self.api.call("sns", "SetTopicAttributes", given)
        return self

    def delete(self) -> None:
        """Delete the topic."""
        self.api.call("sns", "DeleteTopic", {"TopicArn": self.physical_resource_id})


class TopicPolicy(ApiResource):
    """AWS::SNS::TopicPolicy: its Ref is a name made up."""

    type_name = "AWS::SNS::TopicPolicy"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Give the policy to each of the topics."""
        return cls(name).change(properties)

    def change(self, properties: Properties) -> Self:
        """Replace the policy."""
        for topic in properties["Topics"]:
            given = {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": properties["PolicyDocument"]}
            self.api.call("sns", "SetTopicAttributes", given)
        return self

    def delete(self) -> None:
        """Leave it: the topics are of the same stack and go with it."""


class Subscription(ApiResource):
    """AWS::SNS::Subscription: its Ref is its ARN."""

    type_name = "AWS::SNS::Subscription"

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:  # noqa: ARG003 - it has no name
        """Subscribe the endpoint."""
        arn = cls.api.call("sns", "Subscribe", {**properties, "ReturnSubscriptionArn": True})["SubscriptionArn"]
        return cls(arn, {"Arn": arn})

    def change(self, properties: Properties) -> Self:
        """Subscribe anew."""
        self.delete()
        return type(self).create("", properties)

    def delete(self) -> None:
        """End the subscription."""
        self.api.call("sns", "Unsubscribe", {"SubscriptionArn": self.physical_resource_id})


class Alarm(ApiResource):
    """AWS::CloudWatch::Alarm: its Ref is its name."""

    type_name = "AWS::CloudWatch::Alarm"
    name_property = "AlarmName"
    longest_name = 255

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the alarm."""
        alarm = cls(name)
        alarm.attributes["Arn"] = alarm.arn("cloudwatch", f"alarm:{name}")
        return alarm.change(properties)

    def change(self, properties: Properties) -> Self:
        """Put the alarm again, changed."""
        self.api.call("cloudwatch", "PutMetricAlarm", {**properties, "AlarmName": self.physical_resource_id})
        return self

    def delete(self) -> None:
        """Delete the alarm."""
        self.api.call("cloudwatch", "DeleteAlarms", {"AlarmNames": [self.physical_resource_id]})
