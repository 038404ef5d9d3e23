"""The template's comments and units are in the metadata of the table's files; Spark reads them in test_encoding.py."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mhealth.io.catalog import catalog_at
from mhealth.processed.encoding import open_writer
from tools.docs.parameters import template

COMMENTS = {
    "accel_x": "chest acceleration, m/s2",
    "ecg_2": "ECG lead 2, mV",
    "ankle_gyro_z": "left ankle turning rate, deg/s",
    "arm_mag_y": "right lower arm magnetometer, local units",
}
"""Some of the template's, by hand."""
UNITS = {"accel_x": "m/s2", "ecg_2": "mV", "ankle_gyro_z": "deg/s", "arm_mag_y": "local units"}


def write(path: Path, schema: pa.Schema, rows: int = 3) -> Path:
    table = schema.empty_table().from_pylist([{}] * rows, schema)
    with open_writer(path, table) as writer:
        writer.write_table(table)
    return path


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> pa.Schema:
    """What job 2 makes of the template's table."""
    path = tmp_path_factory.mktemp("table") / "table.json"
    path.write_text(json.dumps(template()["Resources"]["SnapshotsTable"]["Properties"]["TableInput"], default=str))
    return catalog_at(f"file://{path}").table().arrow_schema()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, schema: pa.Schema) -> Path:
    return write(tmp_path_factory.mktemp("described") / "part-00000.parquet", schema)


@pytest.mark.notices(
    "glue/mhealth/processed/encoding.py",
    "store_schema=True,",
    "store_schema=False,",
)
def test_arrow_and_polars_read_comments_and_units(path: Path) -> None:
    import polars as pl  # no other test needs it, and it is slow to load

    found = pq.read_schema(path)
    texts = {field.name: {key.decode(): text.decode() for key, text in field.metadata.items()} for field in found}
    assert {name: texts[name]["comment"] for name in COMMENTS} == COMMENTS
    assert {name: text["unit"] for name, text in texts.items() if name in UNITS} == UNITS
    assert {name for name, text in texts.items() if "unit" not in text} == {
        *("id", "timestamp", "activity_id", "activity")
    }
    assert all(text["comment"] for text in texts.values())
    by_polars = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(pl.read_parquet_metadata(path)["ARROW:schema"])))
    assert by_polars.field("accel_x").metadata == found.field("accel_x").metadata


def test_duckdb_shows_them(path: Path) -> None:
    with duckdb.connect() as connection:
        ((text,),) = connection.execute(
            "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE decode(key) = ?",
            [str(path), "org.apache.spark.sql.parquet.row.metadata"],
        ).fetchall()
    fields = {field["name"]: field["metadata"] for field in json.loads(text)["fields"]}
    assert {name: fields[name]["comment"] for name in COMMENTS} == COMMENTS


def test_the_same_rows_are_the_same_bytes(path: Path, schema: pa.Schema, tmp_path: Path) -> None:
    assert write(tmp_path / "again.parquet", schema).read_bytes() == path.read_bytes()


def test_a_table_without_comments_has_neither(tmp_path: Path) -> None:
    plain = write(tmp_path / "plain.parquet", pa.schema([("ecg_1", pa.float64())]))
    assert pq.read_schema(plain).field("ecg_1").metadata is None
    assert b"org.apache.spark.sql.parquet.row.metadata" not in (pq.read_metadata(plain).metadata or {})
