"""A sensor is stated in the jobs' schema and, as a column of the table, in the template; what else names one agrees."""

from __future__ import annotations

from typing import Any

from ingest.layouts import LAYOUTS
from mhealth import schema
from mhealth_ops.kaggle import synthetic


def test_the_table_has_the_sensors_of_the_jobs_in_their_order(template: dict[str, Any]) -> None:
    table = template["Resources"]["SnapshotsTable"]["Properties"]["TableInput"]
    columns = [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]
    assert [column for column in columns if column[0] in schema.MEASURED] == [
        (name, "double") for name in schema.MEASURED
    ]


def test_the_table_has_the_partitions_of_the_jobs(template: dict[str, Any]) -> None:
    keys = template["Resources"]["SnapshotsTable"]["Properties"]["TableInput"]["PartitionKeys"]
    assert {key["Name"]: key["Type"] for key in keys} == schema.PARTITION_KEYS


def test_the_jobs_know_every_column_of_every_layout() -> None:
    assert {column for layout in LAYOUTS for column in layout.columns} <= set(schema.RAW_COLUMNS)


def test_the_synthetic_dataset_has_the_columns_of_the_published_one() -> None:
    (published,) = (layout for layout in LAYOUTS if layout.name == "mhealth_log")
    assert published.columns == synthetic.COLUMNS
