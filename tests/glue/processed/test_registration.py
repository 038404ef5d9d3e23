"""Job 2 registers partitions itself: what is there, half there, or there and another's."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

import glue_transform
from mhealth.arguments import parse_register, parse_transform
from mhealth.errors import InvalidArgument, PartitionMismatch
from mhealth.io.catalog import _CREATE_BATCH, _DELETE_BATCH, Catalog, CatalogError, catalog_at
from mhealth.processed.registration import register
from tests.glue.world import World, table_input

DATABASE = "mhealth_db"
TABLE = "mhealth_snapshots"
SNAPSHOT = 20261124031454
FORMAT = {"InputFormat": "parquet.In", "OutputFormat": "parquet.Out", "SerdeInfo": {"SerializationLibrary": "SerDe"}}


@pytest.fixture
def glue(aws: str) -> Any:
    client: Any = boto3.client("glue")
    client.create_database(DatabaseInput={"Name": DATABASE})
    table = table_input()
    table["StorageDescriptor"] |= {**FORMAT, "Location": "s3://a-bucket/processed/"}
    client.create_table(DatabaseName=DATABASE, TableInput=table | {"Parameters": {"classification": "parquet"}})
    return client


@pytest.fixture
def catalog(glue: Any) -> Catalog:
    return catalog_at(f"{DATABASE}.{TABLE}")


def folder(subject: int, snapshot: int = SNAPSHOT) -> str:
    return f"s3://a-bucket/processed/snapshot={snapshot}/subject={subject}/"


def folders(count: int) -> dict[int, str]:
    return {subject: folder(subject) for subject in range(1, count + 1)}


def partitions(glue: Any) -> dict[tuple[str, str], dict[str, Any]]:
    pages = glue.get_paginator("get_partitions").paginate(DatabaseName=DATABASE, TableName=TABLE)
    return {tuple(each["Values"]): each for page in pages for each in page["Partitions"]}


def change(glue: Any, subject: int, **storage: object) -> None:
    """Let the partition of a subject be as somebody else made it."""
    values = [str(SNAPSHOT), str(subject)]
    made = partitions(glue)[values[0], values[1]]
    glue.update_partition(
        DatabaseName=DATABASE,
        TableName=TABLE,
        PartitionValueList=values,
        PartitionInput={"Values": values, "StorageDescriptor": {**made["StorageDescriptor"], **storage}},
    )


def test_each_subject_gets_its_partition_with_what_the_table_says(glue: Any, catalog: Catalog) -> None:
    assert catalog.register(SNAPSHOT, folders(2)) == 2
    made = partitions(glue)
    assert set(made) == {(str(SNAPSHOT), "1"), (str(SNAPSHOT), "2")}
    one = made[str(SNAPSHOT), "1"]
    table = glue.get_table(DatabaseName=DATABASE, Name=TABLE)["Table"]
    assert one["StorageDescriptor"] == {**table["StorageDescriptor"], "Location": folder(1)}
    assert one["Parameters"] == {"classification": "parquet"}


def test_more_partitions_than_a_request_takes(glue: Any, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    create = catalog._client.batch_create_partition  # type: ignore[attr-defined]

    def counted(**request: Any) -> Any:
        asked.append(len(request["PartitionInputList"]))
        return create(**request)

    monkeypatch.setattr(catalog._client, "batch_create_partition", counted)  # type: ignore[attr-defined]
    assert catalog.register(SNAPSHOT, folders(230)) == 230
    assert asked == [100, 100, 30]
    assert len(partitions(glue)) == 230


def test_no_request_has_more_partitions_than_glue_takes(catalog: Catalog) -> None:
    model = catalog._client.meta.service_model  # type: ignore[attr-defined]
    for operation, member, ours in (
        ("BatchCreatePartition", "PartitionInputList", _CREATE_BATCH),
        ("BatchDeletePartition", "PartitionsToDelete", _DELETE_BATCH),
    ):
        assert model.operation_model(operation).input_shape.members[member].metadata["max"] == ours


@pytest.mark.notices(
    "glue/mhealth/io/catalog.py", "for values in wanted if values not in there]", "for values in wanted]"
)
def test_what_is_registered_already_is_left_and_the_rest_is_added(glue: Any, catalog: Catalog) -> None:
    catalog.register(SNAPSHOT, folders(3))
    assert catalog.register(SNAPSHOT, folders(5)) == 2
    assert catalog.register(SNAPSHOT, folders(5)) == 0
    assert len(partitions(glue)) == 5


def test_a_partition_without_the_last_column_and_the_last_slash_is_the_same(glue: Any, catalog: Catalog) -> None:
    catalog.register(SNAPSHOT, folders(1))
    columns = partitions(glue)[str(SNAPSHOT), "1"]["StorageDescriptor"]["Columns"]
    change(glue, 1, Columns=columns[:-1], Location=folder(1).rstrip("/"))
    assert catalog.register(SNAPSHOT, folders(1)) == 0


@pytest.mark.notices(
    "glue/mhealth/io/catalog.py", "if (other := read(found)[what]) != value:", "if False:", case="elsewhere"
)
@pytest.mark.parametrize(
    ("storage", "reported"),
    [
        ({"Location": "s3://another/place/"}, f"the location s3://another/place where {folder(2)[:-1]} is expected"),
        ({"InputFormat": "Text"}, "the format Text where parquet.In is expected"),
        ({"SerdeInfo": {"SerializationLibrary": "Csv"}}, "the SerDe Csv where SerDe is expected"),
        ({"Columns": [{"Name": "id", "Type": "int"}]}, "the column id int where string is expected"),
        ({"Columns": [{"Name": "of_no_use", "Type": "int"}]}, "the column of_no_use int where no such column"),
    ],
    ids=["elsewhere", "format", "SerDe", "type", "column"],
)
def test_a_partition_that_is_another_ones_is_an_error_and_nothing_is_added(
    glue: Any, catalog: Catalog, storage: dict[str, object], reported: str
) -> None:
    catalog.register(SNAPSHOT, folders(2))
    change(glue, 2, **storage)
    with pytest.raises(PartitionMismatch) as raised:
        catalog.register(SNAPSHOT, folders(3))
    assert f"{DATABASE}.{TABLE} has the partition snapshot={SNAPSHOT}, subject=2 already" in str(raised.value)
    assert reported in str(raised.value)
    assert f"DROP PARTITION (snapshot = {SNAPSHOT}, subject = 2)" in str(raised.value)
    assert len(partitions(glue)) == 2


def test_somebody_who_adds_the_same_ones_at_the_same_time_is_no_error_another_ones_are(
    glue: Any, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = catalog._client.batch_create_partition  # type: ignore[attr-defined]

    def just_before(**request: Any) -> Any:
        create(**request)
        return create(**request)

    monkeypatch.setattr(catalog._client, "batch_create_partition", just_before)  # type: ignore[attr-defined]
    assert catalog.register(SNAPSHOT, folders(2)) == 2

    def elsewhere(**request: Any) -> Any:
        create(**request)
        change(glue, 3, Location="s3://another/place/")
        return create(**request)

    monkeypatch.setattr(catalog._client, "batch_create_partition", elsewhere)  # type: ignore[attr-defined]
    with pytest.raises(PartitionMismatch, match="another/place"):
        catalog.register(SNAPSHOT, folders(3))


def test_a_partition_that_glue_refuses_is_an_error(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"Errors": [{"PartitionValues": ["1", "0"], "ErrorDetail": {"ErrorCode": "InternalServiceException"}}]}
    monkeypatch.setattr(catalog._client, "batch_create_partition", lambda **_: answer)  # type: ignore[attr-defined]
    with pytest.raises(CatalogError, match=f"1 partitions of snapshot {SNAPSHOT} were not added to {DATABASE}"):
        catalog.register(SNAPSHOT, folders(2))


# ---------------------------------------------------------------- again


def manifest(snapshot: int, *subjects: int) -> dict[str, Any]:
    files = [
        {
            "key": f"processed/snapshot={snapshot}/subject={subject}/part-00000.parquet",
            "subject": subject,
            "rows": 1,
            "bytes": 1,
            "carried": False,
            "stage_keys": [],
        }
        for subject in subjects
    ]
    reported = {"raw_version": 1, "dataset": "a/b", "code_version": "old", "execution": "", "recording_start": ""}
    return {"snapshot": snapshot, **reported, "columns": [], "sources": [], "files": files, "checks": []}


def told_to_register(world: World, snapshot: int) -> list[str]:
    """The arguments of the state RegisterAgain with those of the template."""
    arguments = world.transform_arguments(
        snapshot=snapshot, data_uri="s3://a-bucket", table=f"{DATABASE}.{TABLE}", view="mhealth"
    )
    at = arguments.index("--raw_manifest")
    return [*arguments[:at], *arguments[at + 2 :], "--deployed_code_version", "another", "--only_register", "true"]


def test_all_kept_snapshots_are_registered_again_and_what_was_never_published_is_not(glue: Any, world: World) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="a-bucket")
    for snapshot, subjects in {1: (1,), 2: (1, 2), 3: (1,)}.items():
        body = json.dumps(manifest(snapshot, *subjects)).encode()
        s3.put_object(Bucket="a-bucket", Key=f"manifests/snapshots/{snapshot}.json", Body=body)
    for snapshot in (1, 2, 9):  # 9 was published, and its manifest is gone
        body = json.dumps({"snapshot": snapshot, "published_at": "2026-11-24T03:20:00.123Z"}).encode()
        s3.put_object(Bucket="a-bucket", Key=f"manifests/publications/{snapshot}.json", Body=body)
    glue_transform.main(told_to_register(world, 2))
    assert set(partitions(glue)) == {("1", "1"), ("2", "1"), ("2", "2")}
    assert partitions(glue)["2", "2"]["StorageDescriptor"]["Location"] == folder(2, snapshot=2)


def test_a_snapshot_that_is_not_whole_is_not_registered(glue: Any, world: World) -> None:
    boto3.client("s3").create_bucket(Bucket="a-bucket")
    with pytest.raises(InvalidArgument, match="--snapshot: 7 has no manifest"):
        glue_transform.main(told_to_register(world, 7))
    assert partitions(glue) == {}


def test_without_the_flag_the_job_makes_a_snapshot(world: World) -> None:
    assert parse_register(world.transform_arguments()) is None
    assert parse_register([*world.transform_arguments(), "--only_register", "false"]) is None


@pytest.mark.parametrize(("value", "registers"), [("Job", True), ("Crawler", False)])
def test_the_template_says_who_registers(world: World, value: str, registers: bool) -> None:
    assert parse_transform(world.transform_arguments(catalog_refresh=value)).job_registers is registers
    with pytest.raises(InvalidArgument, match="expected Crawler or Job, found 'job'"):
        parse_transform(world.transform_arguments(catalog_refresh="job"))


def test_a_file_of_a_table_has_no_partitions(world: World) -> None:
    register(catalog_at(world.table), "file:///anywhere", _read(manifest(1, 1)))


def _read(found: dict[str, Any]) -> Any:
    from mhealth.processed.manifest import SnapshotFile, SnapshotManifest

    files = tuple(SnapshotFile(**entry) for entry in found["files"])
    return SnapshotManifest(**{**found, "files": files})
