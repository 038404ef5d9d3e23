"""Common parts of statements other than queries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from local_aws.athena.catalog import CATALOG, Catalog, Table
from local_aws.athena.engine import Engine, Question, Session
from local_aws.athena.errors import QueryFailedError
from local_aws.athena.results import Column


@dataclass(frozen=True)
class StatementResult:
    """What a statement answers: rows of text, without a header row; and the bytes that it read.

    `written` are the files in S3 of a statement that writes some. `substatement` is Athena's name of the statement
    where its words do not tell it. `is_plan` marks the answer of EXPLAIN.
    """

    columns: Sequence[Column] = ()
    rows: list[list[str | None]] = field(default_factory=list)
    scanned: int = 0
    written: Sequence[str] | None = None
    substatement: str | None = None
    is_plan: bool = False


@dataclass(frozen=True)
class Statement:
    """One statement being run: the match of its form, and where it runs.

    `folder` is where in S3 the files of a table go that has no location of its own.
    """

    match: re.Match[str]
    asked: Question
    engine: Engine
    session: Session
    folder: str = ""

    @property
    def database(self) -> str:
        """The database of names without one."""
        return self.asked.database

    @property
    def catalog(self) -> Catalog:
        """The caller's catalog."""
        return self.asked.catalog

    def has(self, group: str) -> bool:
        """Whether the statement has this optional clause (IF EXISTS, OR REPLACE)."""
        return bool(self.match.groupdict().get(group))

    def question(self, sql: str) -> Question:
        """A query of this statement."""
        return Question(sql, self.database, self.catalog, self.asked.parameters)

    def name(self, group: str = "name") -> tuple[str, str]:
        """The database and the name in the statement. Raises QueryFailedError for another catalog than Athena's own."""
        *catalog, database, name = [self.database, *(part.strip('`"').lower() for part in self.match[group].split("."))]
        if catalog[1:] and catalog[1] != CATALOG:
            raise QueryFailedError("CATALOG_NOT_FOUND", f"Catalog '{catalog[1]}' not found", (1, 1))
        return database, name

    def table(self) -> Table:
        """The table in the statement. Raises QueryFailedError with the message of Athena's Hive engine."""
        database, name = self.name()
        found = self.catalog.find(database, name)
        if found is None:
            raise failed(f"SemanticException [Error 10001]: Table not found {database}.{name}")
        return found

    def relation(self) -> Table:
        """The table in the statement, which must not be a view."""
        found = self.table()
        if found.is_view:
            raise failed(f"SemanticException {found.database}.{found.name} is a view; this is for tables alone")
        return found


def failed(message: str) -> QueryFailedError:
    """An error of Athena's Hive engine: FAILED and a text."""
    return QueryFailedError("FAILED", message)


def lines(name: str, values: Sequence[str], kind: str = "string") -> StatementResult:
    """A result of one column, by default of the type that Athena's Hive engine has for all of its answers."""
    return StatementResult([Column(name, kind)], [[value] for value in values])


def require_database(catalog: Catalog, database: str) -> None:
    """Raise QueryFailedError (SCHEMA_NOT_FOUND) where the database does not exist."""
    if database not in catalog.databases():
        raise QueryFailedError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", (1, 1))
