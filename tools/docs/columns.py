"""docs/columns.md, generated from the template: `python -m tools.docs.columns` (`make reference`) writes it."""

from __future__ import annotations

from typing import Any

from tools.docs.parameters import cell, template
from tools.paths import DOCS

PAGE = DOCS / "columns.md"
UNITS = {"m/s2": "m/s²", "mV": "mV", "deg/s": "°/s", "local units": "local units"}
"""The end of a column's comment that gives its unit, and the unit as the page writes it."""
SQL_TYPES = {"string": "varchar", "int": "integer", "timestamp": "timestamp(3)"}
"""Athena's type names in queries and errors, where they differ from those of the table."""

_HEAD = """# Columns

This page is generated from `cloudformation/template.yaml` by `make reference`. A test fails if the two differ.

The view `mhealth` shows the published snapshot. The table `mhealth_snapshots` has the same columns and shows all kept
snapshots. There are 50 samples a second. In Athena, `DESCRIBE mhealth_snapshots` prints the same list. The Parquet
files have comment and unit in the metadata of each column ([reading.md](reading.md#units-and-descriptions)).

| column | type in a query | unit | description |
|---|---|---|---|
"""

_TAIL = """
`snapshot` and `subject` are partition columns. A query that names a subject reads that subject's file only. If the
source lacks a sensor ([data.md](data.md)), the sensor's columns are null. If a later version adds a column, it is null
in the earlier snapshots. `activity` is never null. The named query `MinutesPerActivity` lists the activities and how
long each was recorded.

## Windows

The named query `Windows` returns one row per subject and window of 128 samples (2.56 s), ordered by both. A window
begins every 64 samples, so windows overlap by half. A window with a missing sample (a rejected line) and one that
reaches past the end of the recording are left out. [Notebook 4](../notebooks/04_windows.ipynb) trains a model on them.

| column | type | description |
|---|---|---|
| subject | integer | number of the volunteer |
| window_number | integer | from 0; the window's first sample is 64 times its number |
| start | timestamp(3) | timestamp of the first sample |
| activity_id | integer | label of most of the samples; of labels with equally many samples the smallest number |
| share | double | samples with this label, as a part of 128 |
| AXIS_mean, for example accel_x_mean | double | mean of the axis, in its unit |
| AXIS_std | double | standard deviation, of the whole window (`stddev_pop`), in the axis's unit |
| AXIS_energy | double | energy: mean of the squares, in the square of the axis's unit |

AXIS is each of the 21 columns above that end in `_x`, `_y` or `_z`. The ECG is left out. Windows of the null class
(`activity_id` 0) are included. Window, overlap and energy are those of the UCI HAR dataset (its README.txt and
features_info.txt, [UCI 240](https://archive.ics.uci.edu/dataset/240/human+activity+recognition+using+smartphones), read
on 2026-11-30).
"""


def page(template: dict[str, Any]) -> str:
    """The page as text."""
    table = template["Resources"]["SnapshotsTable"]["Properties"]["TableInput"]
    return _HEAD + "".join(map(_row, [*table["StorageDescriptor"]["Columns"], *table["PartitionKeys"]])) + _TAIL


def _row(column: dict[str, str]) -> str:
    text, unit = column["Comment"], ""
    for ending, written in UNITS.items():
        if text.endswith(f", {ending}"):
            text, unit = text.removesuffix(f", {ending}"), written
    kind = SQL_TYPES.get(column["Type"], column["Type"])
    return f"| {column['Name']} | {kind} | {unit} | {cell(text)} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(template()))
