"""The crawl of one table: compare the folders below its location with its partitions, and add missing ones."""

from __future__ import annotations

import datetime
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from local_aws.iam.callers import AccessDeniedError

PARTITIONS_PER_CALL = 100
"""The limit of BatchCreatePartition."""

_WHOLE_NUMBERS = {"tinyint": 8, "smallint": 16, "int": 32, "integer": 32, "bigint": 64}


class CrawlError(Exception):
    """The crawl failed; the message is the crawl's ErrorMessage."""


def fits(value: str, kind: str) -> bool:
    """Whether a folder's value is valid for a partition key of a Hive type."""
    if kind in _WHOLE_NUMBERS:
        limit = 2 ** (_WHOLE_NUMBERS[kind] - 1)
        return re.fullmatch(r"-?\d{1,19}", value) is not None and -limit <= int(value) < limit
    if kind == "date":
        try:
            datetime.date.fromisoformat(value)
        except ValueError:
            return False
        return re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None
    if kind == "boolean":
        return value in ("true", "false")
    return bool(value)


def partition_of(path: str, keys: Sequence[Mapping[str, str]]) -> tuple[tuple[str, ...], str] | str:
    """The partition of an object, as values and folder; else the reason why it is in none.

    `path` is the object's key below the table's location.
    """
    folders = path.split("/")[:-1]
    if len(folders) < len(keys):
        return "it is above the partitions' folders"
    values = []
    for folder, key in zip(folders, keys, strict=False):
        name, equals, value = folder.partition("=")
        if not equals or name.lower() != key["Name"].lower():
            return f"the folder {folder} is not of the form {key['Name']}=VALUE"
        value = unquote(value)
        if not fits(value, key["Type"]):
            return f"{value!r} is no {key['Type']}, the type of the partition key {key['Name']}"
        values.append(value)
    return tuple(values), "/".join(folders[: len(keys)]) + "/"


class Tables:
    """Crawls tables with the given clients. `say` writes a log line, `cancelled` ends a crawl early.

    `may_read` raises AccessDeniedError for an object that the crawler's role may not read.
    """

    def __init__(
        self,
        glue: Any,
        s3: Any,
        *,
        may_change_tables: bool,
        may_read: Callable[[str], None],
        say: Callable[[str], None],
        cancelled: threading.Event,
    ) -> None:
        self._glue = glue
        self._s3 = s3
        self._may_change_tables = may_change_tables
        self._may_read = may_read
        self._say = say
        self._cancelled = cancelled

    def crawl(self, database: str, name: str) -> int:
        """Add the table's missing partitions; return their number. Raises CrawlError."""
        if self._may_change_tables:
            raise CrawlError(
                "the local AWS crawls only with UpdateBehavior LOG: it does not derive tables from files, "
                f"and {database}.{name} would silently stay unchanged"
            )
        table = self._glue.get_table(DatabaseName=database, Name=name)["Table"]
        if "compressionType" not in table.get("Parameters", {}):
            self._deprecate(database, table)
            return 0
        found = self._found(table)
        known = self._known(database, name)
        for values in sorted(known - set(found)):
            self._say(f"INFO : {database}.{name}: partition {values} has no objects any more; DeleteBehavior is LOG")
        missing = {values: path for values, path in found.items() if values not in known}
        for path in missing.values():
            # As a crawler does, which reads the first object of a new partition. What is in it changes nothing here.
            try:
                self._may_read(path)
            except AccessDeniedError as refused:
                raise CrawlError(f"{path} could not be read: {refused}") from refused
        self._add(database, table, missing)
        return len(missing)

    def _objects(self, bucket: str, prefix: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            if self._cancelled.is_set():
                return
            for entry in page.get("Contents", []):
                if not entry["Key"].endswith("/"):  # an empty folder of the console
                    yield entry["Key"][len(prefix) :]

    def _found(self, table: dict[str, Any]) -> dict[tuple[str, ...], str]:
        """The partitions in S3: their values, and the URI of an object in each."""
        location = _as_folder(table["StorageDescriptor"]["Location"])
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        found: dict[tuple[str, ...], str] = {}
        strangers: dict[str, str] = {}
        for path in self._objects(bucket, prefix):
            placed = partition_of(path, table.get("PartitionKeys", []))
            if isinstance(placed, str):
                strangers.setdefault(placed, path)
            else:
                found.setdefault(placed[0], f"{location}{path}")
        for reason, example in strangers.items():
            self._say(f"WARN : not registered: {location}{example} and others like it: {reason}")
        return found

    def _known(self, database: str, name: str) -> set[tuple[str, ...]]:
        pages = self._glue.get_paginator("get_partitions").paginate(
            DatabaseName=database, TableName=name, ExcludeColumnSchema=True
        )
        return {tuple(partition["Values"]) for page in pages for partition in page["Partitions"]}

    def _add(self, database: str, table: dict[str, Any], missing: dict[tuple[str, ...], str]) -> None:
        location = _as_folder(table["StorageDescriptor"]["Location"])
        keys = table.get("PartitionKeys", [])
        inputs = [
            {
                "Values": list(values),
                # InheritFromTable: columns and format are the table's, whatever the files say.
                "StorageDescriptor": {
                    **table["StorageDescriptor"],
                    "Location": location + partition_of(path.removeprefix(location), keys)[1],
                },
                "Parameters": dict(table.get("Parameters", {})),
            }
            for values, path in sorted(missing.items())
        ]
        for first in range(0, len(inputs), PARTITIONS_PER_CALL):
            if self._cancelled.is_set():
                return
            answer = self._glue.batch_create_partition(
                DatabaseName=database,
                TableName=table["Name"],
                PartitionInputList=inputs[first : first + PARTITIONS_PER_CALL],
            )
            for refused in answer.get("Errors", []):
                raise CrawlError(f"partition {refused['PartitionValues']} was refused: {refused['ErrorDetail']}")
        for values in sorted(missing):
            self._say(f"INFO : {database}.{table['Name']}: partition {values} added")

    def _deprecate(self, database: str, table: dict[str, Any]) -> None:
        """The behaviour of AWS's crawler for a table without compressionType."""
        self._say(
            f"WARN : {database}.{table['Name']} has no parameter compressionType: the files don't match the table, "
            "which is now marked as deprecated; nothing was registered"
        )
        deprecate(self._glue, database, table)


def deprecate(glue: Any, database: str, table: Mapping[str, Any]) -> None:
    """Mark a table as AWS's crawler does where the files no longer match it."""
    readable = ("CreateTime", "UpdateTime", "CreatedBy", "DatabaseName", "IsRegisteredWithLakeFormation")
    unwritable = {*readable, "CatalogId", "VersionId", "IsMultiDialectView", "IsMaterializedView"}
    given = {key: value for key, value in table.items() if key not in unwritable}
    given["Parameters"] = {**table.get("Parameters", {}), "DEPRECATED_BY_CRAWLER": str(int(time.time() * 1000))}
    glue.update_table(DatabaseName=database, TableInput=given)


def _as_folder(location: str) -> str:
    return location if location.endswith("/") else location + "/"
