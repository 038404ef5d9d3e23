"""The catalog: the columns of the table, the snapshot that the view publishes, the registered partitions.

Only this module knows boto3's Glue client.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from mhealth.errors import PartitionMismatch, SchemaMismatch
from mhealth.io.descriptions import with_comment

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import PartitionInputTypeDef

ARROW_TYPES: Mapping[str, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
"""The Hive types that the table may use, and what they are in a Parquet file. Spark has the same names."""

_CREATE_BATCH = 100
_DELETE_BATCH = 25
"""Glue takes no more partitions in one request."""

_VIEW = re.compile(r"/\* Presto View: ([A-Za-z0-9+/=]+) \*/")
_PUBLISHED = re.compile(r'\bsnapshot"?\s*=\s*([0-9]+)\b')


class CatalogError(Exception):
    """The catalog refused a request. Retryable."""


class ViewUnreadable(CatalogError):
    """There is a view, and its statement names no snapshot: it is not known what readers see."""


@dataclass(frozen=True)
class Column:
    """A column of the table: its name and Hive type, both in lower case, and its comment."""

    name: str
    type: str
    comment: str = ""

    def __str__(self) -> str:
        """The column as in DDL."""
        return f"{self.name} {self.type}" + (f" COMMENT '{self.comment}'" if self.comment else "")


@dataclass(frozen=True)
class TableDefinition:
    """The table as CloudFormation defined it: columns in order, then the partition keys."""

    name: str
    columns: tuple[Column, ...]
    partition_keys: tuple[Column, ...]

    def arrow_schema(self) -> pa.Schema:
        """The schema that every file of the table has, with the comments and units of its columns as metadata."""
        return pa.schema(
            [with_comment(pa.field(column.name, ARROW_TYPES[column.type]), column.comment) for column in self.columns]
        )


class Catalog(Protocol):
    """What job 2 needs of a catalog."""

    registers_partitions: bool
    """Whether there is a view and partitions: without, no snapshot can expire, as none is known as published."""

    def table(self) -> TableDefinition:
        """The definition of the table. Raises SchemaMismatch where there is none."""

    def published(self, view: str) -> int | None:
        """The snapshot that the view names, None where there is no view. Raises CatalogError, ViewUnreadable."""

    def register(self, snapshot: int, folders: Mapping[int, str]) -> int:
        """Add the snapshot's partitions that are missing; returns how many. `folders` has the location of each subject.

        Raises PartitionMismatch where one exists and differs, CatalogError.
        """

    def drop_partitions(self, snapshot: int) -> int:
        """Remove the snapshot's partitions; returns how many there were. Raises CatalogError."""


def catalog_at(reference: str) -> Catalog:
    """The catalog that holds the table `DATABASE.TABLE`, or the file of a table's definition (`file:///...`)."""
    if reference.startswith("file://"):
        return _TableFile(Path(reference.removeprefix("file://")))
    database, _, table = reference.partition(".")
    return _GlueCatalog(database, table)


def _definition(name: str, table: Mapping[str, Any]) -> TableDefinition:
    def columns(found: Iterable[Mapping[str, Any]]) -> tuple[Column, ...]:
        return tuple(
            Column(column["Name"].lower(), column["Type"].lower(), column.get("Comment", "")) for column in found
        )

    return TableDefinition(
        name, columns(table["StorageDescriptor"]["Columns"]), columns(table.get("PartitionKeys", ()))
    )


class _TableFile:
    """A JSON file with what Glue calls a TableInput."""

    registers_partitions = False

    def __init__(self, path: Path) -> None:
        self._path = path

    def table(self) -> TableDefinition:
        try:
            return _definition(str(self._path), json.loads(self._path.read_bytes()))
        except (OSError, ValueError, KeyError) as error:
            raise SchemaMismatch(
                f"--table: {self._path} holds no table definition ({type(error).__name__}: {error}). Expected is the "
                "JSON of a Glue TableInput."
            ) from error

    def published(self, view: str) -> int | None:  # noqa: ARG002
        return None

    def register(self, snapshot: int, folders: Mapping[int, str]) -> int:  # noqa: ARG002
        return 0

    def drop_partitions(self, snapshot: int) -> int:  # noqa: ARG002
        return 0


