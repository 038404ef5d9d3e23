"""Kinds of statements: what Athena calls them, and where it keeps their results.

The names and files are those that Athena answers (API reference, QueryExecution; user guide, "Find query output files
in Amazon S3"; measurements of Athena engine version 3 in the public repository aoyagikouhei/athena-local, 2026-09,
docs/result-files.md and docs/dev/measurements/statements.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from local_aws.athena.errors import QueryFailedError
from local_aws.athena.syntax import tokens_of

QUERY_WORDS = ("SELECT", "WITH", "VALUES", "TABLE", "(")
_COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)
_UTILITY = ("SHOW", "DESCRIBE", "DESC")
_NAMES = {
    ("SHOW", "TBLPROPERTIES"): "SHOW_TABLE_PROPERTIES",
    ("SHOW", "SCHEMAS"): "SHOW_DATABASES",
    ("CREATE", "SCHEMA"): "CREATE_DATABASE",
    ("DROP", "SCHEMA"): "DROP_DATABASE",
    ("MSCK", "REPAIR"): "MSCK_REPAIR",
}


@dataclass(frozen=True)
class Classified:
    """StatementType and SubstatementType, and the place of the result: `{id}.csv` below the location of results."""

    kind: str
    substatement: str
    place: str

    @property
    def is_query(self) -> bool:
        """Whether the result is a CSV file with a header."""
        return self.place.endswith(".csv")


def without_comments(sql: str) -> str:
    """The statement without the comments and the space at its top."""
    return _COMMENTS.sub("", sql)


def classify(sql: str) -> Classified:
    """The kind of a statement by its first words; one that nobody knows is DDL."""
    text = without_comments(sql)
    try:
        if tokens_of(text)[0].text.upper() in QUERY_WORDS:
            return Classified("DML", "SELECT", "{id}.csv")
    except QueryFailedError:
        pass
    words = [word for word in re.findall(r"[^\s(]+|\(", text.upper()) if word not in ("OR", "REPLACE")] or [""]
    first, two = words[0], tuple(words[:2])
    if first == "EXPLAIN":
        return Classified("DML", "EXPLAIN", "{id}.txt")
    if first in ("UNLOAD", "INSERT"):
        return Classified("DML", first, "{id}")
    if two == ("CREATE", "TABLE"):
        return Classified("DDL", "CREATE_TABLE_AS_SELECT", "tables/{id}")
    if two == ("CREATE", "EXTERNAL"):
        return Classified("DDL", "CREATE_TABLE", "{id}.txt")
    if first in ("DESCRIBE", "DESC"):
        return Classified("UTILITY", "DESCRIBE_TABLE", "{id}.txt")
    if two == ("SHOW", "CREATE"):
        two = tuple(words[:3])
    substatement = _NAMES.get((two[0], two[-1]), "_".join(two))
    return Classified("UTILITY" if first in _UTILITY else "DDL", substatement, "{id}.txt")
