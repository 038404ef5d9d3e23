"""The table's rows of one raw file, made in the plainest way: what every way has to come to, in which columns."""

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
"""What every way makes: the values of a raw file, and what names a row, its time and its activity."""


def columns() -> dict[str, str]:
    """The table's columns that every way makes, with their Hive types, in the table's order.

    A column that this project computes besides takes its time, and nobody else makes it.
    """
    return {name: kind for name, kind in template.columns().items() if name in COMPARED}


def recording_start() -> datetime:
    """The template's default start of every recording."""
    return datetime.fromisoformat(str(Stack.read().parameters["RecordingStart"]))


def subject_of(path: Path) -> int:
    """The subject of a raw file of layout 1."""
    return int(path.stem.removeprefix("mHealth_subject"))


def table_of(path: Path) -> pa.Table:
    """The rows that the raw file of one subject becomes, in the types of `columns()`."""
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
