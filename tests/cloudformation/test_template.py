"""The template: what is decided once. What holds for every resource is in tools/checks/rules/."""

from __future__ import annotations

from typing import Any

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
