"""Runs work on Spark's Python workers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark import SparkContext

Task = TypeVar("Task")
Result = TypeVar("Result")


def on_workers(spark: SparkContext, work: Callable[[Task], Result], tasks: Sequence[Task]) -> list[Result]:
    """`work` of each task, at least one, in the order of the tasks."""
    return spark.parallelize(tasks, len(tasks)).map(partial(_work, work)).collect()


def _work(work: Callable[[Task], Result], task: Task) -> Result:
    leave_out_pandas()
    return work(task)


def leave_out_pandas() -> None:
    """Keep pyarrow from importing pandas into this process, which takes a quarter of a CPU second in each worker.

    At the first array, pyarrow looks for pandas, once, to know its types if it meets them. The rows meet none. pandas
    itself can still be imported afterwards.
    """
    sys.meta_path.insert(0, _NoPandas)
    try:
        pa.array([0]).to_numpy()
    finally:
        sys.meta_path.remove(_NoPandas)


class _NoPandas:
    """An import hook that finds no pandas."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)
