"""A query's rows as Parquet files in S3, with the rights of its caller: for CREATE TABLE AS and UNLOAD."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local_aws.athena.engine import Question
from local_aws.athena.errors import QueryFailedError
from local_aws.athena.files import s3, split_location
from local_aws.athena.statements import Statement


@dataclass(frozen=True)
class Written:
    """The bytes that the query scanned, the files in S3, and the folders `key=value/` of the partitions."""

    scanned: int = 0
    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)


def require_empty(location: str, region: str) -> None:
    """Raise QueryFailedError where the bucket does not exist, or something is below the location."""
    bucket, prefix = split_location(location)
    backend = s3(region)
    if bucket not in backend.buckets:
        raise QueryFailedError("HIVE_FILESYSTEM_ERROR", f"The specified bucket does not exist: {bucket}")
    if any(name.startswith(prefix) for name in list(backend.buckets[bucket].keys)):
        words = f"Target directory for table already exists: {location}. It has to be empty"
        raise QueryFailedError("HIVE_PATH_ALREADY_EXISTS", words)


def write(
    statement: Statement,
    question: Question,
    names: Sequence[str],
    keys: Sequence[str],
    location: str,
    compression: str,
) -> Written:
    """Run the query and write its rows below the location, in folders for `keys`, which are its last columns.

    Raises QueryFailedError.
    """
    if keys and list(names[-len(keys) :]) != list(keys):
        words = f"Partition keys must be the last columns in the table and in the same order: {', '.join(keys)}"
        raise QueryFailedError("HIVE_COLUMN_ORDER_MISMATCH", words)
    scratch = statement.engine.folder / "written" / uuid.uuid4().hex
    scratch.mkdir(parents=True)
    try:
        scanned = statement.session.write_parquet(question, names, keys, scratch, compression)
        return _put(statement, scratch, location, scanned)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _put(statement: Statement, scratch: Path, location: str, scanned: int) -> Written:
    bucket, prefix = split_location(location)
    folders: dict[str, None] = {}
    files = []
    for file in sorted(path for path in scratch.rglob("*") if path.is_file()):
        folder = "".join(f"{part}/" for part in file.parent.relative_to(scratch).parts)
        uri = f"s3://{bucket}/{prefix}{folder}{uuid.uuid4().hex}.parquet"
        statement.catalog.caller.may_write(uri)
        s3(statement.engine.region).put_object(bucket, split_location(uri)[1], file.read_bytes())
        files.append(uri)
        if folder:
            folders[folder] = None
    return Written(scanned, files, list(folders))
