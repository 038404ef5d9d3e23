"""Rows through Spark: stage files to files of the table by DataFrames, where Arrow alone cannot make them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from mhealth.io.storage import Storage
from mhealth.processed.planner import Source
from mhealth.processed.sink import WRITTEN_COLUMNS, ParquetSink
from mhealth.processed.transforms import stage_rows
from mhealth.schema import SAMPLE, SUBJECT
from mhealth.session import NEVER_SPLIT, SPLIT_BYTES
from mhealth.stage.spark_schema import FULL_STAGE_SCHEMA

_TASKS_PER_CORE = 4
"""More than one, so that cores with short tasks take over from the others."""

_ROWS_PER_TASK = 1_000_000
"""About 250 MB to sort, where there are many subjects."""

_GLOB = re.compile(r"[\[\]{}*?\\]")


def write(
    spark: SparkSession,
    storage: Storage,
    sources: Sequence[Source],
    transforms: Sequence[Callable[[DataFrame], DataFrame]],
    sink: ParquetSink,
) -> list[dict[str, Any]]:
    """Transform the sources' rows and write them; returns what the sink tells."""
    rows = sorted_by_subject(read_stage(spark, storage, sources).transform(stage_rows), sources)
    for transform in transforms:
        rows = rows.transform(transform)
    return [row.asDict() for row in rows.mapInArrow(sink, WRITTEN_COLUMNS).collect()]


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
