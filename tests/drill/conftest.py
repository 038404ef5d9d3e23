"""What the drill's tests borrow: Spark on an AWS of this process, and the function's surroundings."""

from __future__ import annotations

from tests.glue.conftest import aws, aws_endpoint, s3_spark, spark
from tests.interrupted import faulty
from tests.lambda_ingest.conftest import environment

__all__ = ["aws", "aws_endpoint", "environment", "faulty", "s3_spark", "spark"]
