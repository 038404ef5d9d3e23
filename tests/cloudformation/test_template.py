"""The template: what is decided once. What holds for every resource is in tests/checks/rules/."""

from __future__ import annotations

from typing import Any

from .conftest import ROOT, of_type

SENSORS = (
    *("accel_x", "accel_y", "accel_z"),
    *("ecg_1", "ecg_2"),
    *("ankle_accel_x", "ankle_accel_y", "ankle_accel_z"),
    *("ankle_gyro_x", "ankle_gyro_y", "ankle_gyro_z"),
    *("ankle_mag_x", "ankle_mag_y", "ankle_mag_z"),
    *("arm_accel_x", "arm_accel_y", "arm_accel_z"),
    *("arm_gyro_x", "arm_gyro_y", "arm_gyro_z"),
    *("arm_mag_x", "arm_mag_y", "arm_mag_z"),
)


def test_defaults_are_those_of_the_design(template: dict[str, Any]) -> None:
    defaults = {name: parameter["Default"] for name, parameter in template["Parameters"].items()}
    assert defaults["DatasetHandle"] == "nirmalsankalana/mhealth-dataset-data-set"
    assert defaults["ScheduleExpression"] == "cron(0 8 * * ? *)"
    assert defaults["ScheduleTimeZone"] == "Asia/Tokyo"
    assert defaults["RecordingStart"] == "2014-01-01T00:00:00Z"
    assert defaults["MaxBadRowRatio"] == 0.001
    assert defaults["KeepSnapshots"] == 3
    assert defaults["MaxFileBytes"] == 512 * 1024**2
    assert (defaults["GlueVersion"], defaults["GlueWorkers"]) == ("5.1", 2)


def test_table_has_every_column_with_its_type(template: dict[str, Any]) -> None:
    table = template["Resources"]["SnapshotsTable"]["Properties"]["TableInput"]
    columns = [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]
    assert columns == [
        ("id", "string"),
        ("timestamp", "timestamp"),
        *((name, "double") for name in SENSORS),
        ("activity_id", "int"),
        ("activity", "string"),
    ]
    assert [(key["Name"], key["Type"]) for key in table["PartitionKeys"]] == [
        ("snapshot", "bigint"),
        ("subject", "int"),
    ]
    assert table["Name"] == "mhealth_snapshots"
    # Without it a crawler deprecates the table.
    assert table["Parameters"]["compressionType"] == "none"


def test_queries_of_the_readme_are_the_named_ones(template: dict[str, Any]) -> None:
    readme = (ROOT / "README.md").read_text()
    queries = of_type(template, "AWS::Athena::NamedQuery")
    for name in ("RowsPerSubject", "WalkingMinutes", "MinutesPerActivity", "Snapshots"):
        (query,) = [each for each in queries.values() if each["Name"] == name]
        assert query["QueryString"] in readme, name
