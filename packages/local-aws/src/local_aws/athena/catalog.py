"""A consistent view of the Glue catalog for one query: every object is read once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from moto.glue.models import GlueBackend, glue_backends

from local_aws.athena.errors import QueryFailedError
from local_aws.athena.permissions import ADMINISTRATOR, Caller
from local_aws.athena.projection import is_projected, projected
from local_aws.core.world import ACCOUNT

CATALOG = "awsdatacatalog"
PATH = "$path"
"""The pseudo column with a row's file."""
PARTITIONS = "$partitions"
"""The end of the name of the relation with a table's partitions."""


@dataclass(frozen=True)
class Partition:
    """A registered partition: its values as text, in the order of the keys, and its location."""

    values: tuple[str, ...]
    location: str


@dataclass(frozen=True, eq=False)
class Table:
    """A table or view of the catalog. Columns and keys are (name, Hive type) in the catalog's order.

    `comments` has the comment of each column and key that has one, by name.
    """

    database: str
    name: str
    columns: tuple[tuple[str, str], ...]
    keys: tuple[tuple[str, str], ...]
    location: str
    partitions: tuple[Partition, ...]
    comments: dict[str, str]
    input: dict[str, Any]

    @property
    def is_view(self) -> bool:
        """Whether it is a view, which has a query instead of files."""
        return self.input.get("TableType") == "VIRTUAL_VIEW"

    @property
    def all_columns(self) -> tuple[tuple[str, str], ...]:
        """The columns of a query, with the partition keys last."""
        return self.columns + self.keys


def _fields(described: list[dict[str, str]] | None) -> tuple[tuple[str, str], ...]:
    return tuple((field["Name"].lower(), field.get("Type", "string").lower()) for field in described or [])


def _comments(described: list[dict[str, str]]) -> dict[str, str]:
    return {field["Name"].lower(): field["Comment"] for field in described if field.get("Comment")}


def glue(region: str) -> GlueBackend:
    """Moto's Glue of the local AWS's account."""
    return glue_backends[ACCOUNT][region]


class Catalog:
    """The catalog of one query, with the permissions of its caller."""

    def __init__(self, region: str, caller: Caller = ADMINISTRATOR) -> None:
        self._region = region
        self.glue = glue(region)
        self.caller = caller
        self._tables: dict[tuple[str, str], Table | None] = {}

    def databases(self) -> list[str]:
        """Names of all databases, `default` among them as on AWS."""
        return sorted({"default", *list(self.glue.databases)})

    def tables(self, database: str) -> list[Table]:
        """All tables and views of a database, by name."""
        found = self.glue.databases.get(database)
        names = sorted(found.tables) if found else []
        return [table for name in names if (table := self.find(database, name))]

    def find(self, database: str, name: str) -> Table | None:
        """The table or view, None where there is none."""
        key = (database.lower(), name.lower())
        if key not in self._tables:
            self._tables[key] = self._read(*key)
        return self._tables[key]

    def table(self, database: str, name: str, position: tuple[int, int] | None = None) -> Table:
        """The table or view; raises QueryFailedError (SCHEMA_NOT_FOUND, TABLE_NOT_FOUND).

        `TABLE$partitions` has the table's partition keys as columns.
        """
        if name.endswith(PARTITIONS):
            of = self.find(database, name.removesuffix(PARTITIONS))
            if of is not None and of.keys:
                return replace(of, name=name, columns=of.keys, keys=(), partitions=())
        elif found := self.find(database, name):
            return found
        if database.lower() not in self.databases():
            raise QueryFailedError("SCHEMA_NOT_FOUND", f"Schema '{database.lower()}' does not exist", position)
        shown = name.lower() if name.replace("_", "").isalnum() else f'"{name.lower()}"'  # as Trino shows it
        full = f"{CATALOG}.{database.lower()}.{shown}"
        raise QueryFailedError("TABLE_NOT_FOUND", f"Table '{full}' does not exist", position)

    def _read(self, database: str, name: str) -> Table | None:
        self.caller.may_use_table("glue:GetTable", database, name)
        found = self.glue.databases.get(database)
        stored = found.tables.get(name) if found else None
        if stored is None:
            return None
        described = stored.as_dict()
        storage = described.get("StorageDescriptor") or {}
        projecting = bool(described.get("PartitionKeys")) and is_projected(described.get("Parameters") or {})
        if described.get("PartitionKeys") and not projecting:
            for action in ("glue:GetPartitions", "glue:GetPartition"):
                self.caller.may_use_table(action, database, name)
        partitions = []
        # A list of the values is one step for other threads, the crawler may be adding partitions.
        if projecting:
            partitions = [Partition(*each) for each in projected(described, self._region)]
        for partition in [] if projecting else list(stored.partitions.values()):
            own = partition.partition_input.get("StorageDescriptor") or {}
            partitions.append(Partition(tuple(map(str, partition.values)), own.get("Location", "")))
        return Table(
            database=database,
            name=name,
            columns=_fields(storage.get("Columns")),
            keys=_fields(described.get("PartitionKeys")),
            location=storage.get("Location", ""),
            partitions=tuple(partitions),
            comments=_comments([*(storage.get("Columns") or []), *(described.get("PartitionKeys") or [])]),
            input=described,
        )
