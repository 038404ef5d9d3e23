"""AWS::Athena::WorkGroup and NamedQuery."""

from __future__ import annotations

from typing import Self

from moto.athena.models import athena_backends

from local_aws.cloudformation.resource_types.base import ApiResource, Properties
from local_aws.core.world import ACCOUNT


class WorkGroup(ApiResource):
    """AWS::Athena::WorkGroup: its Ref is its name."""

    type_name = "AWS::Athena::WorkGroup"
    name_property = "Name"
    longest_name = 128

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the workgroup, with a Description, which moto requires."""
        given = {"Description": "", "Configuration": properties.get("WorkGroupConfiguration", {}), **properties}
        # Two properties of CloudFormation only, and one that CreateWorkGroup does not have.
        for name_of_property in ("WorkGroupConfiguration", "RecursiveDeleteOption", "State"):
            given.pop(name_of_property, None)
        cls.api.call("athena", "CreateWorkGroup", {**given, "Name": name})
        athena_backends[ACCOUNT][cls.world.region].work_groups[name].state = properties.get("State", "ENABLED")
        return cls(name)

    def delete(self) -> None:
        """Delete the workgroup."""
        self.api.call("athena", "DeleteWorkGroup", {"WorkGroup": self.physical_resource_id})


class NamedQuery(ApiResource):
    """AWS::Athena::NamedQuery: its Ref is its id."""

    type_name = "AWS::Athena::NamedQuery"
    name_property = "Name"
    longest_name = 128

    @classmethod
    def create(cls, name: str, properties: Properties) -> Self:
        """Create the query, with a WorkGroup, for which moto has no default."""
        given = {"WorkGroup": "primary", **properties, "Name": name}
        made = cls.api.call("athena", "CreateNamedQuery", given)
        return cls(made["NamedQueryId"], {"NamedQueryId": made["NamedQueryId"]})

    def change(self, properties: Properties) -> Self:
        """Create the query again: it gets a new id, as on AWS."""
        queries = athena_backends[ACCOUNT][self.world.region].named_queries
        name = queries[self.physical_resource_id].name
        return type(self).create(properties.get("Name", name), properties)

    def delete(self) -> None:
        """Delete the query directly, as moto has no such call."""
        athena_backends[ACCOUNT][self.world.region].named_queries.pop(self.physical_resource_id, None)
