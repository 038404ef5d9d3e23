"""The warm-up job: it uses the common parts of Spark, so that their classes are in the archive."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F


class _Nothing(BaseHTTPRequestHandler):
    """An empty S3."""

    def _not_found(self) -> None:
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET = _not_found  # noqa: N815 - the names that http.server asks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def rehearse(spark: SparkSession, folder: str) -> None:
    """Write and read Parquet in `folder`, and pass rows to Python and back."""
    spark.sparkContext.parallelize(range(4), 2).map(lambda number: (number % 2, number)).groupByKey().collect()
    rows = spark.range(100).select((F.col("id") % 3).cast("int").alias("subject"), "id", F.rand().alias("value"))
    rows.write.parquet(folder)
    kept = (
        spark.read.schema(rows.schema)
        .parquet(folder)
        .where(F.col("value") > 0)
        .select(
            "subject",
            F.lpad(F.col("id").cast("string"), 7, "0").alias("id"),
            F.timestamp_micros("id").alias("time"),
            "value",
        )
        .repartition(2, "subject")
        .sortWithinPartitions("subject", "time")
    )
    kept.mapInArrow(lambda batches: batches, kept.schema).groupBy("subject").agg(F.count("*"), F.sum("value")).collect()


def ask_s3(spark: SparkSession) -> None:
    """Request a missing object from S3."""
    server = HTTPServer(("127.0.0.1", 0), _Nothing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # The settings of jobs for this file system, which are applied on its first use.
    settings = spark.sparkContext._jsc.hadoopConfiguration()
    settings.set("fs.s3a.endpoint", f"http://127.0.0.1:{server.server_port}")
    for name in ("access", "secret"):
        settings.set(f"fs.s3a.{name}.key", "any")
    with contextlib.suppress(AnalysisException):
        spark.read.parquet("s3://nothing/at/all")
    server.shutdown()


def main() -> None:
    """Run the warm-up in a temporary folder."""
    spark = SparkSession.builder.getOrCreate()
    with tempfile.TemporaryDirectory() as folder:
        rehearse(spark, f"{folder}/rows")
    ask_s3(spark)
    spark.stop()


if __name__ == "__main__":
    main()
