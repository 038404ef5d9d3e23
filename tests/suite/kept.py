"""The Java that the local AWSs of one process of tests share, one after the other.

Each run of a job has its own Python process, SparkContext and workers in it (local_aws/glue/kept_spark.py). What a run
could leave behind is the subject of packages/local-aws/tests/glue/test_kept_spark.py.
"""

from __future__ import annotations

from local_aws.glue.kept_spark import KeptSpark
from local_aws.glue.spark_runtime import own_runtime

_kept: list[KeptSpark] = []


def kept_spark() -> KeptSpark:
    """The shared JVM, started by the first local AWS."""
    if not _kept:
        _kept.append(KeptSpark())
    return _kept[0]


def pytest_report_header() -> str:
    """Name the Glue version of the jobs: that of this Python, which need not be the template's default."""
    glue = own_runtime().glue
    return f"jobs: Glue {glue.name} (Spark {glue.spark}, Python {glue.python})"


def pytest_unconfigure() -> None:
    """End it with the tests."""
    while _kept:
        _kept.pop().close()
