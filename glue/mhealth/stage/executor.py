"""Job 1's work on the files that are to be converted: what is spread over the workers, and what is done here."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from mhealth.io.storage import Storage
from mhealth.raw.splits import divide, is_large
from mhealth.stage.convert import Converted, ConvertTask, convert, survey
from mhealth.stage.numbering import starts
from mhealth.stage.quarantine import join_rejected

if TYPE_CHECKING:
    from pyspark import SparkContext

Result = TypeVar("Result")


def is_one_small(tasks: Sequence[ConvertTask]) -> bool:
    """Whether there is nothing to spread: one file, and not a large one."""
    return len(tasks) == 1 and not is_large(tasks[0].file.lines)


def convert_here(tasks: Sequence[ConvertTask]) -> list[Converted]:
    """Convert the files in this process. Of one small file that takes less than Spark takes to start."""
    return [convert(replace(task, threads=os.cpu_count() or 1)) for task in tasks]


def convert_all(spark: SparkContext, storage: Storage, tasks: Sequence[ConvertTask]) -> list[Converted]:
    """Convert the files, at least one, each in a Spark task of its own, a large one in several.

    Spark only distributes here. The rows never leave the worker, so there is no DataFrame: Spark SQL would cost more
    to start than converting the whole dataset takes. Where there are fewer tasks than cores, the cores that would be
    idle work on the same files: a line's number hangs on all lines before it, so only the parsing can be shared.
    """
    divided = [_parts(storage, task) for task in tasks]
    surveyed = _surveyed(spark, divided)
    for task, parts in zip(tasks, surveyed, strict=True):
        if len(parts) > 1:
            # What an earlier run left must not be taken for that of the parts which are made now.
            storage.delete([task.quarantine_key])
    found: dict[str, list[Converted]] = {}
    for result in _on_workers(spark, convert, [part for parts in surveyed for part in parts]):
        found.setdefault(result.name, []).append(result)
    for task, parts in zip(tasks, surveyed, strict=True):
        if len(parts) > 1:
            filled = [result.part for result in found[task.file.name] if result.quarantined]
            join_rejected(storage, task.quarantine_key, len(parts), filled)
    return [_together(results) for results in found.values()]


def _parts(storage: Storage, task: ConvertTask) -> list[ConvertTask]:
    return [replace(task, part=part) for part in divide(storage, task.file.raw_key, task.file.lines)]


def _surveyed(spark: SparkContext, divided: Sequence[list[ConvertTask]]) -> list[list[ConvertTask]]:
    """The same tasks, those of large files with what the lines before mean for the numbers of theirs."""
    large = [part for parts in divided if len(parts) > 1 for part in parts]
    if not large:
        return list(divided)
    stretches = iter(_on_workers(spark, survey, large))
    surveyed = []
    for parts in divided:
        if len(parts) > 1:
            found = [next(stretches) for _ in parts]
            numberings = starts(parts[0].first_numbering, found)
            parts = [
                replace(part, stretch=stretch, start=start)
                for part, stretch, start in zip(parts, found, numberings, strict=True)
            ]
        surveyed.append(parts)
    return surveyed


def _on_workers(
    spark: SparkContext, work: Callable[[ConvertTask], Result], tasks: Sequence[ConvertTask]
) -> list[Result]:
    """`work` of each task, in the order of the tasks."""
    threads = max(1, spark.defaultParallelism // len(tasks))
    return spark.parallelize([replace(task, threads=threads) for task in tasks], len(tasks)).map(work).collect()


def _together(results: Sequence[Converted]) -> Converted:
    """What came of a file of which these are the parts."""
    return Converted(
        results[0].name,
        *(sum(getattr(result, name) for result in results) for name in ("lines", "rows", "quarantined", "seconds")),
    )