class _GlueCatalog:
    """The Glue Data Catalog, through boto3: credentials, region and endpoint come from its own chain."""

    registers_partitions = True

    def __init__(self, database: str, table: str) -> None:
        import boto3

        self._database = database
        self._table = table
        self._client: GlueClient = boto3.client("glue")

    def _get(self, name: str) -> Mapping[str, Any] | None:
        try:
            return self._client.get_table(DatabaseName=self._database, Name=name)["Table"]
        except self._client.exceptions.EntityNotFoundException:
            return None

    @property
    def _name(self) -> str:
        return f"{self._database}.{self._table}"

    def _described(self) -> Mapping[str, Any]:
        found = self._get(self._table)
        if found is None:
            raise SchemaMismatch(f"the catalog has no table {self._name}: deploy the stack again. Not retryable.")
        return found

    def table(self) -> TableDefinition:
        return _definition(self._name, self._described())

    def published(self, view: str) -> int | None:
        found = self._get(view)
        return None if found is None else published_snapshot(view, found.get("ViewOriginalText", ""))

    def register(self, snapshot: int, folders: Mapping[int, str]) -> int:
        table = self._described()
        wanted: dict[tuple[str, ...], dict[str, Any]] = {
            (str(snapshot), str(subject)): {**table["StorageDescriptor"], "Location": folder}
            for subject, folder in sorted(folders.items())
        }
        missing = self._missing(snapshot, wanted)
        for start in range(0, len(missing), _CREATE_BATCH):
            partitions: list[PartitionInputTypeDef] = [
                # The same as by a crawler with InheritFromTable.
                {"Values": list(values), "StorageDescriptor": wanted[values], "Parameters": table.get("Parameters", {})}  # type: ignore[typeddict-item]
                for values in missing[start : start + _CREATE_BATCH]
            ]
            answer = self._client.batch_create_partition(
                DatabaseName=self._database, TableName=self._table, PartitionInputList=partitions
            )
            errors = [error for error in answer.get("Errors", []) if not _is_named(error, "AlreadyExistsException")]
            if errors:
                raise CatalogError(
                    f"{len(errors)} partitions of snapshot {snapshot} were not added to {self._name}, the first: "
                    f"{errors[0]}. Retryable: start the execution again."
                )
            if answer.get("Errors"):
                # Another run adds them at the same time: they must be the same.
                self._missing(snapshot, wanted)
        return len(missing)

    def _missing(self, snapshot: int, wanted: Mapping[tuple[str, ...], Mapping[str, Any]]) -> list[tuple[str, ...]]:
        """The values of the partitions that the catalog does not have. Raises PartitionMismatch."""
        pages = self._client.get_paginator("get_partitions").paginate(
            DatabaseName=self._database, TableName=self._table, Expression=f"snapshot = {snapshot}"
        )
        there = {
            tuple(partition["Values"]): partition["StorageDescriptor"]
            for page in pages
            for partition in page["Partitions"]
        }
        for values, storage in wanted.items():
            if values in there and (difference := _difference(there[values], storage)):
                raise PartitionMismatch(
                    f"{self._name} has the partition snapshot={values[0]}, subject={values[1]} already, with "
                    f"{difference}. Not retryable: somebody else made it. ALTER TABLE {self._table} DROP PARTITION "
                    f"(snapshot = {values[0]}, subject = {values[1]}) in Athena, then start a new execution."
                )
        return [values for values in wanted if values not in there]

    def drop_partitions(self, snapshot: int) -> int:
        pages = self._client.get_paginator("get_partitions").paginate(
            DatabaseName=self._database,
            TableName=self._table,
            Expression=f"snapshot = {snapshot}",
            ExcludeColumnSchema=True,
        )
        values = [list(partition["Values"]) for page in pages for partition in page["Partitions"]]
        for start in range(0, len(values), _DELETE_BATCH):
            answer = self._client.batch_delete_partition(
                DatabaseName=self._database,
                TableName=self._table,
                PartitionsToDelete=[{"Values": some} for some in values[start : start + _DELETE_BATCH]],
            )
            errors = [error for error in answer.get("Errors", []) if not _is_named(error, "EntityNotFoundException")]
            if errors:
                raise CatalogError(
                    f"{len(errors)} partitions of snapshot {snapshot} were not removed from the catalog, the first: "
                    f"{errors[0]}. Its files stay. Retryable."
                )
        return len(values)


def _is_named(error: Mapping[str, Any], name: str) -> bool:
    return bool(error.get("ErrorDetail", {}).get("ErrorCode") == name)


def _difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str | None:
    """How a partition differs from the wanted one; None where it does not.

    A partition that was registered before the table got a column may lack that column, as its files do.
    """

    def read(storage: Mapping[str, Any]) -> dict[str, object]:
        serde = storage.get("SerdeInfo", {}).get("SerializationLibrary")
        return {
            "location": storage.get("Location", "").rstrip("/"),
            "format": storage.get("InputFormat"),
            "SerDe": serde,
        }

    for what, value in read(wanted).items():
        if (other := read(found)[what]) != value:
            return f"the {what} {other} where {value} is expected"
    types = {column["Name"].lower(): column["Type"].lower() for column in wanted.get("Columns", ())}
    for column in found.get("Columns", ()):
        if (expected := types.get(column["Name"].lower())) != column["Type"].lower():
            return f"the column {column['Name']} {column['Type']} where {expected or 'no such column'} is expected"
    return None


def published_snapshot(view: str, text: str) -> int:
    """The snapshot that a view's ViewOriginalText selects. Raises ViewUnreadable where it selects no one."""
    match = _VIEW.fullmatch(text.strip())
    try:
        sql = str(json.loads(base64.b64decode(match.group(1)))["originalSql"]) if match else ""
    except (ValueError, KeyError, TypeError):  # no base64, no JSON, or another document
        sql = ""
    named = set(_PUBLISHED.findall(sql))
    if len(named) != 1:
        raise ViewUnreadable(
            f"the view {view} names no snapshot (found {(sql or text)[:200]!r}, expected `... WHERE snapshot = N`). "
            "The next publication replaces it. Not retryable."
        )
    return int(named.pop())
