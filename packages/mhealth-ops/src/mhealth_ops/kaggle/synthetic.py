"""A synthetic mHealth dataset with the shape of the real one: the same files, row counts, labels and number format.

The signals (signals.py) are plausible only in their main features: gravity on the axis of the posture, footfalls, an
ECG with beats. The output is deterministic.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from mhealth_ops.kaggle.movements import Floats
from mhealth_ops.kaggle.signals import signals

ROWS = (161280, 130561, 122112, 116736, 119808, 98304, 104448, 129024, 135168, 98304)
"""Rows of subjects 1 to 10 of the real dataset: 1,215,745 together."""

ACTIVITY_TOTALS = (30720, 30720, 30720, 30720, 30720, 28315, 29441, 29337, 30720, 30720, 30720, 10342)
"""Rows of labels 1 to 12 over all ten subjects of the real dataset; the rest is label 0."""

Layout = Literal["log", "spaces", "csv", "one_csv"]
"""`log`: ten files, tabs, no header (as published); `spaces`: the same with runs of spaces; `csv`: a header and commas;
`one_csv`: one file of 14 columns with every subject."""

SENSORS = (
    *("chest_accel_x", "chest_accel_y", "chest_accel_z", "ecg_1", "ecg_2"),
    *("ankle_accel_x", "ankle_accel_y", "ankle_accel_z", "ankle_gyro_x", "ankle_gyro_y", "ankle_gyro_z"),
    *("ankle_mag_x", "ankle_mag_y", "ankle_mag_z"),
    *("arm_accel_x", "arm_accel_y", "arm_accel_z", "arm_gyro_x", "arm_gyro_y", "arm_gyro_z"),
    *("arm_mag_x", "arm_mag_y", "arm_mag_z"),
)
COLUMNS = (*SENSORS, "label")

_ONE_CSV_COLUMNS = {
    **dict(zip(("alx", "aly", "alz"), ("ankle_accel_x", "ankle_accel_y", "ankle_accel_z"), strict=True)),
    **dict(zip(("glx", "gly", "glz"), ("ankle_gyro_x", "ankle_gyro_y", "ankle_gyro_z"), strict=True)),
    **dict(zip(("arx", "ary", "arz"), ("arm_accel_x", "arm_accel_y", "arm_accel_z"), strict=True)),
    **dict(zip(("grx", "gry", "grz"), ("arm_gyro_x", "arm_gyro_y", "arm_gyro_z"), strict=True)),
    "Activity": "label",
}

MARK = "SYNTHETIC.md"
"""The file by which a dataset says that it is synthetic: the pipeline's report says so if there is one."""

README = """Synthetic copy of the mHealth dataset: made by a random generator, no person was measured.

The real recordings: Banos, O., Garcia, R., Holgado, J. A., Damas, M., Pomares, H., Rojas, I., Saez, A., Villalonga, C.
mHealthDroid: a novel framework for agile development of mobile health applications. IWAAL 2014.

Each mHealth_subject<N>.log holds one subject at 50 Hz, 24 columns without a header: chest acceleration (x, y, z;
m/s2), ECG (two leads; mV), left ankle acceleration, gyroscope (deg/s) and magnetometer, right lower arm the same,
label 0 to 12.
"""


def write_dataset(
    folder: Path, *, scale: int = 1, seed: int = 2014, rows: Sequence[int] = ROWS, layout: Layout = "log"
) -> list[Path]:
    """Write `scale` times `len(rows)` subjects to `folder`; return the data files in order of subject.

    A README.txt describes them, and `MARK` says that they are synthetic.
    Subject numbers continue after the first round (11 after 10); each file has its own signals.
    `rows` are the rows of the subjects of one round; with the real counts the label totals are the real ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.txt").write_text(README, encoding="utf-8")
    (folder / MARK).write_text(README.partition("\n")[0] + "\n", encoding="utf-8")
    subjects = list(enumerate(list(rows) * scale, start=1))
    if layout == "one_csv":
        path = folder / "mhealth_raw_data.csv"
        _write_one_csv(path, [(subject, recording(subject, count, seed=seed)) for subject, count in subjects])
        return [path]

    def write(subject: int, count: int) -> Path:
        path = folder / f"mHealth_subject{subject}.{'csv' if layout == 'csv' else 'log'}"
        _write_one(path, recording(subject, count, seed=seed), layout)
        return path

    # numpy and pyarrow release the GIL, so threads use several cores.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda pair: write(*pair), subjects))


def recording(subject: int, rows: int, *, seed: int = 2014) -> pa.Table:
    """One subject's recording: the 23 sensor columns (double, five significant digits) and `label` (int32)."""
    random = np.random.default_rng([seed, subject])
    labels = _labels(subject, rows, random)
    sensors = {name: pa.array(_five_digits(values)) for name, values in signals(labels, random).items()}
    return pa.table({**{name: sensors[name] for name in SENSORS}, "label": pa.array(labels, pa.int32())})


def activity_rows(subject: int, rows: int) -> list[int]:
    """Rows of labels 1 to 12 in one subject's recording: each activity once, the repetitions varying by subject."""
    place = (subject - 1) % len(ROWS)
    # Cumulative division: over ten subjects the shares add up exactly to the real totals.
    shares = [total * (place + 1) // len(ROWS) - total * place // len(ROWS) for total in ACTIVITY_TOTALS]
    if rows == ROWS[place]:
        return shares
    least = 1 if rows > 2 * len(shares) else 0
    return [max(least, share * rows // ROWS[place]) for share in shares]


def _labels(subject: int, rows: int, random: np.random.Generator) -> npt.NDArray[np.int32]:
    activities = activity_rows(subject, rows)
    rest = rows - sum(activities)
    # Thirteen null blocks around the twelve activities, as in the recordings.
    cuts = np.sort(random.integers(0, rest + 1, len(activities)))
    pauses = np.diff(np.concatenate(([0], cuts, [rest])))
    runs = [int(pauses[0])]
    values = [0]
    for label, (length, pause) in enumerate(zip(activities, pauses[1:], strict=True), start=1):
        runs += [length, int(pause)]
        values += [label, 0]
    return np.repeat(np.array(values, np.int32), runs)


def _five_digits(values: Floats) -> Floats:
    """Round to five significant digits, scaled by exact powers of ten, so that the shortest text has five digits."""
    digits = np.clip(4 - np.floor(np.log10(np.abs(values) + 1e-300)), 0, 9)
    power = 10.0**digits
    rounded: Floats = np.rint(values * power) / power
    return rounded + 0.0  # no negative zero


def _write_one(path: Path, table: pa.Table, layout: Layout) -> None:
    if layout == "csv":
        _write_csv(path, table)
        return
    csv.write_csv(table, path, csv.WriteOptions(include_header=False, delimiter="\t"))
    if layout == "spaces":
        path.write_bytes(path.read_bytes().replace(b"\t", b"  "))


def _write_one_csv(path: Path, recordings: list[tuple[int, pa.Table]]) -> None:
    parts = [
        table.select(list(_ONE_CSV_COLUMNS.values()))
        .rename_columns(list(_ONE_CSV_COLUMNS))
        .append_column("subject", pa.repeat(pa.scalar(f"subject{subject}"), table.num_rows))
        for subject, table in recordings
    ]
    _write_csv(path, pa.concat_tables(parts))


def _write_csv(path: Path, table: pa.Table) -> None:
    with path.open("wb") as file:
        # pyarrow would quote the names.
        file.write(",".join(table.column_names).encode() + b"\n")
        csv.write_csv(table, file, csv.WriteOptions(include_header=False, quoting_style="none"))
