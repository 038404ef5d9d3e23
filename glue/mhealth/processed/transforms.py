"""DataFrame transformations from stage rows to table rows, each named for the column that it adds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from mhealth.errors import SchemaMismatch
from mhealth.io.catalog import SPARK_TYPES, TableDefinition
from mhealth.schema import ACTIVITIES, LABEL, PARTITION_KEYS, SAMPLE, SAMPLES_PER_SECOND, SENSORS, SUBJECT, table_name

ID_DIGITS = 7
_MICROS_PER_SAMPLE = 1_000_000 // SAMPLES_PER_SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_WIDENED = {("int", "bigint")}
"""Supplied and wanted types that differ and fit all the same."""


def stage_rows(stage: DataFrame) -> DataFrame:
    """The stage's columns under the table's names: the sensors (double), activity_id (int), subject, sample."""
    return stage.select(
        *(F.col(name).cast("double").alias(table_name(name)) for name in SENSORS),
        F.col(LABEL).cast("int").alias(table_name(LABEL)),
        F.col(SUBJECT).cast("int").alias(SUBJECT),
        F.col(SAMPLE).cast("bigint").alias(SAMPLE),
    )


def sample_id(subject: Column, sample: Column) -> Column:
    """Subject, hyphen, the sample number with at least seven digits: `3-0000042`."""
    digits = sample.cast("string")
    # lpad truncates longer texts, and a truncated number would not be unique.
    padded = F.when(sample < 10**ID_DIGITS, F.lpad(digits, ID_DIGITS, "0")).otherwise(digits)
    return F.concat(subject.cast("string"), F.lit("-"), padded)


def with_id(rows: DataFrame) -> DataFrame:
    """Add `id` (string), unique over all rows."""
    return rows.withColumn("id", sample_id(F.col(SUBJECT), F.col(SAMPLE)))


def with_timestamp(recording_start: datetime) -> Callable[[DataFrame], DataFrame]:
    """Add `timestamp`: the recording's start plus sample / 50 s, exact to the microsecond."""
    start = (recording_start - _EPOCH) // timedelta(microseconds=1)

    def add(rows: DataFrame) -> DataFrame:
        micros = F.lit(start).cast("bigint") + F.col(SAMPLE) * F.lit(_MICROS_PER_SAMPLE).cast("bigint")
        return rows.withColumn("timestamp", F.timestamp_micros(micros))

    return add


def with_activity(rows: DataFrame) -> DataFrame:
    """Add `activity` (string), the name of `activity_id`; an id without a name is an error, never a null."""
    names = F.array(*(F.lit(name) for name in ACTIVITIES))
    return rows.withColumn("activity", names[F.col("activity_id")])


def conform(table: TableDefinition) -> Callable[[DataFrame], DataFrame]:
    """Select the table's columns in its order and types, then `subject` and `sample`, which the sink needs.

    Raises SchemaMismatch, with all discrepancies.
    """

    def select(rows: DataFrame) -> DataFrame:
        problems = discrepancies(rows, table)
        if problems:
            raise SchemaMismatch(
                f"the table {table.name} does not fit what the job makes: {'; '.join(problems)}. The table is defined "
                "in the template: correct it there, or the job. Not retryable."
            )
        return rows.select(
            *(F.col(column.name).cast(SPARK_TYPES[column.type]).alias(column.name) for column in table.columns),
            *(F.col(name).alias(name) for name in (SUBJECT, SAMPLE) if all(name != own.name for own in table.columns)),
        )

    return select


def discrepancies(rows: DataFrame, table: TableDefinition) -> list[str]:
    """How the columns of `rows` differ from those of the table, one text each."""
    supplied = {field.name: field.dataType.simpleString() for field in rows.schema}
    problems = []
    for column in table.columns:
        if column.name not in supplied:
            problems.append(f"{column.name} {column.type}: the job has no such column")
        elif column.type not in SPARK_TYPES:
            problems.append(f"{column.name} {column.type}: not one of the types {', '.join(SPARK_TYPES)}")
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
