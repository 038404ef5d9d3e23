"""Spark's process that forks Python workers, once it has imported what most jobs import in a worker.

Spark starts it by the setting `spark.python.daemon.module` in place of `pyspark.daemon`, which it calls.
"""

from __future__ import annotations

import contextlib
import gc
import importlib

from pyspark import daemon

COMMON = ("boto3", "numpy", "pyarrow.compute", "pyarrow.csv", "pyarrow.fs", "pyarrow.parquet", "pyspark.sql.types")
"""Modules that jobs import in workers; none of them starts a thread of Python when it is imported."""

if __name__ == "__main__":
    for name in COMMON:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    daemon.manager()  # type: ignore[no-untyped-call]
