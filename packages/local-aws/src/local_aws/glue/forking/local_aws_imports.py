"""What most jobs import, for the processes from which their drivers and workers are forked."""

from __future__ import annotations

import contextlib
import gc
import importlib

COMMON = ("boto3", "numpy", "pyarrow.compute", "pyarrow.csv", "pyarrow.fs", "pyarrow.parquet", "pyspark.sql")
"""Modules that jobs import; none of them starts a thread of Python or reads the environment when it is imported."""


def import_common() -> None:
    """Import the modules that are there, and keep them from being copied by garbage collections of the forks."""
    for name in COMMON:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
