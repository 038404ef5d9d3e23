from __future__ import annotations

import base64
import contextlib
import json

import boto3
import pytest

from mhealth.io.catalog import CatalogError, catalog_at
from mhealth.io.connect import storage_at
from mhealth.io.storage import Storage
from mhealth.processed.retention import expire_snapshots, snapshot_folders
from tests.glue.world import World, table_input

DATABASE = "mhealth_db"
TABLE = f"{DATABASE}.mhealth_snapshots"
PREFIXES = {"processed_prefix": "processed", "manifests_prefix": "manifests"}


class Deployed:
    """A bucket and a catalog with snapshots in them."""

    def __init__(self) -> None:
        boto3.client("s3").create_bucket(Bucket="a-bucket")
        self.storage: Storage = storage_at("s3://a-bucket")
        self.glue = boto3.client("glue")
        self.glue.create_database(DatabaseInput={"Name": DATABASE})
        self.glue.create_table(DatabaseName=DATABASE, TableInput=table_input())  # type: ignore[arg-type]

    def add(self, snapshot: int, *, manifest: bool = True, registered: bool = True) -> None:
        self.storage.put(f"processed/snapshot={snapshot}/subject=1/part-00000.parquet", b"rows")
        if manifest:
            self.storage.put(f"manifests/snapshots/{snapshot}.json", b"{}")
        if registered:
            self.glue.create_partition(
                DatabaseName=DATABASE, TableName="mhealth_snapshots", PartitionInput={"Values": [str(snapshot), "1"]}
            )

    def record(self, snapshot: int, day: int) -> None:
        """Write a record as far as the jobs read it: readers saw the snapshot last from that day of November on."""
        record = {"snapshot": snapshot, "published_at": f"2026-11-{day:02}T08:00:00.000Z"}
        self.storage.put(f"manifests/publications/{snapshot}.json", json.dumps(record).encode())

    def recorded(self) -> list[int]:
        """Snapshots that have a record."""
        keys = [found.key for found in self.storage.objects("manifests/publications/")]
        return sorted(int(key.split("/")[-1].removesuffix(".json")) for key in keys)

    def publish(self, snapshot: int) -> None:
        """Move the view."""
        with contextlib.suppress(self.glue.exceptions.EntityNotFoundException):
            self.glue.delete_table(DatabaseName=DATABASE, Name="mhealth")
        query = json.dumps({"originalSql": f"SELECT id FROM mhealth_snapshots WHERE snapshot = {snapshot}"})
        text = f"/* Presto View: {base64.b64encode(query.encode()).decode()} */"
        self.glue.create_table(
            DatabaseName=DATABASE, TableInput={"Name": "mhealth", "TableType": "VIRTUAL_VIEW", "ViewOriginalText": text}
        )

    def left(self) -> tuple[list[int], list[int], list[int]]:
        """Snapshots that have files, a manifest, partitions."""
        manifests = [found.key for found in self.storage.objects("manifests/snapshots/")]
        found = self.glue.get_partitions(DatabaseName=DATABASE, TableName="mhealth_snapshots")["Partitions"]
        return (
            snapshot_folders(self.storage, "processed"),
            sorted(int(key.split("/")[-1].removesuffix(".json")) for key in manifests),
            sorted(int(partition["Values"][0]) for partition in found),
        )


@pytest.fixture
def deployed(aws: str) -> Deployed:
    return Deployed()


def run(deployed: Deployed, snapshot: int, keep: int) -> None:
    expire_snapshots(deployed.storage, catalog_at(TABLE), snapshot=snapshot, keep=keep, view="mhealth", **PREFIXES)


def test_those_that_readers_saw_last_stay_and_the_rest_lose_everything(deployed: Deployed) -> None:
    for snapshot in range(1, 7):
        deployed.add(snapshot)
    for snapshot in range(1, 6):
        deployed.record(snapshot, day=snapshot)
    run(deployed, snapshot=6, keep=3)
    assert deployed.left() == ([3, 4, 5, 6], [3, 4, 5, 6], [3, 4, 5, 6])
    assert deployed.recorded() == [3, 4, 5]


def test_what_readers_see_stays_whatever_the_records_say(deployed: Deployed) -> None:
    for snapshot in range(1, 7):
        deployed.add(snapshot)
    deployed.publish(2)
    deployed.record(3, day=3)
    deployed.record(4, day=4)
    run(deployed, snapshot=6, keep=1)
    assert deployed.left() == ([2, 4, 6], [2, 4, 6], [2, 4, 6])


