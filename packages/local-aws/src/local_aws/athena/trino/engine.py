"""Trino as the engine of the local Athena (see engine.Engine): `local-aws up --athena trino`."""

# ruff: noqa: S608 - this module generates SQL, for a DuckDB without data of its own
from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self, TextIO

from local_aws.athena import execution
from local_aws.athena.duckdb_process import DuckDbProcess, QueryConnection
from local_aws.athena.engine import Answer, Question
from local_aws.athena.errors import CANCELLED_WORDS, CUTOFF_WORDS, QueryCancelledError, QueryFailedError
from local_aws.athena.permissions import ADMINISTRATOR
from local_aws.athena.query import copy_to_parquet
from local_aws.athena.results import Column
from local_aws.athena.scans import literal
from local_aws.athena.syntax import without_semicolon
from local_aws.athena.trino.callers import Callers
from local_aws.athena.trino.client import Running, TrinoError, TrinoLostError, describing, executing, headers_for
from local_aws.athena.trino.distribution import distribution
from local_aws.athena.trino.gateway import Gateway
from local_aws.athena.trino.server import TrinoServer
from local_aws.athena.trino.texts import json_of, text_of
from local_aws.athena.trino_types import TrinoType, parse_type
from local_aws.core.world import ACCOUNT, World

_PROBE = "SELECT count(*) FROM information_schema.schemata"
Line = Callable[[Sequence[TrinoType]], Callable[[Sequence[Any]], str]]
"""Makes, for the types of a result, a function that writes a row."""


class TrinoEngine:
    """A Trino server and what it reaches; DuckDB only writes the Parquet files of CREATE TABLE AS and UNLOAD."""

    def __init__(self, folder: Path, world: World) -> None:
        found = distribution()
        self.folder, self.region = folder, world.region
        folder.mkdir(parents=True, exist_ok=True)
        self.callers = Callers(world.region)
        self._gateway = Gateway(world.endpoint, self.callers)
        self._duckdb = DuckDbProcess(folder)
        log = world.folder / "logs" / "trino.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        settings = folder / "trino"
        settings.mkdir(exist_ok=True)
        mapping = settings / "s3-users.json"
        role = {"iamRole": f"arn:aws:iam::{ACCOUNT}:role/caller", "roleSessionName": "${USER}"}
        mapping.write_text(json.dumps({"mappings": [role]}))
        self.server = TrinoServer(
            found, settings, log, world.children, self._catalog(mapping), self._access(), self._runs_queries
        )
        self.server.start_in_background()

    def _catalog(self, mapping: Path) -> dict[str, str]:
        """The properties of the one catalog, which reads by the gateway only."""
        address, key = self._gateway.address, self._gateway.key
        return {
            "connector.name": "hive",
            "hive.security": "read-only",
            "hive.metastore": "glue",
            "hive.metastore.glue.region": self.region,
            "hive.metastore.glue.endpoint-url": address,
            "hive.metastore.glue.aws-access-key": key,
            "hive.metastore.glue.aws-secret-key": key,
            "hive.metastore.glue.max-error-retries": "1",
            # moto gives every segment all partitions, and has no statistics.
            "hive.metastore.glue.partitions-segments": "1",
            "hive.table-statistics-enabled": "false",
            "hive.partition-projection-enabled": "true",
            # As in Athena: folders in folders are read, and a partition without objects has no rows.
            "hive.recursive-directories": "true",
            "hive.ignore-absent-partitions": "true",
            "fs.native-s3.enabled": "true",
            "fs.hadoop.enabled": "false",
            "s3.endpoint": address,
            "s3.region": self.region,
            "s3.path-style-access": "true",
            "s3.aws-access-key": "nobody",
            "s3.aws-secret-key": "nobody",
            "s3.max-error-retries": "1",
            "s3.security-mapping.enabled": "true",
            "s3.security-mapping.config-file": str(mapping),
            "s3.sts.endpoint": address,
            "s3.sts.region": self.region,
        }

    def _access(self) -> dict[str, str]:
        return {
            "access-control.name": "opa",
            "opa.policy.uri": f"{self._gateway.address}/allow",
            "opa.policy.batched-uri": f"{self._gateway.address}/batch",
        }

    def _runs_queries(self, running: Running) -> bool:
        """Whether a query of the catalog ends well."""
        headers = headers_for(self.callers.user(ADMINISTRATOR), "default")
        try:
            return bool(list(running.start(_PROBE, headers)))
        except (TrinoError, TrinoLostError):
            return False

    def connect(self) -> TrinoSession:
        """A separate session for one statement."""
        return TrinoSession(self)

    def connect_duckdb(self) -> QueryConnection:
        """A connection to DuckDB, which starts with the first."""
        return self._duckdb.connect()

    def close(self) -> None:
        """End Trino and what belongs to it."""
        self.server.close()
        self._gateway.close()
        self._duckdb.close()


