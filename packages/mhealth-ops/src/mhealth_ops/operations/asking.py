"""`mhealth query`: the result of a statement on standard output, bytes scanned and seconds on standard error."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Literal

from rich.console import Console
from rich.text import Text

from mhealth_ops.operations.errors import NotConfirmed, QueryFailed
from mhealth_ops.operations.formats import print_records, print_table, write_csv, write_json
from mhealth_ops.operations.queries import PAGE_ROWS, Row, named_query, run_query
from mhealth_ops.operations.result_object import all_rows
from mhealth_ops.operations.rollback import PLACEHOLDER
from mhealth_ops.operations.snapshots import VIEW, nothing_to_query
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.operations.telling import new_console

Form = Literal["table", "record", "csv", "json"]
"""The output format of a result."""


def statement_of(stack: Stack, name: str) -> str:
    """The stack's named query. Raises QueryFailed where it does not exist, or has a placeholder."""
    statement = named_query(stack, name).statement
    if PLACEHOLDER in statement:
        raise QueryFailed(f"The named query {name} needs a snapshot in place of {PLACEHOLDER}: use mhealth rollback.")
    return statement


_CHANGES = frozenset(
    {
        *("create", "drop", "alter", "truncate", "insert", "update", "delete", "merge", "msck", "unload"),
        *("optimize", "vacuum", "execute"),
    }
)
"""The first words of Athena's statements that may change data or the catalog; `execute` runs a prepared one."""

_BEFORE_THE_FIRST_WORD = re.compile(r"(\s|\(|--[^\n]*(\n|$)|/\*.*?\*/)*", re.DOTALL)


def changes_something(statement: str) -> bool:
    """Whether a statement may change data or the catalog, by its first word.

    >>> changes_something("/* all */ (SELECT 1)"), changes_something("DROP VIEW mhealth")
    (False, True)
    """
    rest = statement[len(_BEFORE_THE_FIRST_WORD.match(statement)[0]) :]  # type: ignore[index] # matches ""
    word = re.split(r"\W", rest, maxsplit=1)[0].lower()
    return word in _CHANGES


def require_confirmed(console: Console, statement: str) -> None:
    """Ask whether a statement that may change something is to be run. Raises NotConfirmed."""
    if not changes_something(statement):
        return
    if not sys.stdin.isatty():
        raise NotConfirmed("The statement is no query: it may change what readers see. To run it, pass --yes.")
    console.print("This statement is no query: it may change what readers see.", highlight=False)
    if console.input(Text("Run it? [y/N] ")).strip().lower() not in {"y", "yes"}:
        raise NotConfirmed("Nothing was changed.")


def ask_and_show(console: Console, stack: Stack, statement: str, form: Form, *, costs: bool = False) -> None:
    """Run a statement and write its whole result; a table has the first thousand rows. Raises QueryFailed.

    `costs` also prints what the query costs on AWS.
    """
    if not statement.strip():
        raise QueryFailed("There is no statement to run: standard input is empty.")
    try:
        result = run_query(stack, statement)
    except QueryFailed as failure:
        # Only for a missing table or view; any other error is in the statement.
        why = nothing_to_query(stack) if VIEW in statement.lower() else None
        raise QueryFailed(f"{failure}. Why: {why}." if why else str(failure)) from failure
    except KeyboardInterrupt:
        print("The query was stopped.", file=sys.stderr)
        raise
    rows = _Counted(all_rows(new_console(error=True), stack, result) if form == "csv" else result.rows)
    more = False
    match form:
        case "table":
            print_table(console, result.columns, itertools.islice(rows, PAGE_ROWS))
            more = next(result.rows, None) is not None
        case "record":
            print_records(console, result.columns, itertools.islice(rows, PAGE_ROWS))
            more = next(result.rows, None) is not None
        case "csv":
            write_csv(sys.stdout, result.columns, rows)
        case "json":
            write_json(sys.stdout, result.columns, rows)
    sys.stdout.flush()  # so that this is the last line if both streams are the same
    shown = f"{rows.count:,} row{'' if rows.count == 1 else 's'}"
    if more:
        shown = f"the first {shown} (csv and json have all)"
    billed = f"; {cost(result.scanned)}" if costs else ""
    print(f"{shown}; {scanned(result.scanned)} scanned{billed}; {result.seconds:.1f} s", file=sys.stderr)


_USD_PER_TB, _LEAST_BYTES = 5.0, 10_000_000
"""Athena's list price in us-east-1 and the least that a query is billed: lambda_report/prices.json has both."""


def cost(count: int) -> str:
    """What Athena bills for scanned bytes, at the list price; statements that scan nothing, such as DDL, are free.

    >>> cost(0), cost(350_000), cost(82_000_000_000)
    ('no cost', '$0.00005', '$0.41000')
    """
    return f"${max(count, _LEAST_BYTES) / 1e12 * _USD_PER_TB:.5f}" if count else "no cost"


def scanned(count: int) -> str:
    """A size in bytes, kB or MB."""
    return f"{count / 1e6:,.2f} MB" if count >= 10_000 else f"{count:,} bytes"


class _Counted:
    """An iterator of rows that counts them."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = iter(rows)
        self.count = 0

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        row = next(self._rows)
        self.count += 1
        return row
