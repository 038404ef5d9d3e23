"""`python -m benchmarks.floor JOB CORES ARGUMENTS`: a job of this project in processes, without Spark: its floor.

The same code with the same checks. Only the tasks go to a pool of processes in place of Spark's workers.
"""

from __future__ import annotations

import importlib
import multiprocessing
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.places import ROOT

_work: Callable[[Any], Any]


def _take(work: Callable[[Any], Any]) -> None:
    global _work
    _work = work


def _run(item: Any) -> Any:
    return _work(item)


@dataclass(frozen=True)
class Processes:
    """The part of SparkContext that the jobs use, with processes of this machine as workers."""

    defaultParallelism: int  # noqa: N815 - SparkContext's name for it
    items: Sequence[Any] = ()
    work: Callable[[Any], Any] | None = None

    def parallelize(self, items: Sequence[Any], _: int) -> Processes:
        """The items to distribute."""
        return Processes(self.defaultParallelism, items)

    def map(self, work: Callable[[Any], Any]) -> Processes:
        """What to do with each."""
        return Processes(self.defaultParallelism, self.items, work)

    def collect(self) -> list[Any]:
        """Do it, one item after the other in each process."""
        fork = multiprocessing.get_context("fork")  # which passes the work on without pickling it
        with fork.Pool(self.defaultParallelism, _take, [self.work]) as pool:
            return pool.map(_run, self.items, chunksize=1)


def main(job: str, cores: str, *arguments: str) -> None:
    """Run a job, named as its script."""
    sys.path.insert(0, str(ROOT / "glue"))
    script = importlib.import_module(job)
    for module in (script, importlib.import_module("mhealth.processed.pipeline")):
        if hasattr(module, "spark_context"):
            vars(module)["spark_context"] = lambda _: Processes(int(cores))
    script.main(arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
