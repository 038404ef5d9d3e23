"""Spark as it is usually written: header, inferSchema, a row_number window, partitionBy; run by spark-submit."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from benchmarks.competitors.target import Target


def convert(raw: Path, stage: Path, target: Target) -> None:  # noqa: ARG001
    """CSV to typed Parquet with inferred types."""
    write_stage(session().read.csv(str(raw), header=True, inferSchema=True), stage)


def transform(stage: Path, table: Path, target: Target) -> None:
    """Parquet to the table, partitioned by subject; the row number within each subject is the sample."""
    rows = session().read.parquet(str(stage))
    in_order = Window.partitionBy("subject").orderBy("place")
    sample = F.col("sample")
    rows = rows.withColumn("sample", F.row_number().over(in_order) - 1)
    made = {
        **{new: F.col(old) for old, new in target.renamed.items()},
        "id": F.concat_ws("-", F.col("subject"), F.lpad(sample.cast("string"), target.id_digits, "0")),
        "timestamp": F.timestamp_micros(F.lit(target.start_micros) + sample.cast("long") * target.micros_per_sample),
        "activity_id": F.col("label").cast("int"),
        "activity": F.array(*(F.lit(name) for name in target.activities))[F.col("label").cast("int")],
    }
    selected = rows.select(*(made[name].alias(name) for name in target.columns), "subject")
    selected.write.partitionBy("subject").option("compression", "zstd").parquet(f"file://{table}", mode="overwrite")


def write_stage(rows: DataFrame, stage: Path) -> None:
    """Write the rows with their subject, from the file name, and their position."""
    (
        rows.withColumn("subject", F.regexp_extract(F.input_file_name(), r"subject(\d+)", 1).cast("int"))
        .withColumn("place", F.monotonically_increasing_id())
        .write.parquet(f"file://{stage}", mode="overwrite")
    )


def session() -> SparkSession:
    """The Spark session, with UTC and timestamps in microseconds."""
    spark = SparkSession.builder.appName("benchmark").getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    return spark
