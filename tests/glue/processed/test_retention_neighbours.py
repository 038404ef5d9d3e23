"""Whatever else lies in the bucket: retention removes old and orphaned snapshots in the right order, nothing beside."""

from __future__ import annotations

import base64
import functools
import itertools
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from mhealth.io.catalog import Catalog, catalog_at
from mhealth.io.connect import storage_at
from mhealth.io.storage import Storage, StoredObject
from mhealth.processed.retention import expire_snapshots
from tests.glue.world import put_quickly, table_input

TABLE = "mhealth_snapshots"
PREFIXES = {"processed_prefix": "processed", "manifests_prefix": "manifests"}
SNAPSHOTS = [1, 2, 3, 9, 10, 11, 20260101000000, 20260101000001, 20261124031454, 202611240314540]

OWN = [
    "processed/snapshot={}/subject=1/part-00000.parquet",
    "processed/snapshot={}/subject=2/part-00000.parquet",
    "manifests/snapshots/{}.json",
]
RECORD = "manifests/publications/{}.json"
NEIGHBOURS = [
    "processed2/snapshot={}/subject=1/part-00000.parquet",
    "xprocessed/snapshot={}/a",
    "processed/snapshot={}.bak/subject=1/part-00000.parquet",
    "processed/snapshot={}x/a",
    "processed/snapshot=x{}/a",
    "processed/snapshot=0{}/a",
    "processed/snapshot=-{}/a",
    "processed/snapshot=\uff11{}/a",
    "processed/snapshot= {}/a",
    "processed/Snapshot={}/a",
    "processed/snapshot={}_$folder$",
    "processed/_snapshot={}/a",
    "processed/_x/{}",
    "processed/other/snapshot={}/a",
    "stage/snapshot={}/a",
    "manifests/snapshots/{}.json.bak",
    "manifests/snapshots/0{}.json",
    "manifests/snapshots/{}",
    "manifests/snapshots/x{}.json",
    "manifests/snapshots/\uff11{}.json",
    "manifests/snapshots/old/{}.json",
    "manifests/snapshots2/{}.json",
    "manifests/publications/{}.json.bak",
    "manifests/publications/0{}.json",
    "manifests/publications/old/{}.json",
    "manifests/raw/version={}.json",
    "manifests/snapshots/99999999999999999999{}.json",
]


@dataclass(frozen=True)
class Bucket:
    """What lies there: keys, the snapshots registered, the view's, those with a record (last seen first), the run's."""

    keys: tuple[str, ...]
    registered: tuple[int, ...]
    published: int | None
    recorded: tuple[int, ...]
    run: int
    keep: int


_numbers = st.sampled_from(SNAPSHOTS)
buckets = st.builds(
    Bucket,
    keys=st.builds(
        lambda whole, own, strangers: tuple(
            sorted({*itertools.chain(*whole), *own, *strangers}),
        ),
        # Whole snapshots, parts of orphaned or half removed ones, strangers.
        st.lists(_numbers.map(lambda number: [key.format(number) for key in OWN]), max_size=7),
        st.lists(st.builds(str.format, st.sampled_from(OWN), _numbers), max_size=3),
        st.lists(st.builds(str.format, st.sampled_from(NEIGHBOURS), _numbers), max_size=8),
    ),
    registered=st.sets(_numbers, max_size=5).map(tuple),
    published=st.none() | _numbers,
    recorded=st.lists(_numbers, unique=True, max_size=6).map(tuple),
    run=_numbers,
    keep=st.sampled_from([1, 3, 3, 3]),
)


def kept_snapshots(bucket: Bucket) -> set[int]:
    """The snapshots that have to stay, by docs/design.md."""
    whole = {number for number in SNAPSHOTS if f"manifests/snapshots/{number}.json" in bucket.keys}
    seen_last = [number for number in bucket.recorded if number in whole][: bucket.keep]
    return {*seen_last, bucket.published or 0, *(one for one in SNAPSHOTS if one >= bucket.run)}


def expected(bucket: Bucket) -> list[str]:
    """The keys that have to stay: all but the own ones of snapshots that do not stay."""
    going = {one.format(number) for one in OWN for number in SNAPSHOTS if number not in kept_snapshots(bucket)}
    return [key for key in bucket.keys if key not in going]


