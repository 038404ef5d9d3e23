"""Runs job 1's tasks: on Spark's workers, or in this process where there is one small file."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from mhealth.batches import batches
from mhealth.io.storage import Storage
from mhealth.raw.splits import PART_LINES, divide, is_large
from mhealth.stage.convert import Converted, ConvertTask, convert, count_part
from mhealth.stage.numbering import starts
from mhealth.stage.quarantine import join_rejected
from mhealth.workers import on_workers

if TYPE_CHECKING:
    from pyspark import SparkContext

Result = TypeVar("Result")

_TASK_LINES = 4 * PART_LINES
"""The most lines of a task that converts several files: some seconds of work, which a failed task repeats."""


def is_one_small(tasks: Sequence[ConvertTask]) -> bool:
    """Whether there is one task, and its file is too small to be divided."""
    return len(tasks) == 1 and not is_large(tasks[0].file.lines)


def convert_here(tasks: Sequence[ConvertTask]) -> list[Converted]:
    """Convert the files in this process: one small file takes less time than the start of Spark."""
    return [convert(replace(task, threads=os.cpu_count() or 1)) for task in tasks]


def convert_all(spark: SparkContext, storage: Storage, tasks: Sequence[ConvertTask]) -> list[Converted]:
    """Convert the files, at least one: several small ones in one Spark task, a large one in several.

    Spark only distributes here. The rows never leave the worker, so there is no DataFrame: Spark SQL would cost more
    to start than converting the whole dataset takes. Where there are fewer tasks than cores, each task parses on
    several threads. Only the parsing: a line's number depends on all lines before it.
    """
    divided = [_parts(storage, task) for task in tasks]
    counted = _with_starts(spark, divided)
    for task, parts in zip(tasks, counted, strict=True):
        if len(parts) > 1:
            # The object of an earlier run must not be taken for that of this one.
            storage.delete([task.quarantine_key])
    found: dict[str, list[Converted]] = {}
    for result in _on_workers(spark, convert, [part for parts in counted for part in parts]):
        found.setdefault(result.name, []).append(result)
    for task, parts in zip(tasks, counted, strict=True):
        if len(parts) > 1:
            filled = [result.part for result in found[task.file.name] if result.quarantined]
            join_rejected(storage, task.quarantine_key, len(parts), filled)
    return [_together(results) for results in found.values()]


def _parts(storage: Storage, task: ConvertTask) -> list[ConvertTask]:
    return [replace(task, part=part) for part in divide(storage, task.file.raw_key, task.file.lines)]


def _with_starts(spark: SparkContext, divided: Sequence[list[ConvertTask]]) -> list[list[ConvertTask]]:
    """The same tasks; those of a divided file with the counts of their part and the numbering of its first line."""
    large = [part for parts in divided if len(parts) > 1 for part in parts]
    if not large:
        return list(divided)
    counts = iter(_on_workers(spark, count_part, large))
    counted = []
    for parts in divided:
        if len(parts) > 1:
            found = [next(counts) for _ in parts]
            numberings = starts(parts[0].first_numbering, found)
            parts = [
                replace(part, counts=of_part, start=start)
                for part, of_part, start in zip(parts, found, numberings, strict=True)
            ]
        counted.append(parts)
    return counted


def _on_workers(
    spark: SparkContext, work: Callable[[ConvertTask], Result], tasks: Sequence[ConvertTask]
) -> list[Result]:
    """`work` of each task, in the order of the tasks."""
    cores = spark.defaultParallelism
    threads = max(1, cores // len(tasks))
    numbered = [(place, replace(task, threads=threads)) for place, task in enumerate(tasks)]
    divided = batches(numbered, lambda one: one[1].file.lines // one[1].part.of, cores, _TASK_LINES)
    found = on_workers(spark, partial(_each, work), divided)
    return [result for _, result in sorted((one for results in found for one in results), key=lambda one: one[0])]


def _each(work: Callable[[ConvertTask], Result], batch: Sequence[tuple[int, ConvertTask]]) -> list[tuple[int, Result]]:
    return [(place, work(task)) for place, task in batch]


def _together(results: Sequence[Converted]) -> Converted:
    """The result for a file, of the results for its parts."""
    return Converted(
        results[0].name,
        *(sum(getattr(result, name) for result in results) for name in ("lines", "rows", "quarantined", "seconds")),
    )
