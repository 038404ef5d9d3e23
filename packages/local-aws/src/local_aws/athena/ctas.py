"""CREATE TABLE ... AS: a query's rows as Parquet files in S3, and a table over them."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from local_aws.athena.catalog import CATALOG
from local_aws.athena.engine import Question
from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.files import s3, split_location
from local_aws.athena.results import Column
from local_aws.athena.statements import Statement, StatementResult, require_database
from local_aws.athena.syntax import tokens_of
from local_aws.athena.trino_types import hive_of_trino

_PROPERTY = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^']|'')*)'|ARRAY\s*\[([^\]]*)\]|([\w.]+))\s*(?:,|$)", re.IGNORECASE)
_KNOWN = ("format", "external_location", "partitioned_by", "parquet_compression", "write_compression")
_COMPRESSIONS = {"GZIP": "gzip", "SNAPPY": "snappy", "ZSTD": "zstd", "NONE": "uncompressed"}


def create_table_as(statement: Statement) -> StatementResult:
    """Run the query, write its rows, make the table. Raises QueryFailedError."""
    database, name = statement.name()
    require_database(statement.catalog, database)
    if statement.catalog.find(database, name) is not None:
        if statement.has("exists"):
            return StatementResult()
        raise QueryFailedError("TABLE_ALREADY_EXISTS", f"Table '{CATALOG}.{database}.{name}' already exists", (1, 1))
    properties, query = _parts(statement.match.group("rest"))
    with_data = re.search(r"\s+WITH\s+(NO\s+)?DATA\s*$", query, re.IGNORECASE)
    if with_data:
        query = query[: with_data.start()]
    question = statement.question(query)
    found = statement.session.describe(question)
    labels = named_columns(found)
    keys = [key.strip().strip("'\"").lower() for key in properties.get("partitioned_by", "").split(",") if key.strip()]
    if keys and labels[-len(keys) :] != keys:
        words = f"Partition keys must be the last columns in the table and in the same order: {', '.join(keys)}"
        raise QueryFailedError("HIVE_COLUMN_ORDER_MISMATCH", words)
    location = properties.get("external_location") or f"{statement.results}tables/{uuid.uuid4()}/"
    location = location.rstrip("/") + "/"
    _require_empty(location, statement.engine.region)
    statement.catalog.caller.may_use_table("glue:CreateTable", database, name)
    scanned, folders = 0, list[str]()
    if not (with_data and with_data[1]):
        scanned, folders = _write(statement, question, labels, keys, location, _compression(properties))
    types = dict(zip(labels, (hive_of_trino(column.type) for column in found), strict=True))
    storage = {
        "Columns": [{"Name": label, "Type": types[label]} for label in labels if label not in keys],
        "Location": location,
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
    }
    given = {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
        "PartitionKeys": [{"Name": key, "Type": types[key]} for key in keys],
        "StorageDescriptor": storage,
    }
    glue = statement.catalog.glue
    glue.create_table(database, name, given)
    for folder in folders:
        values = [unquote(part.partition("=")[2]) for part in folder.strip("/").split("/")]
        part = {"Values": values, "StorageDescriptor": {**storage, "Location": f"{location}{folder}"}}
        glue.create_partition(database, name, part)
    return StatementResult(scanned=scanned)


def named_columns(columns: Sequence[Column]) -> list[str]:
    """The names of a query's columns, in small letters. Raises QueryFailedError for one without, or used twice."""
    labels = [label.lower() for label in (column.label for column in columns)]
    for place, label in enumerate(labels):
        if re.fullmatch(r"_col\d+", label):
            raise QueryFailedError("MISSING_COLUMN_NAME", f"Column name not specified at position {place + 1}", (1, 1))
        if label in labels[:place]:
            raise QueryFailedError("DUPLICATE_COLUMN_NAME", f"Column name '{label}' specified more than once", (1, 1))
    return labels


def _parts(rest: str) -> tuple[dict[str, str], str]:
    """The properties of WITH (...) and the query behind AS. Raises QueryFailedError for a property not known here."""
    properties: dict[str, str] = {}
    tokens = tokens_of(rest)
    behind = 0
    if tokens[0].text.upper() == "WITH":
        depth = 0
        for place, token in enumerate(tokens):
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if token.text == ")" and depth == 0:
                behind = place + 1
                break
        text, end = rest[tokens[1].end + 1 : tokens[behind - 1].start].strip(), 0
        while end < len(text):
            found = _PROPERTY.match(text, end)
            if found is None:
                raise QueryFailedError("SYNTAX_ERROR", f"WITH: expected NAME = VALUE, found {text[end:]}")
            properties[found[1].lower()] = next(group for group in found.groups()[1:] if group is not None)
            end = found.end()
    if behind >= len(tokens) or tokens[behind].text.upper() != "AS":
        raise not_supported("CREATE TABLE without AS: say CREATE EXTERNAL TABLE")
    if unknown := sorted(properties.keys() - set(_KNOWN)):
        raise not_supported(f"{', '.join(unknown)} in CREATE TABLE ... WITH; it knows {', '.join(_KNOWN)}")
    if properties.get("format", "PARQUET").upper() != "PARQUET":
        raise not_supported(f"CREATE TABLE AS with format {properties['format']}: say PARQUET")
    return properties, rest[tokens[behind].end + 1 :].strip()


def _compression(properties: dict[str, str]) -> str:
    asked = properties.get("parquet_compression") or properties.get("write_compression") or "GZIP"
    if asked.upper() not in _COMPRESSIONS:
        raise not_supported(f"the compression {asked}; it knows {', '.join(_COMPRESSIONS)}")
    return _COMPRESSIONS[asked.upper()]


def _require_empty(location: str, region: str) -> None:
    bucket, prefix = split_location(location)
    backend = s3(region)
    if bucket not in backend.buckets:
        raise QueryFailedError("HIVE_FILESYSTEM_ERROR", f"The specified bucket does not exist: {bucket}")
    if any(name.startswith(prefix) for name in list(backend.buckets[bucket].keys)):
        words = f"Target directory for table already exists: {location}. It has to be empty"
        raise QueryFailedError("HIVE_PATH_ALREADY_EXISTS", words)


def _write(
    statement: Statement, question: Question, labels: list[str], keys: list[str], location: str, compression: str
) -> tuple[int, list[str]]:
    """The bytes that the query scanned, and the folders of the partitions that were written."""
    scratch = statement.engine.folder / "ctas" / uuid.uuid4().hex
    scratch.mkdir(parents=True)
    try:
        scanned = statement.session.write_parquet(question, labels, keys, scratch, compression)
        return scanned, _put(statement, scratch, location)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _put(statement: Statement, scratch: Path, location: str) -> list[str]:
    bucket, prefix = split_location(location)
    folders: dict[str, None] = {}
    for file in sorted(path for path in scratch.rglob("*") if path.is_file()):
        folder = "".join(f"{part}/" for part in file.parent.relative_to(scratch).parts)
        key = f"{prefix}{folder}{uuid.uuid4().hex}.parquet"
        statement.catalog.caller.may_write(f"s3://{bucket}/{key}")
        s3(statement.engine.region).put_object(bucket, key, file.read_bytes())
        if folder:
            folders[folder] = None
    return list(folders)
