"""Output of a query's result as a table, CSV or JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from typing import TextIO

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from mhealth_ops.operations.errors import QueryFailed
from mhealth_ops.operations.queries import Column, Row

INTEGERS = frozenset({"tinyint", "smallint", "integer", "bigint"})
NUMBERS = INTEGERS | {"double", "float", "decimal"}


def print_table(console: Console, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """A table as wide as its cells. On a narrower terminal, each row is a separate table."""
    if not columns:  # not a query
        return
    table = Table()
    for column in columns:
        table.add_column(Text(column.name), justify="right" if column.type in NUMBERS else "left", no_wrap=True)
    kept = list(rows)
    for row in kept:
        table.add_row(*map(_cell, row))
    # Not by the console's options, which depend on its width.
    width = Measurement.get(console, console.options.update(max_width=1 << 20), table).maximum
    if console.is_terminal and width > console.width:
        print_records(console, columns, kept)
    else:
        console.width = max(console.width, width)  # a pipe has no width
        console.print(table)


def print_records(console: Console, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Each row as a table of its own, with a line for each column."""
    for number, row in enumerate(rows, start=1):
        _print_record(console, number, columns, row)


def _print_record(console: Console, number: int, columns: Sequence[Column], row: Row) -> None:
    record = Table(title=f"row {number}", title_justify="left", show_header=False)
    for column, value in zip(columns, row, strict=True):
        record.add_row(Text(column.name, style="bold"), _cell(value))
    console.print(record)


def _cell(value: str | None) -> Text:
    return Text("NULL", style="dim") if value is None else Text(value)


def write_csv(out: TextIO, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """CSV with a header, NULL as an empty field."""
    writer = csv.writer(out, lineterminator="\n")
    if columns:  # a statement other than a query has none
        writer.writerow(column.name for column in columns)
    writer.writerows(rows)


def write_json(out: TextIO, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """A JSON array with an object per row, one per line.

    Numbers and booleans are JSON values, all others are Athena's text. Raises QueryFailed for two columns of the same
    name, as an object would have only one of them.
    """
    names = [column.name for column in columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise QueryFailed(f"Two columns are called {twice[0]}: rename one (AS ...), or use --format csv.")
    before = "[\n"
    for row in rows:
        item = {column.name: _value(column.type, text) for column, text in zip(columns, row, strict=True)}
        out.write(before + json.dumps(item, ensure_ascii=False))
        before = ",\n"
    out.write("[]\n" if before == "[\n" else "\n]\n")


def _value(kind: str, text: str | None) -> str | int | float | bool | None:
    if text is None:
        return None
    if kind == "boolean":
        return text == "true"
    if kind in INTEGERS:
        return int(text)
    if kind in NUMBERS and text not in {"NaN", "Infinity", "-Infinity"}:  # not valid in JSON
        return float(text)
    return text
