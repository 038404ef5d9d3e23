"""The errors of queries, with Athena's messages."""

from __future__ import annotations

import re

WAY_OUT = "Athena's own engine does: start the local AWS with --athena trino."
"""What to do about a statement that the default engine refuses."""
CANCELLED_WORDS = "Query was cancelled by user"
CUTOFF_WORDS = "Bytes scanned limit was exceeded"


class QueryFailedError(Exception):
    """A failed query: `name` is Trino's error name, the position (from 1) is that of the faulty text."""

    def __init__(self, name: str, message: str, position: tuple[int, int] | None = None) -> None:
        self.name = name
        self.message = message
        where = f"line {position[0]}:{position[1]}: " if position else ""
        super().__init__(f"{name}: {where}{message}")


class QueryCancelledError(Exception):
    """A query that was stopped, by its caller or by a limit of its workgroup; the message is the reason.

    `scanned` are the bytes that it would have read, or did.
    """

    def __init__(self, message: str, scanned: int = 0) -> None:
        self.scanned = scanned
        super().__init__(message)


def not_supported(what: str, position: tuple[int, int] | None = None) -> QueryFailedError:
    """The error of a statement that the local Athena does not support."""
    return QueryFailedError("NOT_SUPPORTED", f"The local Athena does not do {what}. {WAY_OUT}", position)


def not_done(what: str) -> QueryFailedError:
    """The error of a statement on the catalog that the local Athena does not support, whatever its engine."""
    return QueryFailedError("NOT_SUPPORTED", f"The local Athena does not do {what}.")


# DuckDB's message to Trino's error name and message.
_TRANSLATIONS = (
    (r"(?s)^Out of Memory Error: .*max_temp_directory_size", "EXCEEDED_SPILL_LIMIT",
     "Query exceeded the local Athena's limit of temporary files. Ask for less at a time. Not retryable."),
    (r"^Out of Memory Error", "EXCEEDED_LOCAL_MEMORY_LIMIT",
     "Query exceeded the local Athena's memory limit. Ask for less at a time. Not retryable."),
    (r"Map keys must be unique", "INVALID_FUNCTION_ARGUMENT", "Duplicate map keys are not allowed"),
    (r"Map keys can not be NULL", "INVALID_FUNCTION_ARGUMENT", "map key cannot be null"),
    (r"map key list does not align", "INVALID_FUNCTION_ARGUMENT", "Key and value arrays must be the same length"),
    (r"Division by zero", "DIVISION_BY_ZERO", "Division by zero"),
    (r"^Conversion Error: (.*out of range.*)", "NUMERIC_VALUE_OUT_OF_RANGE", r"\1"),
    (r"Could not convert string '(.*)' to (\w+)", "INVALID_CAST_ARGUMENT", r"Cannot cast '\1' to \2"),
    (r"^Conversion Error: (.*)", "INVALID_CAST_ARGUMENT", r"\1"),
    (r"^Out of Range Error: (.*)", "NUMERIC_VALUE_OUT_OF_RANGE", r"\1"),
    (
        r'column "(.*?)" must appear in the GROUP BY clause',
        "EXPRESSION_NOT_AGGREGATE",
        r"'\1' must be an aggregate expression or appear in GROUP BY clause",
    ),
    (r"Referenced column \"(.*?)\" not found", "COLUMN_NOT_FOUND", r"Column '\1' cannot be resolved"),
    (r"No function matches the given name and argument types '(\w+)\((.*?)\)'",
     "FUNCTION_NOT_FOUND", r"Unexpected parameters (\2) for function \1"),
    # The function exists in Trino: others were rejected earlier.
    (r"Function with name (\w+) does not exist", "NOT_SUPPORTED",
     rf"The local Athena does not do the function \1. {WAY_OUT}"),
    (r"More than one row returned by a subquery", "SUBQUERY_MULTIPLE_ROWS",
     "Scalar sub-query has returned multiple rows"),
)  # fmt: skip

_NOT_OF_DATA = (
    "Parser Error",
    "Binder Error",
    "Catalog Error",
    "Not implemented Error",
    "Syntax Error",
    "INTERNAL Error",
)
"""How DuckDB's errors begin that are no fault of the data: Athena might run the query."""
_OWN_NAME = re.compile(r"Invalid Input Error: ([A-Z][A-Z_]+): (.*)", re.DOTALL)


def from_duckdb(error: Exception) -> QueryFailedError:
    """The error that Athena reports where DuckDB raises `error`."""
    text = str(error)
    # Raised by this package's own macros.
    if own := _OWN_NAME.match(text):
        return QueryFailedError(own.group(1), own.group(2).strip())
    # Raised by the functions in Python, whatever DuckDB says before it.
    if raised := re.search(r"athena:([A-Z_]+): (.*)", text):
        return QueryFailedError(raised.group(1), raised.group(2).strip())
    for pattern, name, words in _TRANSLATIONS:
        if match := re.search(pattern, text):
            return QueryFailedError(name, match.expand(words).splitlines()[0])
    if text.startswith(_NOT_OF_DATA):
        return not_supported(f"this query: {text.splitlines()[0]}")
    return QueryFailedError("GENERIC_USER_ERROR", f"the local Athena could not run the query: {text.splitlines()[0]}")
