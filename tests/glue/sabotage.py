"""Deliberate bugs for the jobs, as patches of the package inside Spark's workers, where the rows are.

This module is sent to the workers by value (a worker has the package, and not the tests).
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

Patch = tuple[str, Callable[[Any], Any]]
"""`module:name` or `module:Class.name` inside mhealth, and what makes the buggy function of the right one."""


@contextlib.contextmanager
def applied(patch: Patch) -> Iterator[None]:
    """The package with the bug in it; restored at the end, as a worker is used again."""
    path, make = patch
    module, _, names = path.partition(":")
    *classes, name = names.split(".")
    owner = importlib.import_module(f"mhealth.{module}")
    for one in classes:
        owner = getattr(owner, one)
    right = getattr(owner, name)
    setattr(owner, name, make(right))
    try:
        yield
    finally:
        setattr(owner, name, right)


def buggy_convert(patch: Patch) -> Callable[[Any], Any]:
    """Job 1's work in a worker, with the bug."""

    def convert(task: Any) -> Any:
        from mhealth.stage.convert import convert as right

        with applied(patch):
            return right(task)

    return convert


class BuggySink:
    """Job 2's sink with the bug."""

    patch: Patch

    def __init__(self, *settings: Any) -> None:
        self.settings = settings

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from mhealth.processed.sink import ParquetSink

        with applied(self.patch):
            yield from ParquetSink(*self.settings)(batches)


def buggy_sink(patch: Patch) -> type[BuggySink]:
    return type("Sink", (BuggySink,), {"patch": patch})


# What the bugs do to rows.


def without_row(table: Any, place: int) -> Any:
    return table.take([row for row in range(table.num_rows) if row != place])


def with_row_twice(table: Any, place: int) -> Any:
    return table.take([*range(place + 1), place, *range(place + 1, table.num_rows)])


def rows_swapped(table: Any, columns: list[str]) -> Any:
    """The second and the third row's values of some columns change places."""
    if table.num_rows < 3:
        return table
    order = [0, 2, 1, *range(3, table.num_rows)]
    for name in columns:
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(place), table.column(place).take(pa.array(order)))
    return table


def columns_swapped(table: Any, one: str, other: str) -> Any:
    left, right = table.schema.get_field_index(one), table.schema.get_field_index(other)
    first, second = table.column(left), table.column(right)
    return table.set_column(left, table.schema.field(left), second).set_column(right, table.schema.field(right), first)


def row_of_another_subject(table: Any, place: int) -> Any:
    subject = table.schema.get_field_index("subject")
    values = table.column(subject).to_pylist()
    values[place] = 9
    return table.set_column(subject, table.schema.field(subject), pa.array(values, pa.int32()))


# Where the bugs are.


def in_stage(change: Callable[[Any], Any]) -> Patch:
    """In what the stage writer writes."""

    def make(right: Any) -> Any:
        def flush(self: Any) -> None:
            if self._waiting_rows:
                self._waiting = [change(pa.concat_tables(self._waiting))]
            right(self)

        return flush

    return ("stage.writer:StageWriter._flush", make)


def in_table(change: Callable[[Any], Any]) -> Patch:
    """In what the sink gets."""

    def make(right: Any) -> Any:
        def by_subject(batches: Any) -> Any:
            for batch in batches:
                table = change(pa.Table.from_batches([batch])).combine_chunks()
                yield from right(table.to_batches())

        return by_subject

    return ("processed.sink:_by_subject", make)


def in_twins(change: Callable[[Any], Any]) -> Patch:
    """In what a worker makes of a stage object where no row goes through Spark."""
    return ("processed.arrow_rows:stage_rows", lambda right: lambda stage: change(right(stage)))


def parsed_without_a_row(*, counted: bool) -> Patch:
    """In the parser: a good line's row is lost, and its line counted or not."""

    def make(right: Any) -> Any:
        def parse(item: Any, columns: Any) -> Any:
            for block in right(item, columns):
                yield replace(
                    block,
                    values=[array.slice(1) for array in block.values],
                    good_lines=block.good_lines[1:],
                    good_data=block.good_data[1:] if counted else block.good_data[1:] - 1,
                    data_lines=block.data_lines if counted else block.data_lines - 1,
                )

        return parse

    return ("stage.convert:parse", make)


def samples_doubled() -> Patch:
    """In the numbering: two rows get one sample."""

    def make(right: Any) -> Any:
        def number(self: Any, block: Any, columns: Any) -> Any:
            numbered = right(self, block, columns)
            return replace(numbered, samples=np.maximum(numbered.samples, 1))

        return number

    return ("stage.numbering:Numbering.number", make)


def no_quarantine() -> Patch:
    return ("stage.convert:write_rejected", lambda _: lambda *_: None)


def metadata_lies(**changes: int) -> Patch:
    """In the stage's metadata: a count is larger than it is."""

    def make(right: Any) -> Any:
        def metadata(*values: Any) -> Any:
            made = right(*values)
            return replace(made, **{name: getattr(made, name) + by for name, by in changes.items()})

        return metadata

    return ("stage.convert:StageMetadata", make)


def subject_count_lies() -> Patch:
    return (
        "stage.convert:StagedSubject",
        lambda right: lambda subject, lines, rows, sums: right(subject, lines, rows - 1, sums),
    )


def sink_lies() -> Patch:
    """In what the sink tells of a file."""

    def make(right: Any) -> Any:
        return lambda key, subject, rows, *rest: right(key, subject, rows + 1, *rest)

    return ("processed.sink:WrittenFile", make)


def part_lost() -> Patch:
    """In the sink: a file is written and never uploaded."""
    return ("io.local:LocalStorage.upload", lambda _: lambda *_: None)