@pytest.mark.notices(
    "glue/mhealth/processed/retention.py",
    "published[:keep]",
    "published[: keep - 1]",
)
def test_what_was_rolled_back_to_counts_from_then(deployed: Deployed) -> None:
    """101, 102, 103 were published, somebody rolled back to 101, a query starts, two more runs publish."""
    for snapshot, day in ((102, 12), (103, 13), (101, 14)):  # 101's record is of the rollback
        deployed.add(snapshot)
        deployed.record(snapshot, day=day)
    deployed.publish(101)
    for snapshot in (104, 105):
        deployed.add(snapshot)
        run(deployed, snapshot=snapshot, keep=3)
        deployed.record(snapshot, day=snapshot - 90)
        deployed.publish(snapshot)
        assert 101 in deployed.left()[0]
        assert 101 in deployed.left()[2]
    assert deployed.left() == ([101, 103, 104, 105], [101, 103, 104, 105], [101, 103, 104, 105])


@pytest.mark.notices(
    "glue/mhealth/processed/retention.py",
    "[one for one in readers.recorded if one in whole]",
    "sorted(whole, reverse=True)",
)
def test_what_was_never_published_goes_and_pushes_nothing_out(deployed: Deployed) -> None:
    """Three runs fail behind GlueTransform; the next one removes what they left, and no published snapshot."""
    for snapshot in (1, 2, 3):
        deployed.add(snapshot)
        deployed.record(snapshot, day=snapshot)
    deployed.publish(3)
    for snapshot in (4, 5, 6):  # whole, audited, with partitions; none was published
        deployed.add(snapshot)
        run(deployed, snapshot=snapshot, keep=3)
        assert deployed.left()[0] == [1, 2, 3, snapshot]
    deployed.add(7)
    run(deployed, snapshot=7, keep=3)
    assert deployed.left() == ([1, 2, 3, 7], [1, 2, 3, 7], [1, 2, 3, 7])


def test_orphaned_snapshots_go_and_the_published_one_stays_even_without_its_manifest(deployed: Deployed) -> None:
    deployed.add(1, manifest=False, registered=False)
    deployed.add(2, manifest=False)
    deployed.add(4)
    deployed.add(9, manifest=False, registered=False)  # a run newer than this one
    deployed.publish(2)
    run(deployed, snapshot=4, keep=3)
    assert deployed.left() == ([2, 4, 9], [4], [2, 4])


def test_a_record_without_a_snapshot_holds_no_place(deployed: Deployed) -> None:
    for snapshot in (1, 2):
        deployed.add(snapshot)
        deployed.record(snapshot, day=snapshot)
    deployed.record(3, day=3)
    run(deployed, snapshot=4, keep=2)
    assert deployed.left()[0] == [1, 2]
    assert deployed.recorded() == [1, 2]


def test_neighbours_are_never_touched(deployed: Deployed) -> None:
    strangers = [
        "processed2/snapshot=1/a",
        "processed/snapshot=x/a",
        "processed/snapshot=1x/a",
        "processed/snapshot=01/a",
        "processed/other/snapshot=1/a",
        "manifests/snapshots/1.json.bak",
        "manifests/snapshots/notes.json",
    ]
    for key in strangers:
        deployed.storage.put(key, b"")
    deployed.add(1)
    deployed.add(2)
    run(deployed, snapshot=2, keep=1)
    left = [found.key for found in deployed.storage.objects("")]
    assert sorted(left) == sorted(
        [*strangers, "processed/snapshot=2/subject=1/part-00000.parquet", "manifests/snapshots/2.json"]
    )


def test_under_a_view_that_names_no_snapshot_nothing_goes(deployed: Deployed) -> None:
    for snapshot in range(1, 4):
        deployed.add(snapshot)
    deployed.glue.create_table(DatabaseName=DATABASE, TableInput={"Name": "mhealth", "ViewOriginalText": "SELECT 1"})
    run(deployed, snapshot=3, keep=1)
    assert deployed.left() == ([1, 2, 3], [1, 2, 3], [1, 2, 3])


def test_files_stay_while_their_partitions_do(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    deployed.add(1)
    deployed.add(2)
    catalog = catalog_at(TABLE)
    answer = {"Errors": [{"PartitionValues": ["1", "1"], "ErrorDetail": {"ErrorCode": "InternalServiceException"}}]}
    monkeypatch.setattr(catalog._client, "batch_delete_partition", lambda **_: answer)  # type: ignore[attr-defined]
    with pytest.raises(CatalogError):
        expire_snapshots(deployed.storage, catalog, snapshot=2, keep=1, view="mhealth", **PREFIXES)
    assert deployed.left() == ([1, 2], [1, 2], [1, 2])


def test_without_a_catalog_whole_snapshots_stay(world: World) -> None:
    for snapshot in (1, 2, 3):
        world.put(f"manifests/snapshots/{snapshot}.json", {})
        world.put(f"processed/snapshot={snapshot}/a", "")
    expire_snapshots(storage_at(world.data_uri), catalog_at(world.table), snapshot=3, keep=1, view="", **PREFIXES)
    assert snapshot_folders(storage_at(world.data_uri), "processed") == [1, 2, 3]
