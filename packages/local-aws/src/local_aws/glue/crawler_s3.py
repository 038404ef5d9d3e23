"""What a crawl does to a target in S3: makes a table of each folder that is one, and adds its partitions."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from botocore.exceptions import ClientError

from local_aws.glue.crawler_files import FoundTable, Shape, tables_below
from local_aws.glue.crawler_partitions import PARTITIONS_PER_CALL, CrawlError, deprecate

_INPUT = {
    "csv": "org.apache.hadoop.mapred.TextInputFormat",
    "json": "org.apache.hadoop.mapred.TextInputFormat",
    "parquet": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
}
_OUTPUT = {
    "csv": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "json": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "parquet": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
}
_SERDE = {
    "csv": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    "json": "org.openx.data.jsonserde.JsonSerDe",
    "parquet": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
}


class S3Targets:
    """Crawls targets in S3 with the given clients. `say` takes a line of the log, `cancelled` ends a crawl early."""

    def __init__(
        self,
        glue: Any,
        s3: Any,
        *,
        database: str,
        prefix: str,
        crawler: str,
        policy: Mapping[str, str],
        require_rights: Callable[[str, str], None],
        say: Callable[[str], None],
        cancelled: threading.Event,
    ) -> None:
        self._glue = glue
        self._s3 = s3
        self._database = database
        self._prefix = prefix
        self._crawler = crawler
        self._policy = policy
        self._seen: set[str] = set()
        self._require_rights = require_rights
        self._say = say
        self._cancelled = cancelled

    def crawl(self, target: Mapping[str, Any]) -> int:
        """Make or update the target's tables; return how many partitions were added. Raises CrawlError."""
        bucket, _, prefix = str(target["Path"]).removeprefix("s3://").partition("/")
        prefix = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
        files = self._files(bucket, prefix, target.get("Exclusions", []))
        if not files:
            self._say(f"WARN : {target['Path']} has no files: no table")
            return 0

        def read(name: str, size: int | None) -> bytes:
            part = {} if size is None else {"Range": f"bytes=0-{size - 1}"}
            try:
                with contextlib.closing(self._s3.get_object(Bucket=bucket, Key=name, **part)["Body"]) as body:
                    return bytes(body.read())
            except ClientError as refused:
                raise CrawlError(f"s3://{bucket}/{name} could not be read: {refused}") from refused

        return sum(self._table(bucket, table) for table in tables_below(prefix, files, read))

    def treat_missing(self) -> None:
        """Do with the tables that this crawler made, and found no more, what the policy's DeleteBehavior says."""
        behavior = self._policy.get("DeleteBehavior", "DEPRECATE_IN_DATABASE")
        for page in self._glue.get_paginator("get_tables").paginate(DatabaseName=self._database):
            for table in page["TableList"]:
                parameters = table.get("Parameters", {})
                if parameters.get("UPDATED_BY_CRAWLER") != self._crawler or table["Name"] in self._seen:
                    continue
                self._say(
                    f"INFO : {self._database}.{table['Name']} has no files any more; DeleteBehavior is {behavior}"
                )
                if behavior == "DELETE_FROM_DATABASE":
                    self._glue.delete_table(DatabaseName=self._database, Name=table["Name"])
                elif behavior == "DEPRECATE_IN_DATABASE":
                    deprecate(self._glue, self._database, table)

    def _files(self, bucket: str, prefix: str, exclusions: list[str]) -> list[str]:
        found = []
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                way = entry["Key"][len(prefix) :]
                hidden = any(part.startswith(("_", ".")) for part in way.split("/"))
                excluded = any(fnmatchcase(way, pattern.replace("**", "*")) for pattern in exclusions)
                if entry["Size"] and way and not hidden and not excluded:
                    found.append(entry["Key"])
        return found

    def _table(self, bucket: str, table: FoundTable) -> int:
        own = table.folder.rstrip("/").rpartition("/")[2] or bucket
        name = self._prefix + re.sub(r"\W", "_", own.lower())
        self._seen.add(name)
        self._require_rights(self._database, name)
        given = self._input(name, f"s3://{bucket}/{table.folder}", table)
        try:
            existing = self._glue.get_table(DatabaseName=self._database, Name=name)["Table"]
        except self._glue.exceptions.EntityNotFoundException:
            self._glue.create_table(DatabaseName=self._database, TableInput=given)
            self._say(f"INFO : {self._database}.{name} created")
        else:
            may_update = self._policy.get("UpdateBehavior", "UPDATE_IN_DATABASE") != "LOG"
            if may_update and _told(existing) != _told(given):
                self._glue.update_table(DatabaseName=self._database, TableInput=given)
                self._say(f"INFO : {self._database}.{name} updated")
        return self._add_partitions(name, given, table)

    def _input(self, name: str, location: str, table: FoundTable) -> dict[str, Any]:
        shape = table.shape
        return {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [{"Name": key, "Type": "string"} for key in table.keys],
            "Parameters": {
                "classification": shape.format,
                "compressionType": "none",
                "typeOfData": "file",
                "UPDATED_BY_CRAWLER": self._crawler,
                **({"delimiter": shape.delimiter} if shape.format == "csv" else {}),
                **({"skip.header.line.count": "1"} if shape.has_header else {}),
            },
            "StorageDescriptor": {
                "Columns": [{"Name": column, "Type": kind} for column, kind in shape.columns],
                "Location": location,
                "InputFormat": _INPUT[shape.format],
                "OutputFormat": _OUTPUT[shape.format],
                "SerdeInfo": {"SerializationLibrary": _SERDE[shape.format], "Parameters": _serde_parameters(shape)},
            },
        }

    def _add_partitions(self, name: str, given: dict[str, Any], table: FoundTable) -> int:
        if not table.keys:
            return 0
        pages = self._glue.get_paginator("get_partitions").paginate(DatabaseName=self._database, TableName=name)
        known = {tuple(partition["Values"]) for page in pages for partition in page["Partitions"]}
        storage = given["StorageDescriptor"]
        inputs = [
            {"Values": list(values), "StorageDescriptor": {**storage, "Location": f"{storage['Location']}{folder}"}}
            for values, folder in sorted(table.partitions.items())
            if values not in known
        ]
        for first in range(0, len(inputs), PARTITIONS_PER_CALL):
            if self._cancelled.is_set():
                return first
            self._glue.batch_create_partition(
                DatabaseName=self._database,
                TableName=name,
                PartitionInputList=inputs[first : first + PARTITIONS_PER_CALL],
            )
        return len(inputs)


def _serde_parameters(shape: Shape) -> dict[str, str]:
    if shape.format == "csv":
        return {"field.delim": shape.delimiter}
    if shape.format == "json":
        return {"paths": ",".join(sorted(column for column, _ in shape.columns))}
    return {"serialization.format": "1"}


def _told(table: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a change of the files may change."""
    storage = table["StorageDescriptor"]
    return (
        storage["Columns"],
        storage["Location"],
        storage["SerdeInfo"],
        table.get("PartitionKeys", []),
        table["Parameters"].get("skip.header.line.count"),
    )
