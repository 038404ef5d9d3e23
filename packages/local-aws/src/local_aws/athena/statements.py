"""Common parts of statements other than queries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from local_aws.athena.catalog import Catalog, Table
from local_aws.athena.engine import Engine, Question, Session
from local_aws.athena.errors import QueryFailedError
from local_aws.athena.results import Column


@dataclass(frozen=True)
class StatementResult:
    """What a statement answers: rows of text, without a header row; and the bytes that it read."""

    columns: Sequence[Column] = ()
    rows: list[list[str | None]] = field(default_factory=list)
    scanned: int = 0


@dataclass(frozen=True)
class Statement:
    """One statement being run: the match of its form, and where it runs. `results` is the folder of its results."""

    match: re.Match[str]
    database: str
    catalog: Catalog
    engine: Engine
    session: Session
    results: str = ""

    def has(self, group: str) -> bool:
        """Whether the statement has this optional clause (IF EXISTS, OR REPLACE)."""
        return bool(self.match.groupdict().get(group))

    def question(self, sql: str) -> Question:
        """A query of this statement."""
        return Question(sql, self.database, self.catalog)

    def name(self, group: str = "name") -> tuple[str, str]:
        """The database and the name in the statement."""
        parts = [part.strip('`"').lower() for part in self.match.group(group).split(".")]
        return (parts[0], parts[1]) if len(parts) > 1 else (self.database, parts[0])

    def table(self) -> Table:
        """The table in the statement. Raises QueryFailedError with the message of Athena's Hive engine."""
        database, name = self.name()
        found = self.catalog.find(database, name)
        if found is None:
            raise failed(f"SemanticException [Error 10001]: Table not found {database}.{name}")
        return found


def failed(message: str) -> QueryFailedError:
    """An error of Athena's Hive engine: FAILED and a text."""
    return QueryFailedError("FAILED", message)


def lines(name: str, values: Sequence[str]) -> StatementResult:
    """A result of one column."""
    return StatementResult([Column(name, "varchar")], [[value] for value in values])


def require_database(catalog: Catalog, database: str) -> None:
    """Raise QueryFailedError (SCHEMA_NOT_FOUND) where the database does not exist."""
    if database not in catalog.databases():
        raise QueryFailedError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", (1, 1))
