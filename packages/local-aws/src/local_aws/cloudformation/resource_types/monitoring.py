"""AWS::Logs::LogGroup; AWS::CloudWatch::Alarm and Dashboard."""

from __future__ import annotations

from typing import Self

from local_aws.cloudformation.resource_types.api import tag_map
from local_aws.cloudformation.resource_types.base import ApiResource, Properties


class LogGroup(ApiResource):
    """AWS::Logs::LogGroup: its Ref is its name."""

    type_name = "AWS::Logs::LogGroup"
    name_property = "LogGroupName"
    longest_name = 512

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the log group and set its retention."""
        given = {key: value for key, value in properties.items() if key != "RetentionInDays"}
        if "Tags" in given:
            given["Tags"] = tag_map(properties)
        cls.api.call("logs", "CreateLogGroup", {**given, "LogGroupName": name})
        group = cls(name)
        group.attributes["Arn"] = group.arn("logs", f"log-group:{name}:*")
        with group.gone_if_it_fails():
            group._keep(properties)
        return group

    def change(self, properties: Properties) -> Self:
        """Change retention and key; log lines are kept."""
        self._keep(properties)
        group = {"LogGroupName": self.physical_resource_id}
        if "KmsKeyId" in properties:
            self.api.call("logs", "AssociateKmsKey", {**group, "KmsKeyId": properties["KmsKeyId"]})
        else:
            self.api.call("logs", "DisassociateKmsKey", group)
        return self

    def _keep(self, properties: Properties) -> None:
        group = {"LogGroupName": self.physical_resource_id}
        if "RetentionInDays" in properties:
            self.api.call("logs", "PutRetentionPolicy", {**group, "RetentionInDays": properties["RetentionInDays"]})
        else:
            self.api.call("logs", "DeleteRetentionPolicy", group)

    def delete(self) -> None:
        """Delete the log group."""
        self.api.call("logs", "DeleteLogGroup", {"LogGroupName": self.physical_resource_id})


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
        """Update the alarm."""
        # ActionsEnabled is true by default on AWS, but false in moto.
        given = {"ActionsEnabled": True, **properties, "AlarmName": self.physical_resource_id}
        self.api.call("cloudwatch", "PutMetricAlarm", given)
        return self

    def delete(self) -> None:
        """Delete the alarm."""
        self.api.call("cloudwatch", "DeleteAlarms", {"AlarmNames": [self.physical_resource_id]})


class Dashboard(ApiResource):
    """AWS::CloudWatch::Dashboard: its Ref is its name."""

    type_name = "AWS::CloudWatch::Dashboard"
    name_property = "DashboardName"
    longest_name = 255

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the dashboard."""
        return cls(name).change(properties)

    def change(self, properties: Properties) -> Self:
        """Replace the body of the dashboard."""
        self.api.call("cloudwatch", "PutDashboard", {**properties, "DashboardName": self.physical_resource_id})
        return self

    def delete(self) -> None:
        """Delete the dashboard."""
        self.api.call("cloudwatch", "DeleteDashboards", {"DashboardNames": [self.physical_resource_id]})
