"""Job 2's rows, from stage files to files of the table: the steps, and the way that the rows take."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame

from mhealth.batches import batches
from mhealth.errors import RowCountMismatch
from mhealth.io.catalog import TableDefinition
from mhealth.io.connect import storage_at
from mhealth.io.storage import Storage
from mhealth.job_log import log, span
from mhealth.processed import arrow_rows, spark_rows
from mhealth.processed.planner import Source
from mhealth.processed.sink import ParquetSink, WrittenFile
from mhealth.processed.transforms import (
    conform,
    with_activity,
    with_id,
    with_timestamp,
)
from mhealth.raw.splits import PART_LINES, is_large
from mhealth.session import spark_context, spark_session
from mhealth.workers import on_workers

_TASK_ROWS = 4 * PART_LINES
"""The most rows of a task that makes several files: some seconds of work, which a failed task repeats."""

_STEP_ROWS = 32 * 1024
"""Rows that a worker transforms at once: their columns stay in a core's cache."""

Twin = Callable[[pa.Table], pa.Table]

Make = Callable[[], list[dict[str, Any]]]
"""Makes the files, and returns what the sink tells of them."""


@dataclass(frozen=True)
class Step:
    """A transformation of the table's rows.

    `twin` does the same on Arrow tables. Where a step has none, all rows go through Spark, which takes longer.
    """

    transform: Callable[[DataFrame], DataFrame]
    twin: Twin | None = None


def table_steps(table: TableDefinition, recording_start: datetime) -> tuple[Step, ...]:
    """The steps that make the table's rows, with `subject`, from those of the stage."""
    return (
        Step(with_id, arrow_rows.with_id),
        Step(with_timestamp(recording_start), arrow_rows.with_timestamp(recording_start)),
        Step(with_activity, arrow_rows.with_activity),
        Step(conform(table), arrow_rows.conform(table)),
    )


def twins_of(steps: Sequence[Step], sources: Sequence[Source]) -> list[Twin]:
    """The twins of all steps where they can make the sources' files; else none, and the log says why."""
    twins = [step.twin for step in steps if step.twin is not None]
    if len(twins) < len(steps):
        names = [getattr(step.transform, "__name__", "?") for step in steps if step.twin is None]
        log("rows_through_spark", reason=f"without an Arrow twin: {', '.join(names)}")
        return []
    if mixed := [source.file.source for source in sources if len(source.subjects) > 1]:
        log("rows_through_spark", reason=f"several subjects in one file: {mixed[0]}", files=len(mixed))
        return []
    return twins


def make_files(
    storage: Storage,
    table: TableDefinition,
    sources: Sequence[Source],
    *,
    folder: str,
    recording_start: datetime,
    max_file_bytes: int,
) -> list[WrittenFile]:
    """Make the table's files of the sources in the snapshot's `folder`; returns them in the order of their keys.

    Raises SchemaMismatch before anything is written; RowCountMismatch.
    """
    steps = table_steps(table, recording_start)
    sink = ParquetSink(storage.root, folder, table.arrow_schema(), max_file_bytes)
    if twins := twins_of(steps, sources):
        _applied(twins, arrow_rows.stage_rows(arrow_rows.STAGE_SCHEMA.empty_table()))
        make = _by_arrow(sources, partial(_write, storage.root, twins, sink))
    else:
        make = _by_spark(storage, sources, steps, sink)
    with span("write", sources=len(sources)) as fields:
        reported = make()
        for row in reported:
            if fault := row.pop("fault"):
                raise RowCountMismatch(fault)
        fields |= {"files": len(reported), "rows": sum(row["rows"] for row in reported)}
    return sorted((WrittenFile(**{**row, "sums": dict(row["sums"])}) for row in reported), key=lambda file: file.key)


def _by_spark(storage: Storage, sources: Sequence[Source], steps: Sequence[Step], sink: ParquetSink) -> Make:
    """Start Spark SQL; what makes the files with DataFrames."""
    with span("start"):
        spark = spark_session("glue_transform")
    transforms = [step.transform for step in steps]
    return lambda: spark_rows.write(spark, storage, sources, transforms, sink)


def _by_arrow(sources: Sequence[Source], work: Callable[[Sequence[str]], list[dict[str, Any]]]) -> Make:
    """Start Spark; what does the `work` of some stage objects at a time on its workers. One small file needs none."""
    if len(sources) == 1 and not is_large(sources[0].metadata.rows):
        return lambda: work(sources[0].stage_keys)
    with span("start"):
        spark = spark_context("glue_transform")
    divided = batches(sources, lambda source: source.metadata.rows, spark.defaultParallelism, _TASK_ROWS)
    tasks = [[key for source in batch for key in source.stage_keys] for batch in divided]
    return lambda: [row for rows in on_workers(spark, work, tasks) for row in rows]


def _write(data_uri: str, twins: Sequence[Twin], sink: ParquetSink, stage_keys: Sequence[str]) -> list[dict[str, Any]]:
    """Write the table's files of some stage objects; returns what the sink tells."""
    return [row for told in sink(_rows(data_uri, twins, stage_keys)) for row in told.to_pylist()]


def _rows(data_uri: str, twins: Sequence[Twin], stage_keys: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The table's rows of some stage objects, in their order."""
    storage = storage_at(data_uri)
    for key in stage_keys:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "stage.parquet"
            storage.download(key, path)
            with pq.ParquetFile(path, memory_map=True) as file:
                wanted = [name for name in arrow_rows.STAGE_SCHEMA.names if name in file.schema_arrow.names]
                for batch in file.iter_batches(_STEP_ROWS, columns=wanted, use_threads=False):
                    rows = arrow_rows.stage_rows(pa.Table.from_batches([batch]))
                    yield from _applied(twins, rows).to_batches()


def _applied(twins: Sequence[Twin], rows: pa.Table) -> pa.Table:
    for twin in twins:
        rows = twin(rows)
    return rows
