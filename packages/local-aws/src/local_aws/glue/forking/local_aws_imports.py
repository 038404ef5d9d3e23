"""What most jobs import, for the processes from which their drivers and workers are forked."""

from __future__ import annotations

import contextlib
import gc
import importlib
import sys

COMMON = ("boto3", "numpy", "pyarrow.compute", "pyarrow.csv", "pyarrow.fs", "pyarrow.parquet", "pyspark.sql")
"""Modules that jobs import; none of them starts a thread of Python or reads the environment when it is imported."""


def import_common() -> None:
    """Import the modules that are there, and keep them from being copied by garbage collections of the forks."""
    for name in COMMON:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


def forget_spark_jar() -> None:
    """Remove the jar of Spark's core, in which there is no Python, from the import path.

    Spark adds it. Before each task pyspark has Python invalidate its import caches. The zipimport of Python 3.11 then
    reads the list of the jar's thousands of files again (https://github.com/python/cpython/issues/103200, 2023-04-02).
    """
    for jar in [entry for entry in sys.path if "spark-core_" in entry and entry.endswith(".jar")]:
        sys.path.remove(jar)
        for entry in [entry for entry in sys.path_importer_cache if entry.startswith(jar)]:
            del sys.path_importer_cache[entry]
