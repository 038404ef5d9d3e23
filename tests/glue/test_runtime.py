"""What the jobs run on here is what the Glue version has."""

from __future__ import annotations

import sys

import pytest
from pyspark.errors import NumberFormatException
from pyspark.sql import SparkSession

from local_aws.spark_runtime import own_runtime

ANSI_BY_DEFAULT = {"5.1": "false", "6.0": "true"}


def test_spark_and_python_are_those_of_a_glue_version(spark: SparkSession) -> None:
    glue = own_runtime().glue
    python = ".".join(map(str, sys.version_info[:2]))
    in_workers = spark.sparkContext.parallelize([0], 1).map(lambda _: sys.version_info[:2]).collect()
    assert (spark.version, python, in_workers) == (glue.spark, glue.python, [sys.version_info[:2]])


def test_wrong_input_is_an_error_whatever_the_version_does_by_default(spark: SparkSession) -> None:
    assert spark.newSession().conf.get("spark.sql.ansi.enabled") == ANSI_BY_DEFAULT[own_runtime().glue.name]
    with pytest.raises(NumberFormatException, match="CAST_INVALID_INPUT"):
        spark.sql("SELECT CAST('twelve' AS INT)").collect()