class Watched:
    """A storage that looks at the catalog whenever it is told to delete: no partition may be without its files."""

    def __init__(self, storage: Storage, registered: Callable[[], set[int]]) -> None:
        self._storage = storage
        self._registered = registered
        self.too_early: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        return self._storage.objects(prefix)

    def delete(self, keys: Iterable[str]) -> None:
        keys = list(keys)
        registered = self._registered()
        for key in keys:
            found = re.search(r"snapshot=([0-9]+)/|(?:snapshots|publications)/([0-9]+)\.json", key)
            if found and int(found[1] or found[2]) in registered:
                self.too_early.append(key)
        self._storage.delete(keys)


_names = itertools.count()


@functools.cache
def _client(service: str, endpoint: str) -> Any:
    """A client for all examples."""
    return boto3.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]


class Place:
    """A bucket as it is told, with a catalog of its own."""

    def __init__(self, bucket: Bucket, uri: str) -> None:
        self.bucket = bucket
        self.uri = uri
        self.storage = storage_at(uri)
        self.glue = _client("glue", os.environ["AWS_ENDPOINT_URL"])
        self.database = f"database_{next(_names)}"
        self.glue.create_database(DatabaseInput={"Name": self.database})
        self.glue.create_table(DatabaseName=self.database, TableInput=table_input())  # type: ignore[arg-type]
        for snapshot in bucket.registered:
            self.glue.create_partition(
                DatabaseName=self.database, TableName=TABLE, PartitionInput={"Values": [str(snapshot), "1"]}
            )
        if bucket.published is not None:
            query = json.dumps({"originalSql": f"SELECT id FROM {TABLE} WHERE snapshot = {bucket.published}"})
            text = f"/* Presto View: {base64.b64encode(query.encode()).decode()} */"
            self.glue.create_table(DatabaseName=self.database, TableInput={"Name": "mhealth", "ViewOriginalText": text})
        for key in bucket.keys:
            self._put(key, key.encode())
        for days_ago, snapshot in enumerate(bucket.recorded):
            record = {"snapshot": snapshot, "published_at": f"2026-11-{30 - days_ago}T08:00:00Z"}
            self._put(RECORD.format(snapshot), json.dumps(record).encode())

    def _put(self, key: str, body: bytes) -> None:
        kind, _, name = self.uri.partition("://")
        if kind == "s3":
            put_quickly(name, key, body)
        else:
            self.storage.put(key, body)

    def registered(self) -> set[int]:
        found = self.glue.get_partitions(DatabaseName=self.database, TableName=TABLE)["Partitions"]
        return {int(partition["Values"][0]) for partition in found}

    def expire(self, catalog: Catalog | None = None) -> Watched:
        watched = Watched(self.storage, self.registered)
        catalog = catalog or catalog_at(f"{self.database}.{TABLE}")
        run, keep = self.bucket.run, self.bucket.keep
        expire_snapshots(watched, catalog, snapshot=run, keep=keep, view="mhealth", **PREFIXES)
        return watched

    def keys(self) -> list[str]:
        records = {RECORD.format(snapshot) for snapshot in self.bucket.recorded}
        return sorted(one.key for one in self.storage.objects("") if one.key not in records)

    def recorded(self) -> set[int]:
        there = {one.key for one in self.storage.objects("manifests/publications/")}
        return {number for number in SNAPSHOTS if RECORD.format(number) in there}


