"""The default engine of the local Athena in this process: no local AWS, no S3, three small tables."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from local_aws.athena.catalog import Catalog, Table
from local_aws.athena.errors import QueryFailedError, from_duckdb
from local_aws.athena.kinds import Kind, kind_of
from local_aws.athena.results import read_page, write_csv
from local_aws.athena.sql import relation_name, translate
from local_aws.athena.worker import open_duckdb
from local_aws_harness.athena_corpus import Answer

DATABASE = "corpus"
COLUMNS = (
    ("id", "string", "varchar"),
    ("timestamp", "timestamp", "timestamp(3)"),
    ("x", "double", "double"),
    ("y", "double", "double"),
    ("activity_id", "int", "integer"),
    ("activity", "string", "varchar"),
    ("snapshot", "bigint", "bigint"),
    ("subject", "int", "integer"),
)
"""The columns of the table `readings`: name, Hive type, Trino type."""
ROWS = (
    ("1-0000000", "2014-01-01 00:00:00.000", -9.8184, 0.009971, 0, "null class", 20260101000000, 1),
    ("1-0000001", "2014-01-01 00:00:00.020", -9.8489, 0.52404, 1, "standing still", 20260101000000, 1),
    ("1-0000002", "2014-01-01 00:00:00.040", None, -0.25, 4, "walking", 20260101000000, 1),
    ("2-0000000", "2014-02-28 23:59:59.980", 0.5, -1e-05, 4, "walking", 20260101000000, 2),
    ("2-0000001", "2014-03-01 00:00:00.000", 12345678.5, None, 12, "jump front & back", 20260101000000, 2),
    ("3-0000000", "1969-12-31 23:59:59.999", 0.0, 2.5, 7, "waist bends forward", 20260102000000, 3),
)
"""The rows of the table `readings`."""


NAN = float("nan")
TABLES: dict[str, tuple[tuple[tuple[str, str, str], ...], tuple[tuple[Any, ...], ...]]] = {
    "readings": (COLUMNS, ROWS),
    "t": (
        (
            ("k", "int", "integer"),
            ("g", "string", "varchar"),
            ("b", "boolean", "boolean"),
            ("n", "int", "integer"),
            ("x", "double", "double"),
            ("d", "decimal(4,2)", "decimal(4,2)"),
        ),
        (
            (1, "a", True, 10, 1.5, "1.10"),
            (2, "a", False, None, NAN, "2.25"),
            (3, "b", True, 10, -2.0, None),
            (4, "b", None, 20, None, "3.33"),
            (5, None, False, 3, NAN, "2.25"),
            (6, "a", True, 12, 0.0, "10.00"),
        ),
    ),
    "u": (
        (("k", "int", "integer"), ("v", "int", "integer"), ("x", "double", "double")),
        ((1, 10, 1.5), (3, 3, NAN), (3, None, 0.0), (7, 20, None), (None, 12, NAN)),
    ),
}
"""The tables of the corpus: columns and rows. `t` and `u` have nulls, NaN and values twice."""


def rows_sql(table: str, types: str = "trino") -> str:
    """SELECT of a table's rows, for either engine."""
    columns, rows = TABLES[table]
    texts = []
    for row in rows:
        values = []
        for value, (_, _, kind) in zip(row, columns, strict=True):
            name = kind.replace("(3)", "") if types == "duckdb" else kind
            written = "NULL" if value is None else f"'{value}'" if isinstance(value, str) else repr(value)
            written = "'NaN'" if written == "nan" else written
            values.append(f"CAST({written} AS {name})")
        texts.append(f"({', '.join(values)})")
    names = ", ".join(f'"{name}"' for name, _, _ in columns)
    return f"SELECT * FROM (VALUES {', '.join(texts)}) AS stored({names})"


def _table(name: str) -> Table:
    columns = tuple((column, hive) for column, hive, _ in TABLES[name][0])
    return Table(DATABASE, name, columns=columns, keys=(), location="", partitions=(), comments={}, input={})


class _Catalog(Catalog):
    """A catalog with the corpus's tables."""

    def __init__(self) -> None:
        self._tables = {(DATABASE, name): _table(name) for name in TABLES}

    def databases(self) -> list[str]:
        return [DATABASE]

    def find(self, database: str, name: str) -> Table | None:
        return self._tables.get((database.lower(), name.lower()))


class _Connection:
    """What a query uses of QueryConnection, without a process of DuckDB."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def execute(self, sql: str) -> None:
        self._cursor.execute(sql)

    def types(self, sql: str) -> list[Kind]:
        return [kind_of(kind) for kind in self._cursor.sql(sql).types]


class Default:
    """The default engine."""

    def __init__(self, folder: Path, database: duckdb.DuckDBPyConnection) -> None:
        self._folder, self._database = folder, database
        self._queries = {relation_name(DATABASE, name): rows_sql(name, "duckdb") for name in TABLES}

    def ask(self, sql: str) -> Answer:
        """The engine's answer to a statement."""
        target = self._folder / f"{uuid.uuid4().hex}.csv"
        try:
            with self._database.cursor() as cursor:
                connection: Any = _Connection(cursor)
                translated = translate(sql, _Catalog(), DATABASE)
                query = translated.with_relations(self._queries)
                try:
                    connection.types(query)
                except duckdb.Error as error:
                    raise from_duckdb(error) from error
                columns = write_csv(connection, query, translated.labels, translated.types, target)
                rows, _ = read_page(target, 0, 1_000_000)
        except QueryFailedError as failed:
            return Answer(error=(failed.name, failed.message))
        finally:
            target.unlink(missing_ok=True)
        return Answer(tuple((one.label, one.type) for one in columns), tuple(tuple(row) for row in rows[1:]))


@contextmanager
def default_engine(folder: Path) -> Iterator[Default]:
    """The default engine, with its files in `folder`."""
    with open_duckdb(folder, "1GB", "1GB") as database:
        yield Default(folder, database)
