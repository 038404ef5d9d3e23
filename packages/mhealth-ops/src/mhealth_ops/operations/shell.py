"""`mhealth sql`: a shell on the stack's workgroup."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer
from pygments.lexers.sql import SqlLexer  # type: ignore[import-untyped]
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mhealth_ops.operations.asking import Form, ask_and_show, require_confirmed
from mhealth_ops.operations.errors import OperationFailed
from mhealth_ops.operations.stacks import Stack

FORMS: tuple[Form, ...] = get_args(Form)
HELP = """\
A statement ends with ; and may have several lines. Tab completes tables, columns and keywords, the arrow keys go
through the history.
  \\d            tables and views with their columns
  \\f FORM       output form: table, record, csv or json
  \\q, Ctrl-D    end
Ctrl-C stops a running query."""

_KEYWORDS = (
    *("SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "DISTINCT", "AS", "AND", "OR", "NOT", "IN"),
    *("BETWEEN", "IS NULL", "CASE", "WHEN", "THEN", "ELSE", "END", "JOIN", "LEFT JOIN", "ON", "WITH", "UNION ALL"),
    *("count(*)", "avg", "min", "max", "sum", "stddev", "round", "approx_percentile", "date_trunc", "SHOW TABLES"),
)
_STATEMENT = re.compile(r"""(?:--[^\n]*|/\*.*?(?:\*/|$)|'(?:[^']|'')*(?:'|$)|"[^"]*(?:"|$)|[^;'"])+""", re.DOTALL)
"""Text without a semicolon outside of strings, names and comments; one that is not closed extends to the end."""


def statements(text: str) -> list[str]:
    """The statements of a text; a semicolon in a string, a name or a comment does not end one."""
    return [found for each in _STATEMENT.findall(text) if (found := each.strip())]


def is_complete(text: str) -> bool:
    """Whether Enter ends the input: a command, nothing, or a statement with its semicolon."""
    stripped = text.strip()
    if not stripped or stripped.startswith("\\") or stripped.lower() in {"exit", "quit", "help"}:
        return True
    ends = [match.end() for match in _STATEMENT.finditer(stripped)]
    return not ends or ends[-1] < len(stripped)


def tables(stack: Stack) -> dict[str, list[tuple[str, str]]]:
    """The tables and views of the stack's database, with name and type of each column."""
    pages = (
        stack.session.client("glue").get_paginator("get_tables").paginate(DatabaseName=stack.outputs["DatabaseName"])
    )
    return {
        table["Name"]: [
            (column["Name"], column.get("Type", ""))
            for column in [*table.get("StorageDescriptor", {}).get("Columns", []), *table.get("PartitionKeys", [])]
        ]
        for page in pages
        for table in page["TableList"]
    }


def completer(known: Mapping[str, list[tuple[str, str]]]) -> WordCompleter:
    """Completion of the names of tables and columns, and of keywords."""
    columns = {name for columns in known.values() for name, _ in columns}
    return WordCompleter([*sorted(known), *sorted(columns), *_KEYWORDS], ignore_case=True)


class Shell:
    """A shell on a stack: what it knows, and its output form."""

    def __init__(self, console: Console, stack: Stack, form: Form) -> None:
        self._console = console
        self._stack = stack
        self.form = form
        self.tables: Mapping[str, list[tuple[str, str]]] = tables(stack)

    def run(self, text: str) -> bool:
        """Run a line: a command of the shell, or statements. Return whether the shell goes on.

        An error is printed, and an interrupt stops the query; the shell goes on after both.
        """
        stripped = text.strip()
        command, _, rest = stripped.rstrip(";").partition(" ")
        match command.lower():
            case "\\q" | "exit" | "quit":
                return False
            case "\\?" | "\\h" | "help":
                self._console.print(HELP, highlight=False, markup=False)
            case "\\d":
                self._print_tables()
            case "\\f":
                self._set_form(rest.strip())
            case other if other.startswith("\\"):
                print(f"There is no command {command}: \\? shows the commands.", file=sys.stderr)
            case _:
                for statement in statements(stripped):
                    self._ask(statement)
        return True

    def ask_all(self, text: str) -> None:
        """Run the statements of a script one after the other. Raises OperationFailed for the first that fails."""
        for statement in statements(text):
            require_confirmed(self._console, statement)
            ask_and_show(self._console, self._stack, statement, self.form, costs=True)

    def _ask(self, statement: str) -> None:
        try:
            require_confirmed(self._console, statement)
            ask_and_show(self._console, self._stack, statement, self.form, costs=True)
        except OperationFailed as failure:
            print(failure, file=sys.stderr)
        except KeyboardInterrupt:  # ask_and_show has stopped the query, and said so
            pass

    def _set_form(self, name: str) -> None:
        found = next((form for form in FORMS if form == name), None)
        if found is None:
            print(f"Expected \\f and one of {', '.join(FORMS)}; it is {self.form}.", file=sys.stderr)
        else:
            self.form = found

    def _print_tables(self) -> None:
        self.tables = tables(self._stack)
        for name, columns in self.tables.items():
            table = Table(title=name, title_justify="left", show_header=False)
            for column, kind in columns:
                table.add_row(Text(column), Text(kind, style="dim"))
            self._console.print(table)


def interact(console: Console, stack: Stack, form: Form, history: Path) -> None:
    """Read statements from a terminal and run them, until Ctrl-D."""
    shell = Shell(console, stack, form)
    history.parent.mkdir(parents=True, exist_ok=True)
    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(history)),
        lexer=PygmentsLexer(SqlLexer),
        completer=completer(shell.tables),
        complete_while_typing=False,
        auto_suggest=AutoSuggestFromHistory(),
        multiline=True,
        key_bindings=_enter_ends_a_statement(),
        prompt_continuation="   ...> ",
    )
    console.print("\\? shows help, Ctrl-D ends. The view is mhealth.", highlight=False, markup=False)
    for text in _read(session):
        if not shell.run(text):
            return


def _read(session: PromptSession[str]) -> Iterator[str]:
    while True:
        try:
            yield session.prompt("mhealth> ")
        except KeyboardInterrupt:  # the line is dropped
            continue
        except EOFError:
            return


def _enter_ends_a_statement() -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_complete(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    return bindings
