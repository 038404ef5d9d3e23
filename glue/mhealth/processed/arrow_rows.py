"""The transformations of transforms.py on Arrow tables, under the same names: for rows that never leave a worker.

tests/glue/processed/test_arrow_rows.py compares both on the same rows. transforms.py is the definition.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from mhealth.io.catalog import ARROW_TYPES, TableDefinition
from mhealth.processed.columns import ID_DIGITS, MICROS_PER_SAMPLE, micros, require_fit
from mhealth.schema import ACTIVITIES, LABEL, SAMPLE, SENSORS, SUBJECT, table_name

STAGE_SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.float64()) for name in SENSORS),
        pa.field(LABEL, pa.int32()),
        pa.field(SUBJECT, pa.int32()),
        pa.field(SAMPLE, pa.int64()),
    ]
)
"""The columns of a stage file that the table is made from. A sensor that the source lacks is absent in the file."""

_HIVE_NAMES = {kind: name for name, kind in ARROW_TYPES.items()}


def stage_rows(stage: pa.Table) -> pa.Table:
    """The stage's columns under the table's names; a sensor that the source lacks is null."""
    present = stage.schema.names
    columns = [
        stage[field.name].cast(field.type) if field.name in present else pa.nulls(stage.num_rows, field.type)
        for field in STAGE_SCHEMA
    ]
    return pa.table(columns, names=[table_name(name) for name in STAGE_SCHEMA.names])


def with_id(rows: pa.Table) -> pa.Table:
    """Add `id`."""
    digits = pc.ascii_lpad(rows[SAMPLE].cast(pa.string()), ID_DIGITS, "0")  # it never truncates
    return rows.append_column("id", pc.binary_join_element_wise(rows[SUBJECT].cast(pa.string()), digits, "-"))


def with_timestamp(recording_start: datetime) -> Callable[[pa.Table], pa.Table]:
    """Add `timestamp`."""
    start = micros(recording_start)

    def add(rows: pa.Table) -> pa.Table:
        passed = pc.multiply_checked(rows[SAMPLE], MICROS_PER_SAMPLE)
        return rows.append_column("timestamp", pc.add_checked(passed, start).cast(ARROW_TYPES["timestamp"]))

    return add


def with_activity(rows: pa.Table) -> pa.Table:
    """Add `activity`; an id without a name is an error (pyarrow.ArrowIndexError), never a null."""
    return rows.append_column("activity", pc.take(pa.array(ACTIVITIES), rows["activity_id"]))


def conform(table: TableDefinition) -> Callable[[pa.Table], pa.Table]:
    """Select the table's columns, then `subject`. Raises SchemaMismatch."""

    def select(rows: pa.Table) -> pa.Table:
        require_fit({field.name: _HIVE_NAMES.get(field.type, str(field.type)) for field in rows.schema}, table)
        columns = {column.name: rows[column.name].cast(ARROW_TYPES[column.type]) for column in table.columns}
        return pa.table(columns | {SUBJECT: rows[SUBJECT]})

    return select
