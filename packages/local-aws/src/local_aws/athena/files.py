"""The objects of a table: listed in moto's S3, cached as local files, with the metadata of their Parquet footers."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import duckdb
from moto.s3.models import FakeKey, S3Backend, s3_backends

from local_aws.athena.duckdb_process import QueryConnection
from local_aws.athena.errors import QueryFailedError
from local_aws.core.world import ACCOUNT

_FOOTERS_AT_ONCE = 200
_FIELDS = (
    "SELECT file_name, name, type, type_length, repetition_type, num_children, converted_type, scale, precision, "
    "logical_type FROM parquet_schema(?)"
)


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

    def under(self, locations: Sequence[str], connection: QueryConnection, *, parquet: bool) -> list[list[DataFile]]:
        """The files at each location of a table or partition, without hidden (`_x`, `.x`) and empty ones."""
        names = _Names(self._region)
        found: list[list[tuple[str, Path]]] = []
        for location in locations:
            bucket, prefix = split_location(location)
            prefix = prefix if prefix.endswith("/") or not prefix else prefix + "/"
            at_location = []
            for name, key in names.under(bucket, prefix):
                parts = name[len(prefix) :].split("/")
                if any(part.startswith(("_", ".")) for part in parts) or not key.contentsize:
                    continue
                suffix = ".parquet" if parquet else "".join(Path(name).suffixes[-2:])
                at_location.append((f"s3://{bucket}/{name}", self._local(bucket, name, key, suffix=suffix)))
            found.append(at_location)
        if parquet:
            self._read_footers([file for files in found for file in files], connection)
        return [
            [DataFile(uri, path, path.stat().st_size, self._known[path] if parquet else None) for uri, path in files]
            for files in found
        ]

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

    def _read_footers(self, files: Sequence[tuple[str, Path]], connection: QueryConnection) -> None:
        """Keep the columns of Parquet files, many with one statement: a statement takes longer than a footer."""
        with self._lock:
            new = [(uri, path) for uri, path in files if path not in self._known]
        for start in range(0, len(new), _FOOTERS_AT_ONCE):
            some = new[start : start + _FOOTERS_AT_ONCE]
            try:
                columns = _parquet_columns([path for _, path in some], connection)
            except duckdb.Error:
                columns = {path: _columns_of_one(uri, path, connection) for uri, path in some}
            with self._lock:
                self._known.update(columns)


def _columns_of_one(uri: str, path: Path, connection: QueryConnection) -> dict[str, ParquetColumn]:
    try:
        return _parquet_columns([path], connection)[path]
    except duckdb.Error as unreadable:
        raise QueryFailedError(
            "HIVE_BAD_DATA", f"Malformed Parquet file. Not valid Parquet file: {uri} ({unreadable})".splitlines()[0]
        ) from unreadable


def _parquet_columns(paths: Sequence[Path], connection: QueryConnection) -> dict[Path, dict[str, ParquetColumn]]:
    """The columns of Parquet files. Raises duckdb.Error."""
    given = [[str(path) for path in paths]]
    sizes = connection.rows(
        "SELECT file_name, lower(split_part(path_in_schema, ', ', 1)), sum(total_compressed_size)::BIGINT "
        "FROM parquet_metadata(?) GROUP BY ALL",
        given,
    )
    compressed = {(file, name): int(size) for file, name, size in sizes}
    # A file's columns have the types of its fields; of files with the same fields, one is described.
    fields: dict[str, list[tuple[object, ...]]] = {}
    for file, *field in connection.rows(_FIELDS, given):
        fields.setdefault(file, []).append(tuple(field))
    described: dict[tuple[tuple[object, ...], ...], list[tuple[str, str]]] = {}
    found = {}
    for path in paths:
        alike = tuple(fields[str(path)])
        if alike not in described:
            rows = connection.rows("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)])
            described[alike] = [(row[0].lower(), str(row[1])) for row in rows]
        found[path] = {
            name: ParquetColumn(kind, compressed.get((str(path), name), 0)) for name, kind in described[alike]
        }
    return found


class _Names:
    """The objects of buckets, by name: each bucket is sorted once, however many prefixes are looked up."""

    def __init__(self, region: str) -> None:
        self._backend = s3(region)
        self._sorted: dict[str, list[tuple[str, FakeKey]]] = {}

    def under(self, bucket: str, prefix: str) -> Iterator[tuple[str, FakeKey]]:
        """The objects below a prefix, in order. Raises QueryFailedError where there is no such bucket."""
        if bucket not in self._sorted:
            if bucket not in self._backend.buckets:
                raise QueryFailedError("HIVE_FILESYSTEM_ERROR", f"The specified bucket does not exist: {bucket}")
            keys = list(self._backend.buckets[bucket].keys.items())
            self._sorted[bucket] = sorted(
                ((name, key) for name, key in keys if isinstance(key, FakeKey)), key=itemgetter(0)
            )
        found = self._sorted[bucket]
        for place in range(bisect_left(found, prefix, key=itemgetter(0)), len(found)):
            if not found[place][0].startswith(prefix):
                return
            yield found[place]
