from __future__ import annotations

import base64
import json
from pathlib import Path

import boto3
import pytest

from mhealth.errors import SchemaMismatch
from mhealth.io.catalog import CatalogError, Column, ViewUnreadable, catalog_at, published_snapshot
from tests.glue.world import PARTITION_KEYS, TABLE_COLUMNS, table_input, write_table

DATABASE = "mhealth_db"


def view_text(sql: str) -> str:
    """A view as Athena stores it."""
    return f"/* Presto View: {base64.b64encode(json.dumps({'originalSql': sql}).encode()).decode()} */"


@pytest.fixture
def glue(aws: str) -> object:
    client = boto3.client("glue")
    client.create_database(DatabaseInput={"Name": DATABASE})
    client.create_table(DatabaseName=DATABASE, TableInput=table_input())  # type: ignore[typeddict-item]
    return client


def add_partitions(glue: object, snapshot: int, subjects: int) -> None:
    glue.batch_create_partition(  # type: ignore[attr-defined]
        DatabaseName=DATABASE,
        TableName="mhealth_snapshots",
        PartitionInputList=[{"Values": [str(snapshot), str(subject)]} for subject in range(subjects)],
    )


def partitions(glue: object) -> list[list[str]]:
    found = glue.get_partitions(DatabaseName=DATABASE, TableName="mhealth_snapshots")["Partitions"]  # type: ignore[attr-defined]
    return sorted(partition["Values"] for partition in found)


def test_the_definition_comes_from_the_catalog_in_order(glue: object) -> None:
    table = catalog_at(f"{DATABASE}.mhealth_snapshots").table()
    assert table.columns == tuple(Column(name, kind) for name, kind in TABLE_COLUMNS.items())
    assert table.partition_keys == tuple(Column(name, kind) for name, kind in PARTITION_KEYS.items())


def test_the_definition_comes_from_a_file_alike(glue: object, tmp_path: Path) -> None:
    from_file = catalog_at(write_table(tmp_path / "table.json")).table()
    from_glue = catalog_at(f"{DATABASE}.mhealth_snapshots").table()
    assert (from_file.columns, from_file.partition_keys) == (from_glue.columns, from_glue.partition_keys)


def test_no_table_is_a_named_error(glue: object, tmp_path: Path) -> None:
    with pytest.raises(SchemaMismatch, match=r"the catalog has no table mhealth_db\.nothing: deploy the stack again"):
        catalog_at(f"{DATABASE}.nothing").table()
    with pytest.raises(SchemaMismatch, match=r"nothing\.json holds no table definition"):
        catalog_at(f"file://{tmp_path}/nothing.json").table()


def test_the_published_snapshot_is_read_from_the_view(glue: object) -> None:
    catalog = catalog_at(f"{DATABASE}.mhealth_snapshots")
    assert catalog.published("mhealth") is None
    text = view_text('SELECT id, "timestamp" FROM mhealth_snapshots WHERE snapshot = 20261124031454')
    glue.create_table(  # type: ignore[attr-defined]
        DatabaseName=DATABASE, TableInput={"Name": "mhealth", "TableType": "VIRTUAL_VIEW", "ViewOriginalText": text}
    )
    assert catalog.published("mhealth") == 20261124031454


@pytest.mark.parametrize(
    "condition",
    ["snapshot = 7", '"snapshot" = 7', "(snapshot=7)", '("snapshot" = 7)', 'mhealth_snapshots."snapshot" = 7'],
)
def test_the_snapshot_is_read_however_the_condition_is_written(condition: str) -> None:
    sql = f"SELECT id, 5 AS old_snapshot FROM mhealth_snapshots WHERE old_snapshot = 5 AND {condition}"
    assert published_snapshot("mhealth", view_text(sql)) == 7


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SELECT 1",
        view_text("SELECT * FROM mhealth_snapshots"),
        view_text("SELECT * FROM mhealth_snapshots WHERE snapshot = 1 OR snapshot = 2"),
        "/* Presto View: e30= */",
        "/* Presto View: QUJD */",
        "/* Presto View: A */",
    ],
    ids=["empty", "plain", "all", "two", "no statement", "no JSON", "no base64"],
)
def test_a_view_without_a_snapshot_is_an_error(text: str) -> None:
    with pytest.raises(ViewUnreadable, match="the view mhealth names no snapshot"):
        published_snapshot("mhealth", text)


def test_only_the_partitions_of_the_snapshot_are_dropped(glue: object) -> None:
    add_partitions(glue, 1, 60)
    add_partitions(glue, 11, 2)
    catalog = catalog_at(f"{DATABASE}.mhealth_snapshots")
    assert catalog.drop_partitions(1) == 60
    assert partitions(glue) == [["11", "0"], ["11", "1"]]
    assert catalog.drop_partitions(1) == 0


def test_a_partition_that_stays_is_an_error(glue: object, monkeypatch: pytest.MonkeyPatch) -> None:
    add_partitions(glue, 1, 1)
    catalog = catalog_at(f"{DATABASE}.mhealth_snapshots")
    answer = {"Errors": [{"PartitionValues": ["1", "0"], "ErrorDetail": {"ErrorCode": "InternalServiceException"}}]}
    monkeypatch.setattr(catalog._client, "batch_delete_partition", lambda **_: answer)  # type: ignore[attr-defined]
    with pytest.raises(CatalogError, match="1 partitions of snapshot 1 were not removed"):
        catalog.drop_partitions(1)
