"""AWS::Glue::Database, Table, Job, Crawler and SecurityConfiguration."""

from __future__ import annotations

from typing import Self

from moto.glue.models import glue_backends

from local_aws.cloudformation.resource_types.base import ApiResource, Properties
from local_aws.core.world import ACCOUNT


class Database(ApiResource):
    """AWS::Glue::Database: its Ref is its name."""

    type_name = "AWS::Glue::Database"
    lower_case_name = True

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the database, under DatabaseInput's name if it has one."""
        given = {**properties, "DatabaseInput": {"Name": name, **properties.get("DatabaseInput", {})}}
        cls.api.call("glue", "CreateDatabase", given)
        return cls(given["DatabaseInput"]["Name"])

    def change(self, properties: Properties) -> Self:
        """Update the database; its tables are kept."""
        given = {**properties, "DatabaseInput": {"Name": self.physical_resource_id, **properties["DatabaseInput"]}}
        self.api.call("glue", "UpdateDatabase", {"Name": self.physical_resource_id, **given})
        return type(self)(self.physical_resource_id)

    def delete(self) -> None:
        """Delete the database with its tables, as Glue does."""
        self.api.call("glue", "DeleteDatabase", {"Name": self.physical_resource_id})


class Table(ApiResource):
    """AWS::Glue::Table: its Ref is its name."""

    type_name = "AWS::Glue::Table"
    lower_case_name = True

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the table, under TableInput's name if it has one."""
        given = {**properties, "TableInput": {"Name": name, **properties["TableInput"]}}
        cls.api.call("glue", "CreateTable", given)
        table = cls(given["TableInput"]["Name"])
        table.database = properties["DatabaseName"]
        return table

    database: str

    def change(self, properties: Properties) -> Self:
        """Change the definition; the partitions are kept."""
        given = {**properties, "TableInput": {"Name": self.physical_resource_id, **properties["TableInput"]}}
        self.api.call("glue", "UpdateTable", given)
        return self

    def delete(self) -> None:
        """Delete the table with its partitions."""
        self.api.call("glue", "DeleteTable", {"DatabaseName": self.database, "Name": self.physical_resource_id})


class Job(ApiResource):
    """AWS::Glue::Job: its Ref is its name."""

    type_name = "AWS::Glue::Job"
    name_property = "Name"
    longest_name = 255

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the job."""
        cls.api.call("glue", "CreateJob", {**properties, "Name": name})
        return cls(name)

    def change(self, properties: Properties) -> Self:
        """Create the job again with its runs, as moto cannot update a job."""
        jobs = glue_backends[ACCOUNT][self.world.region].jobs
        runs = jobs[self.physical_resource_id].job_runs
        changed = super().change(properties)
        jobs[self.physical_resource_id].job_runs = runs
        return changed

    def delete(self) -> None:
        """Delete the job."""
        self.api.call("glue", "DeleteJob", {"JobName": self.physical_resource_id})


class Crawler(ApiResource):
    """AWS::Glue::Crawler: its Ref is its name."""

    type_name = "AWS::Glue::Crawler"
    name_property = "Name"
    longest_name = 255

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the crawler."""
        given = {**properties, "Name": name}
        if "Schedule" in given:
            given["Schedule"] = given["Schedule"]["ScheduleExpression"]
        cls.api.call("glue", "CreateCrawler", given)
        return cls(name)

    def delete(self) -> None:
        """Delete the crawler."""
        self.api.call("glue", "DeleteCrawler", {"Name": self.physical_resource_id})


class SecurityConfiguration(ApiResource):
    """AWS::Glue::SecurityConfiguration: its Ref is its name."""

    type_name = "AWS::Glue::SecurityConfiguration"
    name_property = "Name"
    longest_name = 255

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the configuration. Glue calls the list of S3 encryptions by another name than CloudFormation."""
        encryption = dict(properties["EncryptionConfiguration"])
        if "S3Encryptions" in encryption:
            encryption["S3Encryption"] = encryption.pop("S3Encryptions")
        given = {**properties, "Name": name, "EncryptionConfiguration": encryption}
        cls.api.call("glue", "CreateSecurityConfiguration", given)
        return cls(name)

    def delete(self) -> None:
        """Delete the configuration."""
        self.api.call("glue", "DeleteSecurityConfiguration", {"Name": self.physical_resource_id})