class TrinoSession:
    """What runs for one statement: a query of Trino, or DuckDB that writes its rows."""

    def __init__(self, engine: TrinoEngine) -> None:
        self._engine = engine
        self._running: Running | None = None
        self._duckdb: QueryConnection | None = None
        self._stopped = False
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.interrupt()
        if self._duckdb is not None:
            self._duckdb.__exit__()

    def describe(self, question: Question) -> list[Column]:
        """The columns of a query, which does not run."""
        pages = self._pages(question, describing(), None)
        return [column_of(row[0], row[4]) for rows in pages for row in rows]

    def select(self, question: Question, target: Path, cutoff: int | None) -> Answer:
        """Run a query, and write its rows to a file as CSV."""
        with target.open("w", encoding="utf-8", newline="") as out:
            columns, scanned = self._write(question, out, _csv_line, cutoff, header=True)
        return Answer(columns, scanned)

    def write_parquet(
        self, question: Question, names: Sequence[str], keys: Sequence[str], folder: Path, compression: str
    ) -> int:
        """Run a query, and write its rows as Parquet files; the bytes that it scanned."""
        rows_file = self._engine.folder / f"{uuid.uuid4().hex}.json"
        try:
            with rows_file.open("w", encoding="utf-8") as out:
                columns, scanned = self._write(question, out, _json_line, None, header=False)
            with self._engine.connect_duckdb() as connection:
                with self._lock:
                    self._duckdb = connection
                copy_to_parquet(connection, _typed(rows_file, columns), names, keys, folder, compression)
        finally:
            self._duckdb = None
            rows_file.unlink(missing_ok=True)
        return scanned

    def explain(self, statement: str, question: Question) -> list[str]:
        """The lines of Trino's plan."""
        pages = self._pages(Question(statement, question.database, question.catalog), None, None)
        return [line for rows in pages for row in rows for line in str(row[0]).splitlines()]

    def interrupt(self) -> None:
        """Break off what runs."""
        with self._lock:
            self._stopped = True
            running, duckdb = self._running, self._duckdb
        if running is not None:
            running.stop()
        if duckdb is not None:
            duckdb.interrupt()

    def _write(
        self, question: Question, out: TextIO, line: Line, cutoff: int | None, *, header: bool
    ) -> tuple[list[Column], int]:
        """Run a query and write its rows; its columns, and the bytes that it scanned."""
        columns: list[Column] = []
        write: Callable[[Sequence[Any]], str] = str
        around = executing(question.parameters) if question.parameters else None
        for rows in self._pages(question, around, cutoff):
            if not columns and self._running is not None and self._running.columns:
                columns = [column_of(*column) for column in self._running.columns]
                write = line([parse_type(column.type) for column in columns])
                if header:
                    out.write(csv_row([column.label for column in columns]))
            out.writelines(map(write, rows))
            if out.tell() > execution.RESULT_BYTES:
                self.interrupt()
                raise execution.too_large()
        assert self._running is not None
        return columns, self._running.scanned

    def _pages(self, question: Question, around: str | None, cutoff: int | None) -> Iterator[list[list[Any]]]:
        """Run a query, or the statement `around` with the query prepared: the rows.

        Raises QueryFailedError, QueryCancelledError.
        """
        user = self._engine.callers.user(question.catalog.caller)
        started = time.monotonic()
        address = self._engine.server.address()
        running = Running(address, self._engine.server.pool)
        with self._lock:
            if self._stopped:
                raise QueryCancelledError(CANCELLED_WORDS)
            self._running = running
        sql = without_semicolon(question.sql)
        headers = headers_for(user, question.database, sql if around else None)
        try:
            for rows in running.start(around or sql, headers):
                if cutoff is not None and running.scanned > cutoff:
                    raise QueryCancelledError(CUTOFF_WORDS, running.scanned)
                yield rows
        except TrinoError as error:
            denied = self._engine.callers.denial_since(user, started) if error.may_be_a_denial else None
            raise denied or QueryFailedError(error.name, error.message) from error
        except TrinoLostError as lost:
            raise self._engine.server.lost(lost) from lost
        if cutoff is not None and running.scanned > cutoff:
            raise QueryCancelledError(CUTOFF_WORDS, running.scanned)


def column_of(name: str, kind: str) -> Column:
    """A column of a result. Trino writes intervals in capitals, Athena no type."""
    return Column(name, kind.lower() if kind.startswith("INTERVAL") else kind)


def csv_row(values: Sequence[str | None]) -> str:
    """A line of Athena's CSV: every value in quotes, null as nothing."""
    return ",".join("" if value is None else '"' + value.replace('"', '""') + '"' for value in values) + "\n"


def _csv_line(kinds: Sequence[TrinoType]) -> Callable[[Sequence[Any]], str]:
    texts = [text_of(kind) for kind in kinds]
    return lambda row: csv_row([text(value) for text, value in zip(texts, row, strict=True)])


def _json_line(kinds: Sequence[TrinoType]) -> Callable[[Sequence[Any]], str]:
    values = [json_of(kind) for kind in kinds]

    def line(row: Sequence[Any]) -> str:
        named = {f"c{place}": made(value) for place, (made, value) in enumerate(zip(values, row, strict=True))}
        return json.dumps(named) + "\n"

    return line


def _typed(rows: Path, columns: Sequence[Column]) -> str:
    """DuckDB's query for the rows of a file of JSON lines. Raises QueryFailedError for a type that Hive has not."""
    kinds = [parse_type(column.type) for column in columns]
    for column, kind in zip(columns, kinds, strict=True):
        if not kind.is_storable:
            raise QueryFailedError("NOT_SUPPORTED", f"Unsupported Hive type: {column.type}")
    fields = ", ".join(f"c{place}: {literal(kind.in_json)}" for place, kind in enumerate(kinds))
    items = ", ".join(f"CAST(c{place} AS {kind.duckdb})" for place, kind in enumerate(kinds))
    return f"SELECT {items} FROM read_json({literal(str(rows))}, columns={{{fields}}}, format='newline_delimited')"
