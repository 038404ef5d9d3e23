"""DuckDB as the engine. A query's views are resolved, partitions and columns pruned, then DuckDB runs it."""

# ruff: noqa: S608 - this module generates SQL, for a DuckDB without data of its own
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import duckdb

from local_aws.athena.catalog import PARTITIONS, PATH, Catalog, Table
from local_aws.athena.duckdb_process import DuckDbProcess, QueryConnection
from local_aws.athena.engine import Answer, Question
from local_aws.athena.errors import CUTOFF_WORDS, QueryCancelledError, QueryFailedError, from_duckdb, not_supported
from local_aws.athena.expressions.trino_types import DAYS, MONTHS, Type
from local_aws.athena.files import DataFile, Files
from local_aws.athena.information import information, partitions
from local_aws.athena.permissions import Caller
from local_aws.athena.prepared import Prepared
from local_aws.athena.pruning import needed_scans
from local_aws.athena.results import Column, write_csv
from local_aws.athena.scans import (
    literal,
    nothing,
    quoted,
    table_scan,
)
from local_aws.athena.sql import Translated, relation_name, translate
from local_aws.athena.types import can_coerce
from local_aws.athena.views import ViewDefinition, read_view

_MAX_VIEW_DEPTH = 30
_EXPLAINED = re.compile(
    r"EXPLAIN\s+(?:\(\s*TYPE\s+(?P<type>LOGICAL|DISTRIBUTED|VALIDATE)\s*\)\s*)?(?P<query>(?:SELECT|WITH|VALUES|\().*)",
    re.IGNORECASE | re.DOTALL,
)
_NOT_ATHENAS = "The plan of the local Athena's default engine, DuckDB. Athena's own: --athena trino"


class QueryEngine:
    """The shared state of queries: the file cache and the region."""

    def __init__(self, folder: Path, region: str) -> None:
        self.folder = folder
        self.region = region
        self.files = Files(folder / "files", region)
        self._stub = folder / "stub.csv"
        folder.mkdir(parents=True, exist_ok=True)
        self._stub.write_text("")
        self._duckdb = DuckDbProcess(folder)

    def connect(self) -> DuckDbSession:
        """A separate session for one statement."""
        return DuckDbSession(self, self._duckdb.connect())

    def close(self) -> None:
        """End DuckDB; no query can run any more."""
        self._duckdb.close()

    def prepare(
        self,
        sql: str,
        catalog: Catalog,
        database: str,
        connection: QueryConnection,
        parameters: Sequence[str] = (),
    ) -> Prepared:
        """Analyse the query and every view in it. Raises QueryFailedError where Athena's analysis fails."""
        prepared = Prepared(translate(sql, catalog, database, parameters))
        self._open(prepared.root, prepared, catalog, connection, 0)
        prepared.types = self._types(prepared, connection, None)
        return prepared

    def _open(
        self,
        translated: Translated,
        into: Prepared,
        catalog: Catalog,
        connection: QueryConnection,
        depth: int,
    ) -> None:
        for database, name, position in translated.relations:
            full = relation_name(database, name)
            if full in into.tables or full in into.views or full in into.information:
                continue
            if database == "information_schema":
                into.information[full] = information(name, catalog)
                continue
            if name.endswith(PARTITIONS):
                into.information[full] = partitions(catalog.table(database, name.removesuffix(PARTITIONS), position))
                continue
            table = catalog.table(database, name, position)
            if not table.is_view:
                into.tables[full] = table
                continue
            if depth > _MAX_VIEW_DEPTH:
                raise QueryFailedError("INVALID_VIEW", f"View '{full}' is recursive", position)
            definition = read_view(table)
            try:
                inner = translate(definition.sql, catalog, definition.database)
                self._open(inner, into, catalog, connection, depth + 1)
            except QueryFailedError as error:
                words = f"Failed analyzing stored view '{full}': {error}"
                raise QueryFailedError("INVALID_VIEW", words, position) from error
            types = self._types(into, connection, inner)
            _check_fresh(full, definition, inner, types, position)
            into.views[full] = (definition, inner)

    def _types(self, prepared: Prepared, connection: QueryConnection, inner: Translated | None) -> list[Type]:
        try:
            connection.types(prepared.sql(nothing, inner))
            return list((inner or prepared.root).types)
        except duckdb.Error as error:
            raise from_duckdb(error) from error

    def bodies(self, prepared: Prepared, connection: QueryConnection, caller: Caller) -> tuple[dict[Table, str], int]:
        """The SQL for each table's partitions, and the bytes scanned.

        Raises QueryFailedError where `caller` may not read a file.
        """
        bodies: dict[Table, str] = {}
        scanned = 0
        for table, scans in needed_scans(prepared, self._stub, connection).items():
            partitions = list(dict.fromkeys(partition for partition, _ in scans))
            columns = {column for _, used in scans for column in used} | {key for key, _ in table.keys} | {PATH}
            bodies[table], files = table_scan(table, partitions, columns, self.files, connection)
            caller.may_list(*(f"{partition.location.rstrip('/')}/" for partition in partitions))
            caller.may_read(*(file.uri for partition in partitions for file in files[partition]))
            scanned += sum(_bytes(file, used) for partition, used in scans for file in files[partition])
        return bodies, scanned


