"""What transforms.py and arrow_rows.py share: how the table's own columns are made, and whether the table fits them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from mhealth.errors import SchemaMismatch
from mhealth.io.catalog import ARROW_TYPES, TableDefinition
from mhealth.schema import PARTITION_KEYS, SAMPLES_PER_SECOND

ID_DIGITS = 7
MICROS_PER_SAMPLE = 1_000_000 // SAMPLES_PER_SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_WIDENED = {("int", "bigint")}
"""Supplied and wanted types that differ and fit all the same."""


def micros(instant: datetime) -> int:
    """Microseconds since 1970."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def require_fit(supplied: Mapping[str, str], table: TableDefinition) -> None:
    """Compare columns (name to Hive type) with those of the table. Raises SchemaMismatch, with all discrepancies."""
    if problems := _discrepancies(supplied, table):
        raise SchemaMismatch(
            f"the table {table.name} does not fit what the job makes: {'; '.join(problems)}. The table is defined "
            "in the template: correct it there, or the job. Not retryable."
        )


def _discrepancies(supplied: Mapping[str, str], table: TableDefinition) -> list[str]:
    problems = []
    for column in table.columns:
        if column.name not in supplied:
            problems.append(f"{column.name} {column.type}: the job has no such column")
        elif column.type not in ARROW_TYPES:
            problems.append(f"{column.name} {column.type}: not one of the types {', '.join(ARROW_TYPES)}")
        elif column.type != supplied[column.name] and (supplied[column.name], column.type) not in _WIDENED:
            problems.append(f"{column.name} {column.type}: the job makes {supplied[column.name]}")
    names = [column.name for column in table.columns]
    problems += [f"{name}: twice in the table" for name in sorted({name for name in names if names.count(name) > 1})]
    if "id" not in names:
        problems.append("id string: missing in the table")
    keys = [(key.name, key.type) for key in table.partition_keys]
    if keys != [*PARTITION_KEYS.items()]:
        found = ", ".join(f"{name} {kind}" for name, kind in keys) or "none"
        expected = ", ".join(f"{name} {kind}" for name, kind in PARTITION_KEYS.items())
        problems.append(f"partition keys {found}: expected {expected}")
    return problems
