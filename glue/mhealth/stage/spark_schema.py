"""The stage's schema for Spark. A module of its own, because job 1 may run without Spark."""

from __future__ import annotations

from pyspark.sql import types as T

from mhealth.schema import LABEL, LINE, SAMPLE, SENSORS, SUBJECT

FULL_STAGE_SCHEMA = T.StructType(
    [
        *(T.StructField(name, T.DoubleType()) for name in SENSORS),
        T.StructField(LABEL, T.IntegerType()),
        T.StructField(SUBJECT, T.IntegerType()),
        T.StructField(LINE, T.LongType()),
        T.StructField(SAMPLE, T.LongType()),
    ]
)
"""Every column that a stage file can have. A sensor that the source lacks is absent in the file and reads as null."""
