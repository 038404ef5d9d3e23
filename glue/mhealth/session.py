"""SparkContext and SparkSession of both jobs. On Glue they may exist, so only run-time settings are set here.

pyspark is imported in the functions: a run that starts no Spark saves the third of a second that the import takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

NEVER_SPLIT = str(1 << 50)

SPLIT_BYTES = str(128 * 1024 * 1024)
"""Spark's own default: what one task reads of a large file."""

ARROW_BATCH_ROWS = 32 * 1024
"""Rows per batch that go to a Python worker: about 8 MB of this table."""

LISTING_TASKS = 8
"""Tasks that list more than 32 input files; as many as cores where those are more. Spark's default is a task per file,
which took ten seconds longer for 2,000 files (docs/performance.md)."""

_SETTINGS = {
    # Timestamps are UTC on every machine.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(ARROW_BATCH_ROWS),
    # A subject's stage file is one partition, whatever its size: its rows stay together, in order.
    "spark.sql.files.maxPartitionBytes": NEVER_SPLIT,
    "spark.sql.files.openCostInBytes": NEVER_SPLIT,
    # Wrong input is an error, never a null.
    "spark.sql.ansi.enabled": "true",
}


def spark_context(name: str) -> SparkContext:
    """The SparkContext of this process; Spark SQL is not started."""
    from pyspark import SparkConf, SparkContext

    return SparkContext.getOrCreate(SparkConf().setAppName(name))


def spark_session(name: str) -> SparkSession:
    """The SparkSession of this process, with the settings of the jobs."""
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.appName(name).getOrCreate()
    for setting, value in _SETTINGS.items():
        spark.conf.set(setting, value)
    listing_tasks = max(LISTING_TASKS, spark.sparkContext.defaultParallelism)
    spark.conf.set("spark.sql.sources.parallelPartitionDiscovery.parallelism", str(listing_tasks))
    return spark