EXAMPLES = max(min(25, settings().max_examples // 4), settings().max_examples // 20)
"""A bucket's example takes half a second or more."""

FULL = tuple(sorted(key.format(number) for key in (*OWN, *NEIGHBOURS) for number in SNAPSHOTS[:5]))
PHANTOMS = tuple(key.format(n) for n in (1, 2, 3) for key in OWN) + tuple(
    f"manifests/snapshots/{name}" for name in ("09.json", "10", "0011.json")
)


def check(bucket: Bucket, uri: str) -> None:
    place = Place(bucket, uri)
    watched = place.expire()
    left = place.keys()
    event(f"{'some' if len(left) < len(bucket.keys) else 'no'} objects removed")
    assert left == sorted(expected(bucket))
    assert watched.too_early == []
    folders = {one for one in SNAPSHOTS if any(key.startswith(f"processed/snapshot={one}/") for key in bucket.keys)}
    whole = {one for one in SNAPSHOTS if f"manifests/snapshots/{one}.json" in bucket.keys}
    gone = {*folders, *whole, *bucket.recorded} - kept_snapshots(bucket)
    assert place.registered() == set(bucket.registered) - gone
    assert place.recorded() == {number for number in bucket.recorded if number in kept_snapshots(bucket)}


@pytest.mark.notices("glue/mhealth/processed/retention.py", "if old >= snapshot:", "if False:")
@pytest.mark.notices(
    "glue/mhealth/processed/retention.py", "kept = {readers.shown, *published", "kept = {0, *published"
)
@pytest.mark.notices(
    "glue/mhealth/processed/retention.py", "partitions = catalog.drop_partitions(old)", "partitions = 0"
)
@given(bucket=buckets)
@example(bucket=Bucket(FULL, tuple(SNAPSHOTS[:5]), 1, (2, 3, 9, 1, 10), 20260101000000, 3))
@example(bucket=Bucket(PHANTOMS, (1, 2, 3), None, (2, 3), 11, 3))
@example(bucket=Bucket(PHANTOMS, (1, 2, 3), None, (9, 2, 3), 11, 2))  # 9 is published last and has no manifest
@settings(max_examples=EXAMPLES)
def test_in_a_bucket_only_what_has_to_go_goes(aws: str, bucket: Bucket) -> None:
    name = f"a-bucket-{next(_names)}"
    _client("s3", aws).create_bucket(Bucket=name)
    check(bucket, f"s3://{name}")


def _as_files(bucket: Bucket) -> Bucket:
    """Without keys that no folder can hold: an object that is a folder as well."""
    keys = set(bucket.keys)
    return Bucket(
        tuple(key for key in bucket.keys if not any(other.startswith(f"{key}/") for other in keys)),
        *(bucket.registered, bucket.published, bucket.recorded, bucket.run, bucket.keep),
    )


@pytest.mark.notices("glue/mhealth/paths.py", '(SNAPSHOT)\\.json")', '0*(SNAPSHOT)(?:\\.json)?")')
@pytest.mark.notices("glue/mhealth/paths.py", 'snapshot={snapshot}/"', 'snapshot={snapshot}"')
@given(bucket=buckets.map(_as_files))
@example(bucket=_as_files(Bucket(FULL, tuple(SNAPSHOTS[:5]), 1, (2, 3, 9, 1, 10), 20260101000000, 3)))
@example(bucket=Bucket(PHANTOMS, (1, 2, 3), None, (2, 3), 11, 3))
@example(bucket=Bucket(PHANTOMS, (1, 2, 3), None, (9, 2, 3), 11, 2))  # 9 is published last and has no manifest
@settings(max_examples=EXAMPLES)
def test_in_a_folder_only_what_has_to_go_goes(
    aws: str, tmp_path_factory: pytest.TempPathFactory, bucket: Bucket
) -> None:
    check(bucket, f"file://{tmp_path_factory.mktemp('bucket')}")


class _FilesFirst:
    """A catalog whose partitions stay where they are told to go: as if files were deleted before them."""

    registers_partitions = True

    def __init__(self, catalog: Catalog) -> None:
        self.table = catalog.table
        self.published = catalog.published

    def drop_partitions(self, snapshot: int) -> int:  # noqa: ARG002
        return 0


def test_a_broken_order_is_noticed(aws: str, tmp_path: Path) -> None:
    """The watch of the tests above sees files that go before their partitions."""
    place = Place(Bucket(FULL, (1, 2, 3), None, (), 20260101000000, 3), f"file://{tmp_path}")
    watched = place.expire(_FilesFirst(catalog_at(f"{place.database}.{TABLE}")))
    assert "processed/snapshot=1/subject=1/part-00000.parquet" in watched.too_early


@pytest.mark.notices("glue/mhealth/processed/retention.py", "and not view:", "and view:")
def test_with_a_catalog_and_no_view_nothing_is_removed(aws: str, tmp_path: Path) -> None:
    bucket = Bucket(_as_files(Bucket(FULL, (), None, (), 1, 1)).keys, (1, 2), None, (), 20261124031454, 1)
    place = Place(bucket, f"file://{tmp_path}")
    catalog = catalog_at(f"{place.database}.{TABLE}")
    expire_snapshots(place.storage, catalog, snapshot=20261124031454, keep=3, view="", **PREFIXES)
    assert place.keys() == sorted(bucket.keys)
    assert place.registered() == {1, 2}
