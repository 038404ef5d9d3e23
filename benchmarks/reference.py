"""A reference implementation: the table's rows of one raw file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from benchmarks import template
from mhealth.io.catalog import ARROW_TYPES
from mhealth.schema import ACTIVITIES, SAMPLES_PER_SECOND, SENSORS, table_name
from tools.cost.stack import Stack

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


COMPARED = frozenset({"id", "timestamp", "activity_id", "activity", *map(table_name, SENSORS)})
"""The columns of every implementation besides the sensors: id, time and activity."""


def columns() -> dict[str, str]:
    """The table's columns that every implementation writes, with their Hive types, in the table's order.

    A column that only this project computes costs it time.
    """
    return {name: kind for name, kind in template.columns().items() if name in COMPARED}


def recording_start() -> datetime:
    """The template's default for RecordingStart."""
    return datetime.fromisoformat(str(Stack.read().parameters["RecordingStart"]))


def subject_of(path: Path) -> int:
    """The subject of a raw file of layout 1."""
    return int(path.stem.removeprefix("mHealth_subject"))


def table_of(path: Path) -> pa.Table:
    """The table's rows for the raw file of one subject, in the types of `columns()`."""
    raw = csv.read_csv(path)
    subject, rows = subject_of(path), raw.num_rows
    samples = np.arange(rows, dtype=np.int64)
    start = int((recording_start() - EPOCH).total_seconds()) * 1_000_000
    found = {table_name(name): raw[name] for name in raw.column_names}
    activity = pa.DictionaryArray.from_arrays(found["activity_id"].combine_chunks().cast(pa.int32()), list(ACTIVITIES))
    found["id"] = pa.array([f"{subject}-{sample:07d}" for sample in range(rows)])
    found["timestamp"] = pa.array(start + samples * (1_000_000 // SAMPLES_PER_SECOND), pa.timestamp("us", "UTC"))
    found["activity"] = activity.cast(pa.string())
    schema = pa.schema([(name, ARROW_TYPES[kind]) for name, kind in columns().items()])
    return pa.table([found[name].cast(field.type) for name, field in zip(schema.names, schema, strict=True)], schema)
