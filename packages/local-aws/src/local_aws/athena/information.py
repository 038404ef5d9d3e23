"""Relations that Athena makes of the catalog, as SQL: information_schema, and the partitions of a table."""

# ruff: noqa: S608 - this module generates SQL, for a DuckDB without data of its own
from __future__ import annotations

from typing import Any

from local_aws.athena.catalog import CATALOG, Catalog, Table
from local_aws.athena.scans import NULL_PARTITION, literal, quoted
from local_aws.athena.sql import INFORMATION_SCHEMA
from local_aws.athena.types import duckdb_of_hive, trino_of_hive
from local_aws.athena.views import read_view


def partitions(table: Table) -> str:
    """The relation `"TABLE$partitions"` as SQL: the registered partitions' values."""
    kinds = [(name, duckdb_of_hive(kind)) for name, kind in table.keys]
    items = ", ".join(f"CAST({quoted(name)} AS {kind}) AS {quoted(name)}" for name, kind in kinds)
    names = ", ".join(quoted(name) for name, _ in kinds)
    texts = (
        "(" + ", ".join("NULL" if value == NULL_PARTITION else literal(value) for value in partition.values) + ")"
        for partition in table.partitions
    )
    rows = ", ".join(texts) or "(" + ", ".join("CAST(NULL AS VARCHAR)" for _ in kinds) + ")"
    return f"SELECT {items} FROM (VALUES {rows}) AS rows({names}) WHERE {str(bool(table.partitions)).lower()}"


def information(name: str, catalog: Catalog) -> str:
    """information_schema's relation `name` as SQL."""
    rows: list[tuple[Any, ...]] = []
    databases = catalog.databases()
    if name == "schemata":
        rows = [(CATALOG, database) for database in [*databases, "information_schema"]]
    for table in (table for database in databases for table in catalog.tables(database)):
        first = (CATALOG, table.database, table.name)
        if name == "tables":
            rows.append((*first, "VIEW" if table.is_view else "BASE TABLE"))
        elif name == "views" and table.is_view:
            rows.append((*first, read_view(table).sql))
        elif name == "columns":
            keys = {key for key, _ in table.keys}
            rows += [
                (
                    *first,
                    column,
                    place,
                    None,
                    "YES",
                    trino_of_hive(kind),
                    table.comments.get(column),
                    "partition key" if column in keys else None,
                )
                for place, (column, kind) in enumerate(table.all_columns, 1)
            ]
    columns = INFORMATION_SCHEMA[name]
    kinds = ["BIGINT" if column == "ordinal_position" else "VARCHAR" for column in columns]
    if not rows:
        return "SELECT " + ", ".join(f"CAST(NULL AS VARCHAR) AS {column}" for column in columns) + " WHERE false"
    texts = ("(" + ", ".join("NULL" if value is None else literal(str(value)) for value in row) + ")" for row in rows)
    items = ", ".join(f"CAST({column} AS {kind}) AS {column}" for column, kind in zip(columns, kinds, strict=True))
    return f"SELECT {items} FROM (VALUES {', '.join(texts)}) AS rows({', '.join(columns)})"
