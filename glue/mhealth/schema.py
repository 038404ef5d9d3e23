"""The columns: what raw files may hold, what a stage file holds, what the table is made from.

A sensor is stated here and, as a column of the table, in the template; tests/cloudformation/test_columns.py compares.
"""

from __future__ import annotations

CHEST = tuple(f"chest_accel_{axis}" for axis in "xyz")
ECG = ("ecg_1", "ecg_2")
LIMBS = tuple(
    f"{limb}_{sensor}_{axis}" for limb in ("ankle", "arm") for sensor in ("accel", "gyro", "mag") for axis in "xyz"
)

SENSORS = CHEST + ECG + LIMBS
"""The 23 measured columns, all double: m/s2, mV, deg/s, local magnetic field."""

MAGNETOMETERS = tuple(name for name in SENSORS if "_mag_" in name)
"""The sensors whose values repeat most: one or two in a hundred are distinct."""

LABEL = "label"
SUBJECT = "subject"
SAMPLE = "sample"
"""The data line's place in its file, from 0; where a file holds several subjects, among the subject's lines."""
LINE = "line"
"""The line's number in the source, from 1."""

PARTITION_KEYS = {"snapshot": "bigint", SUBJECT: "int"}
"""What the table is partitioned by, with Hive types; paths.py names the folders so."""

RAW_COLUMNS = (*SENSORS, LABEL, SUBJECT)
"""Every name that a raw file's column can have; `subject` only where one file holds all subjects."""

ACTIVITIES = (
    "null class",
    "standing still",
    "sitting and relaxing",
    "lying down",
    "walking",
    "climbing stairs",
    "waist bends forward",
    "frontal elevation of arms",
    "knees bending (crouching)",
    "cycling",
    "jogging",
    "running",
    "jump front and back",
)
"""The names of the labels 0 to 12, by index."""

SAMPLES_PER_SECOND = 50
"""The recordings' rate in Hz."""


def table_name(raw: str) -> str:
    """The table's name of a raw column: chest acceleration is `accel_*` there, the label `activity_id`."""
    return "activity_id" if raw == LABEL else raw.removeprefix("chest_")


MEASURED = tuple(table_name(name) for name in SENSORS)
"""The sensors under the table's names."""

SUMMED = frozenset((*MEASURED, table_name(LABEL)))
"""The table's columns that hold what a source line says; the others are made from them and from the sample."""
