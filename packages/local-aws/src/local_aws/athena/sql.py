"""Translation of a query from Athena's SQL to DuckDB's: names are resolved, types checked, expressions rewritten."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError, UnsupportedError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.schema import MappingSchema

from local_aws.athena.aggregates import rewrite_aggregates
from local_aws.athena.catalog import CATALOG, PATH, Catalog
from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.expressions.analysis import Analysis
from local_aws.athena.expressions.template import AthenaDuckDB
from local_aws.athena.expressions.trino_types import BIGINT, VARCHAR, Type, parse_type
from local_aws.athena.names import Names, in_small_letters, name_unnested
from local_aws.athena.position import Position, node_position
from local_aws.athena.relations import check_recursion, check_types, rewrite_unnest
from local_aws.athena.syntax import parse_query
from local_aws.athena.types import duckdb_of_hive
from local_aws.athena.views import read_view
from local_aws.athena.windows import WINDOW_FUNCTIONS, check_windows

INFORMATION_SCHEMA = {
    "tables": ("table_catalog", "table_schema", "table_name", "table_type"),
    "columns": ("table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "column_default",
                "is_nullable", "data_type", "comment", "extra_info"),
    "schemata": ("catalog_name", "schema_name"),
    "views": ("table_catalog", "table_schema", "table_name", "view_definition"),
}  # fmt: skip


@dataclass(frozen=True)
class Translated:
    """A query for DuckDB, with `"MARK:database.name"` for each relation of the catalog (see `with_relations`).

    `labels` and `types` are those of its columns, `relations` the database, name and position of each relation.
    """

    sql: str
    labels: tuple[str, ...]
    relations: tuple[tuple[str, str, Position | None], ...]
    types: tuple[Type, ...]

    def with_relations(self, queries: Mapping[str, str]) -> str:
        """The query with every relation replaced by its SQL, by `relation_name`.

        The SQL is inlined, not in a WITH clause: DuckDB would plan such a relation once for all its uses.
        """
        return _RELATION.sub(lambda match: f"({queries[match.group(1)]})", self.sql)


# Random, so that no text in a query can be equal to it.
_MARK = f"relation-{uuid.uuid4().hex}"
_RELATION = re.compile(f'"{_MARK}:([^"]+)"')


def relation_name(database: str, name: str) -> str:
    """The full name of a table or view of the catalog."""
    return f"{CATALOG}.{database}.{name}"


def translate(sql: str, catalog: Catalog, database: str, parameters: Sequence[str] = ()) -> Translated:
    """Translate a SELECT, WITH or VALUES whose unqualified names are in `database`; raises QueryFailedError."""
    tree, tokens = parse_query(sql)
    _bind_parameters(tree, parameters)
    in_small_letters(tree)
    name_unnested(tree)
    uses_path = any(token.text.lower() == PATH for token in tokens)
    relations = _resolve_tables(tree, catalog, database)
    schema: dict[str, Any] = {}
    for table_database, name in relations:
        schema.setdefault(table_database, {})[name] = _columns(catalog, table_database, name, with_path=uses_path)
    offered = {(db, name): list(columns) for db, tables in schema.items() for name, columns in tables.items()}
    shown = Names(offered, hidden=PATH).query(tree, {})
    labels = tuple(label or f"_col{place}" for place, label in enumerate(shown))
    _name_unnamed(tree)
    mapping = MappingSchema(schema, dialect="duckdb", normalize=False)
    tree = _qualify(tree, mapping)
    if uses_path:
        _drop_starred_path(tree)
    types = Analysis(lambda db, name: _types(catalog, db, name), tokens).run(tree)
    check_windows(tree)
    check_types(tree)
    if len(labels) != len(tree.named_selects):
        raise not_supported("this use of *")
    check_recursion(tree)
    rewrite_unnest(tree)
    rewrite_aggregates(tree, WINDOW_FUNCTIONS)
    for table in list(tree.find_all(exp.Table)):
        if table.db:
            alias = table.args.get("alias")
            stands_for = exp.to_identifier(f"{_MARK}:{relation_name(table.db, table.name)}", quoted=True)
            table.replace(exp.Table(this=stands_for, alias=alias))
    places = tuple((db, name, where) for (db, name), where in relations.items())
    try:
        return Translated(tree.sql(AthenaDuckDB, unsupported_level=ErrorLevel.RAISE), labels, places, tuple(types))
    except UnsupportedError as error:
        raise not_supported(f"this query: {str(error).splitlines()[0]}") from error


def _bind_parameters(tree: exp.Query, parameters: Sequence[str]) -> None:
    places = [node for node in tree.find_all(exp.Placeholder, bfs=False) if not node.this]
    if len(places) != len(parameters):
        words = f"Incorrect number of parameters: expected {len(places)} but found {len(parameters)}"
        raise QueryFailedError("INVALID_PARAMETER_USAGE", words, (1, 1))
    for place, text in zip(places, parameters, strict=True):
        value, _ = parse_query(f"SELECT {text}")
        place.replace(value.selects[0].copy())


def _resolve_tables(tree: exp.Query, catalog: Catalog, database: str) -> dict[tuple[str, str], Position | None]:
    """Qualify every table of the catalog with its database; return them. Names of CTEs are unchanged."""
    relations: dict[tuple[str, str], Position | None] = {}
    seen: set[int] = set()
    for scope in traverse_scope(tree):
        for source in scope.sources.values():
            if not isinstance(source, exp.Table) or id(source) in seen:
                continue
            seen.add(id(source))
            position = node_position(source)
            if not isinstance(source.this, exp.Identifier):
                raise not_supported("table functions", position)
            if source.catalog and source.catalog.lower() != CATALOG:
                raise QueryFailedError("CATALOG_NOT_FOUND", f"Catalog '{source.catalog}' not found", position)
            db, name = (source.db or database).lower(), source.name.lower()
            if db != "information_schema":
                catalog.table(db, name, position)
            elif name not in INFORMATION_SCHEMA:
                words = f"Table '{CATALOG}.information_schema.{name}' does not exist"
                raise QueryFailedError("TABLE_NOT_FOUND", words, position)
            source.set("catalog", None)
            source.set("db", exp.to_identifier(db))
            relations.setdefault((db, name), position)
    return relations


def _columns(catalog: Catalog, database: str, name: str, *, with_path: bool) -> dict[str, str]:
    if database == "information_schema":
        return {column: "BIGINT" if column == "ordinal_position" else "VARCHAR" for column in INFORMATION_SCHEMA[name]}
    table = catalog.table(database, name)
    columns = {column: duckdb_of_hive(kind) for column, kind in table.all_columns}
    if with_path and not table.is_view:
        columns[PATH] = "VARCHAR"
    return columns


def _types(catalog: Catalog, database: str, name: str) -> dict[str, Type]:
    """The columns of a relation with their Trino types."""
    if database == "information_schema":
        return {column: BIGINT if column == "ordinal_position" else VARCHAR for column in INFORMATION_SCHEMA[name]}
    table = catalog.table(database, name)
    if table.is_view and len(stored := read_view(table).columns) == len(table.all_columns):
        # The catalog has Hive's types, the definition has Trino's.
        return {name: parse_type(kind) for (name, _), (_, kind) in zip(table.all_columns, stored, strict=True)}
    return {**{column: parse_type(kind) for column, kind in table.all_columns}, PATH: VARCHAR}


def _name_unnamed(tree: exp.Query) -> None:
    """Name the columns that have no name in Trino, as sqlglot would name some after their content."""
    for select in tree.find_all(exp.Select):
        for place, item in enumerate(select.expressions):
            if not isinstance(item, exp.Alias | exp.Aliases | exp.Column | exp.Star):
                item.replace(exp.alias_(item.copy(), f"_unnamed{place}"))


def _qualify(tree: exp.Query, schema: MappingSchema) -> exp.Query:
    try:
        return qualify(tree, dialect="trino", schema=schema, expand_alias_refs=False, identify=True)
    except SqlglotError as error:
        # The names are Athena's: `Names` has found them all.
        raise not_supported(f"these names: {str(error).splitlines()[0]}") from error


def _drop_starred_path(tree: exp.Query) -> None:
    """Remove the pseudo column from expanded stars: it is only selected by name."""
    for select in tree.find_all(exp.Select):
        kept = [item for item in select.expressions if item.alias_or_name != PATH or _was_written(item)]
        select.set("expressions", kept)


def _was_written(item: exp.Expr) -> bool:
    return any("line" in part.meta for part in item.walk())
