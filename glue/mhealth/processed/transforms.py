"""DataFrame transformations from stage rows to table rows, each named for the column that it adds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from mhealth.io.catalog import TableDefinition
from mhealth.processed.columns import ID_DIGITS, MICROS_PER_SAMPLE, micros, require_fit
from mhealth.schema import ACTIVITIES, LABEL, SAMPLE, SENSORS, SUBJECT, table_name


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
    start = micros(recording_start)

    def add(rows: DataFrame) -> DataFrame:
        passed = F.col(SAMPLE) * F.lit(MICROS_PER_SAMPLE).cast("bigint")
        return rows.withColumn("timestamp", F.timestamp_micros(F.lit(start).cast("bigint") + passed))

    return add


def with_activity(rows: DataFrame) -> DataFrame:
    """Add `activity` (string), the name of `activity_id`; an id without a name is an error, never a null."""
    names = F.array(*(F.lit(name) for name in ACTIVITIES))
    return rows.withColumn("activity", names[F.col("activity_id")])


def conform(table: TableDefinition) -> Callable[[DataFrame], DataFrame]:
    """Select the table's columns in its order and types, then `subject`, which the sink needs.

    Raises SchemaMismatch, with all discrepancies.
    """

    def select(rows: DataFrame) -> DataFrame:
        require_fit({field.name: field.dataType.simpleString() for field in rows.schema}, table)
        return rows.select(
            *(F.col(column.name).cast(column.type).alias(column.name) for column in table.columns),
            SUBJECT,
        )

    return select