class DuckDbSession:
    """A connection to DuckDB for one statement (see engine.Session)."""

    def __init__(self, engine: QueryEngine, connection: QueryConnection) -> None:
        self._engine = engine
        self._connection = connection
        self._last: tuple[Question, Prepared] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.__exit__()

    def describe(self, question: Question) -> list[Column]:
        """The columns of a query, which does not run."""
        prepared = self._prepared(question)
        return [Column(name, str(kind)) for name, kind in zip(prepared.labels, prepared.types, strict=True)]

    def select(self, question: Question, target: Path, cutoff: int | None) -> Answer:
        """Run a query, and write its rows to a file as CSV."""
        prepared = self._prepared(question)
        bodies, scanned = self._engine.bodies(prepared, self._connection, question.catalog.caller)
        if cutoff is not None and scanned > cutoff:
            raise QueryCancelledError(CUTOFF_WORDS, scanned)
        columns = write_csv(self._connection, prepared.sql(bodies.__getitem__), prepared.labels, prepared.types, target)
        return Answer(columns, scanned)

    def write_parquet(
        self, question: Question, names: Sequence[str], keys: Sequence[str], folder: Path, compression: str
    ) -> int:
        """Run a query, and write its rows as Parquet files; the bytes that it scanned."""
        prepared = self._prepared(question)
        if {DAYS, MONTHS} & set(prepared.types):
            raise not_supported("a table of intervals")
        bodies, scanned = self._engine.bodies(prepared, self._connection, question.catalog.caller)
        copy_to_parquet(self._connection, prepared.sql(bodies.__getitem__), names, keys, folder, compression)
        return scanned

    def explain(self, statement: str, question: Question) -> list[str]:
        """The plan of this engine, which says so: the query is checked as ever, but Athena's plan is another one."""
        form = _EXPLAINED.fullmatch(statement)
        if form is None:
            raise not_supported(f"this form of EXPLAIN: {' '.join(statement.split())[:200]}")
        prepared = self._prepared(replace(question, sql=form["query"]))
        if (form["type"] or "").upper() == "VALIDATE":
            return ["true"]
        bodies, _ = self._engine.bodies(prepared, self._connection, question.catalog.caller)
        try:
            found = self._connection.rows(f"EXPLAIN {prepared.sql(bodies.__getitem__)}")
        except duckdb.Error as error:
            raise from_duckdb(error) from error
        return [_NOT_ATHENAS, *(line.rstrip() for line in str(found[0][1]).splitlines())]

    def interrupt(self) -> None:
        """Interrupt the running statement."""
        self._connection.interrupt()

    def _prepared(self, question: Question) -> Prepared:
        if self._last is None or self._last[0] is not question:
            made = self._engine.prepare(
                question.sql, question.catalog, question.database, self._connection, question.parameters
            )
            self._last = (question, made)
        return self._last[1]


def copy_to_parquet(
    connection: QueryConnection, sql: str, names: Sequence[str], keys: Sequence[str], folder: Path, compression: str
) -> None:
    """Write the rows of DuckDB's query `sql` as engine.Session.write_parquet does. Raises QueryFailedError."""
    options = f"FORMAT parquet, COMPRESSION {compression}"
    if keys:
        options += f", PARTITION_BY ({', '.join(map(quoted, keys))})"
    rows = f"SELECT * FROM ({sql}) AS made({', '.join(map(quoted, names))})"
    target = folder if keys else folder / "0.parquet"
    try:
        connection.execute(f"COPY ({rows}) TO {literal(str(target))} ({options})")
        if not keys and connection.rows(f"SELECT num_rows FROM parquet_file_metadata({literal(str(target))})") == [
            (0,)
        ]:
            target.unlink()  # a query without rows leaves no file, as on Athena
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise from_duckdb(error) from error


def _bytes(file: DataFile, used: frozenset[str]) -> int:
    if file.columns is None:
        return file.bytes
    return sum(file.columns[name].compressed for name in used if name in file.columns)


def _check_fresh(
    full: str,
    definition: ViewDefinition,
    query: Translated,
    types: Sequence[Type],
    position: tuple[int, int] | None,
) -> None:
    """Raise QueryFailedError (VIEW_IS_STALE) if the stored columns differ from those of the view's query."""
    stale = f"View '{full}' is stale or in invalid state: "
    if len(types) != len(definition.columns):
        words = (
            f"stored view column count ({len(definition.columns)}) does not match column count derived from the view \
query analysis ({len(types)})"
        )
        raise QueryFailedError("VIEW_IS_STALE", stale + words, position)
    for place, ((stored, kind), label, found) in enumerate(zip(definition.columns, query.labels, types, strict=True)):
        given = str(found)
        words = f"column [{label.lower()}] of type {given} projected from query view at position {place} "
        if label.lower() != stored:
            words += f"has a different name from column [{stored}] of type {kind} stored in view definition"
            raise QueryFailedError("VIEW_IS_STALE", stale + words, position)
        if not can_coerce(given, kind):
            words += f"cannot be coerced to column [{stored}] of type {kind} stored in view definition"
            raise QueryFailedError("VIEW_IS_STALE", stale + words, position)
