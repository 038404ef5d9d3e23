"""What the jobs run on here is what the Glue version has."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from pyspark.errors import NumberFormatException
from pyspark.sql import SparkSession

from local_aws.glue.spark_runtime import own_runtime

ANSI_BY_DEFAULT = {"5.1": "false", "6.0": "true"}


# AWS's Docker image is of Glue 5.0, between whose Spark and that of 5.1 are two patches.
IMAGE = re.findall(r"^pyspark==(.+)$", (Path(__file__).parents[2] / "docker" / "image.txt").read_text(), re.MULTILINE)


def test_spark_and_python_are_those_of_a_glue_version(spark: SparkSession) -> None:
    glue = own_runtime().glue
    sparks = {glue.spark, *IMAGE} if glue.name == "5.1" else {glue.spark}
    python = ".".join(map(str, sys.version_info[:2]))
    in_workers = spark.sparkContext.parallelize([0], 1).map(lambda _: sys.version_info[:2]).collect()
    assert spark.version.partition("-amzn")[0] in sparks
    assert (python, in_workers) == (glue.python, [sys.version_info[:2]])


def test_wrong_input_is_an_error_whatever_the_version_does_by_default(spark: SparkSession) -> None:
    assert spark.newSession().conf.get("spark.sql.ansi.enabled") == ANSI_BY_DEFAULT[own_runtime().glue.name]
    with pytest.raises(NumberFormatException, match="CAST_INVALID_INPUT"):
        spark.sql("SELECT CAST('twelve' AS INT)").collect()
