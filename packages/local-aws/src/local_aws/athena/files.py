"""The objects of a table: listed in moto's S3, cached as local files, with the metadata of their Parquet footers."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import duckdb
from moto.s3.models import FakeKey, S3Backend, s3_backends

from local_aws.athena.duckdb_process import QueryConnection
from local_aws.athena.errors import QueryFailedError
from local_aws.core.world import ACCOUNT


def s3(region: str) -> S3Backend:
    """Moto's S3 of the local AWS's account."""
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    return s3_backends[ACCOUNT][partition]


def split_location(location: str) -> tuple[str, str]:
    """`s3://bucket/some/prefix` as (bucket, prefix)."""
    scheme, _, rest = location.partition("://")
    if scheme not in ("s3", "s3a", "s3n") or not rest:
        raise QueryFailedError("HIVE_METASTORE_ERROR", f"Location '{location}' is not an s3:// URI")
    bucket, _, prefix = rest.partition("/")
    return bucket, prefix


@dataclass(frozen=True)
class ParquetColumn:
    """A column of one Parquet file: its DuckDB type and the bytes of its compressed chunks."""

    type: str
    compressed: int


@dataclass(frozen=True)
class DataFile:
    """A locally cached object. `columns` is None unless it is Parquet; names are in lower case."""

    uri: str
    path: Path
    bytes: int
    columns: dict[str, ParquetColumn] | None


class Files:
    """The cache of objects by bucket, key and ETag, which identify the content."""

    def __init__(self, folder: Path, region: str) -> None:
        self._folder = folder
        self._region = region
        self._known: dict[Path, dict[str, ParquetColumn]] = {}
        self._lock = threading.Lock()

    def under(self, location: str, connection: QueryConnection, *, parquet: bool) -> list[DataFile]:
        """The files at a table's or partition's location without hidden (`_x`, `.x`) and empty ones."""
        bucket_name, prefix = split_location(location)
        prefix = prefix if prefix.endswith("/") or not prefix else prefix + "/"
        backend = s3(self._region)
        if bucket_name not in backend.buckets:
            raise QueryFailedError("HIVE_FILESYSTEM_ERROR", f"The specified bucket does not exist: {bucket_name}")
        found = []
        for name, key in sorted(backend.buckets[bucket_name].keys.items()):
            if not name.startswith(prefix) or not isinstance(key, FakeKey):
                continue
            parts = name[len(prefix) :].split("/")
            if any(part.startswith(("_", ".")) for part in parts) or not key.contentsize:
                continue
            path = self._local(
                bucket_name, name, key, suffix=".parquet" if parquet else "".join(Path(name).suffixes[-2:])
            )
            uri = f"s3://{bucket_name}/{name}"
            columns = self._parquet_columns(uri, path, connection) if parquet else None
            found.append(DataFile(uri, path, path.stat().st_size, columns))
        return found

    def _local(self, bucket: str, name: str, key: FakeKey, *, suffix: str) -> Path:
        digest = hashlib.sha256(f"{bucket}/{name}/{key.etag}".encode()).hexdigest()[:40]
        path = self._folder / f"{digest}{suffix}"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                content: bytes = key.value
            except ValueError as closed:
                # Deleted since the listing: moto closes the object's file.
                raise QueryFailedError(
                    "HIVE_CANNOT_OPEN_SPLIT",
                    f"Error opening Hive split s3://{bucket}/{name}: The specified key does not exist",
                ) from closed
            # Atomically: another query may look up the same file.
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as scratch:
                scratch.write(content)
            Path(scratch.name).replace(path)
        return path

    def _parquet_columns(self, uri: str, path: Path, connection: QueryConnection) -> dict[str, ParquetColumn]:
        with self._lock:
            if path in self._known:
                return self._known[path]
        try:
            types = connection.rows("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)])
            sizes = connection.rows(
                "SELECT lower(split_part(path_in_schema, ', ', 1)), sum(total_compressed_size) "
                "FROM parquet_metadata(?) GROUP BY 1",
                [str(path)],
            )
        except duckdb.Error as unreadable:
            raise QueryFailedError(
                "HIVE_BAD_DATA", f"Malformed Parquet file. Not valid Parquet file: {uri} ({unreadable})".splitlines()[0]
            ) from unreadable
        compressed = {name: int(size) for name, size in sizes}
        columns = {
            row[0].lower(): ParquetColumn(str(row[1]), compressed.get(row[0].lower(), 0)) for row in types
        }  # fmt: skip
        with self._lock:
            self._known[path] = columns
        return columns
