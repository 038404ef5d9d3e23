"""What an engine of SQL does for the local Athena: DuckDB by default (query.py), or Trino (trino/engine.py).

An engine runs queries. Statements on the catalog (ddl.py, tables.py), the rows of CREATE TABLE AS in S3 (ctas.py) and
the life of an execution (execution.py) are the same for every engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from local_aws.athena.catalog import Catalog
from local_aws.athena.results import Column


@dataclass(frozen=True)
class Question:
    """A query: its text, the database of its unqualified names, its caller's catalog, and values for its `?`."""

    sql: str
    database: str
    catalog: Catalog
    parameters: Sequence[str] = ()


@dataclass(frozen=True)
class Answer:
    """The columns of a result, and the bytes that were read for it."""

    columns: Sequence[Column]
    scanned: int


class Session(Protocol):
    """An engine's connection for one statement. One thread uses it, any thread may interrupt.

    Every method raises QueryFailedError where Athena's query fails.
    """

    def __enter__(self) -> Self:
        """Use it in a `with` statement, which ends it."""

    def __exit__(self, *_: object) -> None: ...

    def describe(self, question: Question) -> list[Column]:
        """The columns of a query, which does not run."""

    def select(self, question: Question, target: Path, cutoff: int | None) -> Answer:
        """Run a query, and write its rows to the file `target` as Athena writes them to S3.

        Raises QueryCancelledError where it scans more bytes than `cutoff`.
        """

    def write_parquet(
        self, question: Question, names: Sequence[str], keys: Sequence[str], folder: Path, compression: str
    ) -> int:
        """Run a query, and write its rows as Parquet files below `folder`; the bytes that it scanned.

        The columns get these `names`. Those in `keys` become folders `key=value`, as in Hive. `compression` is
        DuckDB's name of it.
        """

    def explain(self, statement: str, question: Question) -> list[str]:
        """The lines that an EXPLAIN statement answers; `question` has its text, too."""

    def interrupt(self) -> None:
        """Break off what runs."""


class Engine(Protocol):
    """What queries share. `folder` has the engine's own files; `region` is that of the catalog and of S3."""

    folder: Path
    region: str

    def connect(self) -> Session:
        """A separate session for one statement. Raises QueryFailedError."""

    def close(self) -> None:
        """End the engine; no query can run any more."""
