"""The expected table, computed from the source files by simple independent code."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

NAMES = (
    *("accel_x", "accel_y", "accel_z"),
    *("ecg_1", "ecg_2"),
    *("ankle_accel_x", "ankle_accel_y", "ankle_accel_z"),
    *("ankle_gyro_x", "ankle_gyro_y", "ankle_gyro_z"),
    *("ankle_mag_x", "ankle_mag_y", "ankle_mag_z"),
    *("arm_accel_x", "arm_accel_y", "arm_accel_z"),
    *("arm_gyro_x", "arm_gyro_y", "arm_gyro_z"),
    *("arm_mag_x", "arm_mag_y", "arm_mag_z"),
)
"""The table's names of the 23 sensor columns, in the order of a .log file."""

ONE_CSV_NAMES = (
    *("ankle_accel_x", "ankle_accel_y", "ankle_accel_z"),
    *("ankle_gyro_x", "ankle_gyro_y", "ankle_gyro_z"),
    *("arm_accel_x", "arm_accel_y", "arm_accel_z"),
    *("arm_gyro_x", "arm_gyro_y", "arm_gyro_z"),
)
"""The table's names of the twelve sensor columns of mhealth_raw_data.csv, in its order."""

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

Row = tuple[str, str, int, tuple[float | None, ...], int, str]
"""id, timestamp as Athena prints it, subject, the 23 sensor values, activity_id, activity."""


def _row(subject: int, sample: int, values: dict[str, float], label: int) -> Row:
    moment = datetime(2014, 1, 1) + timedelta(milliseconds=20 * sample)
    return (
        f"{subject}-{sample:07d}",
        moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03d}",
        subject,
        tuple(values.get(name) for name in NAMES),
        label,
        ACTIVITIES[label],
    )


def of_logs(folder: Path, *, rejected: frozenset[tuple[str, int]] = frozenset()) -> list[Row]:
    """The rows of mHealth_subject<N>.log files, fields by tab or spaces, no header.

    `rejected` names lines to leave out: the file's name without extension, and the place in the file, from 0.
    """
    rows = []
    for path in folder.glob("*.log"):
        subject = int("".join(filter(str.isdigit, path.stem)))
        for sample, line in enumerate(path.read_text().splitlines()):
            if (path.stem, sample) in rejected:
                continue
            *sensors, label = line.split()
            rows.append(_row(subject, sample, dict(zip(NAMES, map(float, sensors), strict=True)), int(label)))
    return sorted(rows)


def of_csvs_with_header(folder: Path) -> list[Row]:
    """The rows of mHealth_subject<N>.csv files: a header with the raw names, commas."""
    raw_names = {("chest_" + name if name.startswith("accel") else name): name for name in NAMES}
    rows = []
    for path in folder.glob("*.csv"):
        subject = int("".join(filter(str.isdigit, path.stem)))
        header, *lines = path.read_text().splitlines()
        for sample, line in enumerate(lines):
            cells = dict(zip(header.split(","), line.split(","), strict=True))
            values = {table: float(cells[raw]) for raw, table in raw_names.items()}
            rows.append(_row(subject, sample, values, int(cells["label"])))
    return sorted(rows)


def of_one_csv(path: Path) -> list[Row]:
    """The rows of mhealth_raw_data.csv: fourteen columns, every subject in it."""
    rows = []
    samples: dict[int, int] = {}
    for line in path.read_text().splitlines()[1:]:
        *sensors, label, name = line.split(",")
        subject = int(name.removeprefix("subject"))
        sample = samples.get(subject, 0)
        samples[subject] = sample + 1
        rows.append(_row(subject, sample, dict(zip(ONE_CSV_NAMES, map(float, sensors), strict=True)), int(label)))
    return sorted(rows)


def of_table(answer: list[dict[str, str]]) -> list[Row]:
    """The rows of an Athena result with every column of the view."""
    return sorted(
        (
            cells["id"],
            cells["timestamp"],
            int(cells["subject"]),
            tuple(float(cells[name]) if cells[name] else None for name in NAMES),
            int(cells["activity_id"]),
            cells["activity"],
        )
        for cells in answer
    )
