"""The Spark job of job 2: stage files to files of the table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession

from mhealth.errors import RowCountMismatch
from mhealth.io.catalog import TableDefinition
from mhealth.io.storage import Storage
from mhealth.processed.planner import Source
from mhealth.processed.sink import WRITTEN_COLUMNS, ParquetSink, WrittenFile
from mhealth.processed.transforms import (
    conform,
    stage_rows,
    with_activity,
    with_id,
    with_timestamp,
)
from mhealth.schema import MEASURED, SAMPLE, SUBJECT
from mhealth.session import NEVER_SPLIT, SPLIT_BYTES
from mhealth.stage.spark_schema import FULL_STAGE_SCHEMA

_TASKS_PER_CORE = 4
"""More than one, so that cores with short tasks take over from the others."""

_ROWS_PER_TASK = 1_000_000
"""About 250 MB to sort, where there are many subjects."""

_GLOB = re.compile(r"[\[\]{}*?\\]")


def one_file_per_subject(sources: Sequence[Source]) -> bool:
    """Whether each source has one stage object, with one subject."""
    return all(len(source.subjects) <= 1 and source.metadata.parts == 1 for source in sources)


def read_stage(spark: SparkSession, storage: Storage, sources: Sequence[Source]) -> DataFrame:
    """Read the sources' stage objects. A subject's file is one partition; sensors that a source lacks are null."""
    # Files of several subjects, or of parts, are shuffled anyhow, so that several workers may read one.
    spark.conf.set("spark.sql.files.maxPartitionBytes", NEVER_SPLIT if one_file_per_subject(sources) else SPLIT_BYTES)
    # File names may hold the characters of glob patterns.
    keys = [_GLOB.sub(lambda found: "\\" + found.group(), key) for source in sources for key in source.stage_keys]
    paths = [f"{storage.root}/{key}" for key in keys]
    return spark.read.schema(FULL_STAGE_SCHEMA).parquet(*paths)


def sorted_by_subject(rows: DataFrame, sources: Sequence[Source]) -> DataFrame:
    """Partition the rows by subject and sort them. Files of one subject are so already, and are not shuffled."""
    if one_file_per_subject(sources):
        return rows
    tasks = shuffle_tasks(
        subjects=sum(len(source.subjects) for source in sources),
        rows=sum(source.metadata.rows for source in sources),
        cores=rows.sparkSession.sparkContext.defaultParallelism,
    )
    return rows.repartition(tasks, SUBJECT).sortWithinPartitions(SUBJECT, SAMPLE)


def shuffle_tasks(*, subjects: int, rows: int, cores: int) -> int:
    """The number of shuffle partitions: one per subject where these are few.

    A task takes a tenth of a second to start, so thousands of subjects share tasks.

    >>> [shuffle_tasks(subjects=subjects, rows=1_000_000, cores=4) for subjects in (1, 10, 5_000)]
    [1, 10, 16]
    >>> shuffle_tasks(subjects=5_000, rows=500_000_000, cores=4)
    500
    """
    return max(1, min(subjects, max(_TASKS_PER_CORE * cores, rows // _ROWS_PER_TASK)))


def table_rows(rows: DataFrame, table: TableDefinition, recording_start: datetime) -> DataFrame:
    """The table's rows, with `subject` and `sample`. Raises SchemaMismatch."""
    return (
        rows.transform(with_id)
        .transform(with_timestamp(recording_start))
        .transform(with_activity)
        .transform(conform(table))
    )


def staged_sensors(rows: DataFrame, stage: DataFrame, sources: Sequence[Source]) -> dict[int, str]:
    """The stage object of each subject whose sensors the workers may copy, without sending them through Spark.

    They may where each file has one subject, and the optimised plan of the sensor columns is the same for the table and
    for the stage: no transformation changes them, or which rows there are. Else the result is empty.
    """
    sensors = [name for name in MEASURED if name in rows.columns]
    if not one_file_per_subject(sources) or not sensors:
        return {}
    table_plan, stage_plan = (
        frame.select(*sensors)
        ._jdf.queryExecution()
        .optimizedPlan()  # there is no public API for the lineage of a column
        for frame in (rows, stage)
    )
    if not table_plan.sameResult(stage_plan):
        return {}
    return {subject: source.stage_key for source in sources for subject in source.subjects}


def write_rows(
    rows: DataFrame,
    storage: Storage,
    table: TableDefinition,
    staged: Mapping[int, str],
    *,
    folder: str,
    max_file_bytes: int,
) -> list[WrittenFile]:
    """Write the rows to the snapshot's `folder`; the sensors of the subjects in `staged` are copied from the stage.

    Returns the files in the order of their keys. Raises RowCountMismatch.
    """
    # A broadcast is sent to each worker once, not with each task.
    shared = rows.sparkSession.sparkContext.broadcast(dict(staged))
    schema = table.arrow_schema()
    sink = ParquetSink(storage.root, folder, schema, max_file_bytes, lambda: shared.value)
    supplied = rows.drop(*MEASURED) if staged else rows
    reported = [row.asDict() for row in supplied.mapInArrow(sink, WRITTEN_COLUMNS).collect()]
    for row in reported:
        if fault := row.pop("fault"):
            raise RowCountMismatch(fault)
    written = [WrittenFile(**row) for row in reported]
    return sorted(written, key=lambda file: file.key)


def make_files(
    spark: SparkSession,
    storage: Storage,
    table: TableDefinition,
    sources: Sequence[Source],
    *,
    folder: str,
    recording_start: datetime,
    max_file_bytes: int,
) -> list[WrittenFile]:
    """Transform the stage objects of the sources to files of the table in the snapshot's `folder`."""
    stage = read_stage(spark, storage, sources).transform(stage_rows)
    rows = table_rows(sorted_by_subject(stage, sources), table, recording_start)
    staged = staged_sensors(rows, stage, sources)
    return write_rows(rows, storage, table, staged, folder=folder, max_file_bytes=max_file_bytes)
