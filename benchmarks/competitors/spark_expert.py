"""Spark as its experts write it: the schema given, a file is a partition and stays one, sorted, no shuffle."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.competitors.spark_usual import session
from benchmarks.competitors.target import Target

_ROWS_OF_A_PARTITION = (1 << 33) - 1
"""monotonically_increasing_id has the number of the partition above these bits, and the row's place in it below."""


def convert(raw: Path, stage: Path, target: Target) -> None:
    """CSV to typed Parquet. A file is one partition, so a row's place in it is the sample."""
    schema = ", ".join([*(f"{name} double" for name in target.sensors), "label int"])
    (
        _whole_files()
        .read.csv(f"file://{raw}", header=True, schema=schema)
        .withColumn("subject", F.regexp_extract(F.input_file_name(), r"subject(\d+)", 1).cast("int"))
        .withColumn("sample", F.monotonically_increasing_id().bitwiseAND(F.lit(_ROWS_OF_A_PARTITION)))
        .write.option("compression", "none")
        .parquet(f"file://{stage}", mode="overwrite")
    )


def transform(stage: Path, table: Path, target: Target) -> None:
    """Parquet to the table: one partition per subject, sorted, written by partitionBy."""
    spark = _whole_files()
    spark.conf.set("parquet.compression.codec.zstd.level", str(target.zstd_level))
    rows = _table_rows(spark.read.parquet(f"file://{stage}"), target)
    rows = rows.sortWithinPartitions("subject", "timestamp")
    rows.write.partitionBy("subject").option("compression", "zstd").parquet(f"file://{table}", mode="overwrite")


def _table_rows(rows: DataFrame, target: Target) -> DataFrame:
    sample = F.col("sample")
    made = {
        **{new: F.col(old) for old, new in target.renamed.items()},
        "id": F.concat_ws("-", F.col("subject"), F.lpad(sample.cast("string"), target.id_digits, "0")),
        "timestamp": F.timestamp_micros(F.lit(target.start_micros) + sample * target.micros_per_sample),
        "activity_id": F.col("label"),
        "activity": F.array(*(F.lit(name) for name in target.activities))[F.col("label")],
    }
    return rows.select(*(made[name].alias(name) for name in target.columns), "subject")


def _whole_files() -> SparkSession:
    spark = session()
    spark.conf.set("spark.sql.files.maxPartitionBytes", str(1 << 40))
    spark.conf.set("spark.sql.files.openCostInBytes", str(1 << 40))
    return spark
