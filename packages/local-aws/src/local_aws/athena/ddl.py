"""Statements other than queries: their forms, and those on views and databases."""

from __future__ import annotations

import re
from collections.abc import Callable

from local_aws.athena.catalog import CATALOG
from local_aws.athena.classification import without_comments
from local_aws.athena.ctas import create_table_as, named_columns
from local_aws.athena.engine import Engine, Question, Session
from local_aws.athena.errors import QueryFailedError, not_done
from local_aws.athena.results import Column
from local_aws.athena.shows import (
    describe,
    show_columns,
    show_create_table,
    show_create_view,
    show_databases,
    show_properties,
    show_tables,
)
from local_aws.athena.statements import Statement, StatementResult, failed, require_database
from local_aws.athena.syntax import mismatched, tokens_of, without_semicolon
from local_aws.athena.tables import (
    add_partitions,
    change_columns,
    create_table,
    drop_partition,
    drop_table,
    repair,
    set_location,
    set_properties,
    show_partitions,
)
from local_aws.athena.trino_types import hive_of_trino
from local_aws.athena.unload import unload
from local_aws.athena.views import ViewDefinition, view_input

_PART = r'[`"]?[\w-]+[`"]?'
_NAME = rf"(?:{_PART}\.)?(?:{_PART}\.)?{_PART}"
OWNER = "local-athena"


def _create_view(statement: Statement) -> StatementResult:
    database, name = statement.name()
    require_database(statement.catalog, database)
    existing = statement.catalog.find(database, name)
    if existing is not None and not existing.is_view:
        raise QueryFailedError("TABLE_ALREADY_EXISTS", f"Table already exists: '{CATALOG}.{database}.{name}'", (1, 1))
    if existing is not None and not statement.has("replace"):
        raise QueryFailedError("TABLE_ALREADY_EXISTS", f"View already exists: '{CATALOG}.{database}.{name}'", (1, 1))
    sql = statement.match.group("query").strip()
    found = statement.session.describe(statement.question(sql))
    columns = tuple(zip(named_columns(found), (column.type for column in found), strict=True))
    # Names in the stored text are resolved in the database of the statement, not in that of the view.
    definition = ViewDefinition(sql, statement.database, columns)
    stored = view_input(name, definition, [hive_of_trino(column.type) for column in found], OWNER)
    # One change of the catalog: a reader sees the old view or the new one.
    action = "CreateTable" if existing is None else "UpdateTable"
    statement.catalog.caller.may_use_table(f"glue:{action}", database, name)
    change = statement.catalog.glue.create_table if existing is None else statement.catalog.glue.update_table
    change(database, name, stored)
    return StatementResult()


def _drop_view(statement: Statement) -> StatementResult:
    database, name = statement.name()
    found = statement.catalog.find(database, name)
    full = f"{CATALOG}.{database}.{name}"
    if found is None and statement.has("exists"):
        return StatementResult()
    if found is None:
        raise QueryFailedError("TABLE_NOT_FOUND", f"View '{full}' does not exist", (1, 1))
    if not found.is_view:
        raise QueryFailedError(
            "TABLE_NOT_FOUND", f"View '{full}' does not exist, but a table with that name exists", (1, 1)
        )
    statement.catalog.caller.may_use_table("glue:DeleteTable", database, name)
    statement.catalog.glue.delete_table(database, name)
    return StatementResult()


def _create_database(statement: Statement) -> StatementResult:
    name = statement.match.group("name").strip('`"').lower()
    if name in statement.catalog.glue.databases:
        if statement.has("exists"):
            return StatementResult()
        raise failed(f"Execution Error, return code 1. Database {name} already exists")
    statement.catalog.glue.create_database(name, {"Name": name})
    return StatementResult()


def _drop_database(statement: Statement) -> StatementResult:
    name = statement.match.group("name").strip('`"').lower()
    found = statement.catalog.glue.databases.get(name)
    if found is None:
        if statement.has("exists"):
            return StatementResult()
        raise failed(f"SemanticException [Error 10072]: Database does not exist: {name}")
    if found.tables and not statement.has("cascade"):
        raise failed(f"Execution Error, return code 1. Database {name} is not empty. One or more tables exist.")
    statement.catalog.glue.delete_database(name)
    return StatementResult()


def _explain(statement: Statement) -> StatementResult:
    found = statement.session.explain(statement.match.group(0), statement.question(statement.match.group("query")))
    rows: list[list[str | None]] = [[line] for line in ("Query Plan", *found)]
    return StatementResult([Column("Query Plan", "varchar")], rows, is_plan=True)


_FORMS: tuple[tuple[str, Callable[[Statement], StatementResult]], ...] = (
    (rf"CREATE\s+(?P<replace>OR\s+REPLACE\s+)?VIEW\s+(?P<name>{_NAME})\s+AS\s+(?P<query>.*)", _create_view),
    (rf"DROP\s+VIEW\s+(?P<exists>IF\s+EXISTS\s+)?(?P<name>{_NAME})", _drop_view),
    (rf"SHOW\s+CREATE\s+VIEW\s+(?P<name>{_NAME})", show_create_view),
    (r"CREATE\s+(?:DATABASE|SCHEMA)\s+(?P<exists>IF\s+NOT\s+EXISTS\s+)?(?P<name>\S+)(?:\s+(?:COMMENT|LOCATION|WITH)\s.*)?",
     _create_database),
    (r"DROP\s+(?:DATABASE|SCHEMA)\s+(?P<exists>IF\s+EXISTS\s+)?(?P<name>\S+)(?:\s+(?P<cascade>CASCADE)|\s+RESTRICT)?",
     _drop_database),
    (rf"CREATE\s+EXTERNAL\s+TABLE\s+(?P<exists>IF\s+NOT\s+EXISTS\s+)?(?P<name>{_NAME})\s*\(.*", create_table),
    (rf"CREATE\s+TABLE\s+(?P<exists>IF\s+NOT\s+EXISTS\s+)?(?P<name>{_NAME})\s+(?P<rest>(?:WITH|AS)\b.*)",
     create_table_as),
    (rf"DROP\s+TABLE\s+(?P<exists>IF\s+EXISTS\s+)?(?P<name>{_NAME})", drop_table),
    (rf"ALTER\s+TABLE\s+(?P<name>{_NAME})\s+ADD\s+(?P<exists>IF\s+NOT\s+EXISTS\s+)?(?P<rest>PARTITION.*)",
     add_partitions),
    (rf"ALTER\s+TABLE\s+(?P<name>{_NAME})\s+DROP\s+(?P<exists>IF\s+EXISTS\s+)?(?P<rest>PARTITION.*)",
     drop_partition),
    (rf"ALTER\s+TABLE\s+(?P<name>{_NAME})\s+SET\s+TBLPROPERTIES\s*\((?P<rest>.*)\)", set_properties),
    (rf"ALTER\s+TABLE\s+(?P<name>{_NAME})\s+SET\s+LOCATION\s+'(?P<location>[^']*)'", set_location),
    (rf"ALTER\s+TABLE\s+(?P<name>{_NAME})\s+(?P<how>ADD|REPLACE)\s+COLUMNS\s*\((?P<rest>.*)\)", change_columns),
    (rf"MSCK\s+REPAIR\s+TABLE\s+(?P<name>{_NAME})", repair),
    (rf"SHOW\s+PARTITIONS\s+(?P<name>{_NAME})", show_partitions),
    (rf"SHOW\s+CREATE\s+TABLE\s+(?P<name>{_NAME})", show_create_table),
    (rf"SHOW\s+TBLPROPERTIES\s+(?P<name>{_NAME})(?:\s*\(\s*['\"](?P<property>[^'\"]+)['\"]\s*\))?", show_properties),
    (r"SHOW\s+(?P<kind>TABLES|VIEWS)(?:\s+(?:IN|FROM)\s+(?P<database>\S+))?(?:\s+(?:LIKE\s+)?'(?P<pattern>[^']*)')?",
     show_tables),
    (r"SHOW\s+(?:DATABASES|SCHEMAS)(?:\s+LIKE\s+'(?P<pattern>[^']*)')?", show_databases),
    (rf"(?:DESCRIBE|DESC)\s+(?P<how>FORMATTED\s+|EXTENDED\s+)?(?P<name>{_NAME})", describe),
    (r"EXPLAIN\s+(?P<query>.*)", _explain),
    (rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+(?P<name>{_NAME})(?:\s+(?:IN|FROM)\s+(?P<database>\S+))?", show_columns),
    (r"UNLOAD\s*(?P<rest>\(.*)", unload),
)  # fmt: skip
_KNOWN_TO_ATHENA = (
    *("ALTER", "ANALYZE", "CREATE", "DEALLOCATE", "DELETE", "DESC", "DESCRIBE", "DROP", "EXECUTE", "EXPLAIN"),
    *("INSERT", "MERGE", "MSCK", "OPTIMIZE", "PREPARE", "SHOW", "UNLOAD", "UPDATE", "USING", "VACUUM"),
)
_COMPILED = [(re.compile(form, re.IGNORECASE | re.DOTALL), run) for form, run in _FORMS]


def _one_statement(sql: str) -> str:
    try:
        return without_semicolon(sql)
    except QueryFailedError:
        # A string of Hive, with \' in it, is no token of Trino.
        if "\\'" not in sql:
            raise
        return sql.rstrip().removesuffix(";")


def run_statement(asked: Question, engine: Engine, session: Session, folder: str = "") -> StatementResult:
    """Run a statement that is no query; the files of a table without a location go to `folder` in S3.

    Raises QueryFailedError (NOT_SUPPORTED for what is not done here).
    """
    text = without_comments(_one_statement(asked.sql)).strip()
    for form, run in _COMPILED:
        if match := form.fullmatch(text):
            return run(Statement(match, asked, engine, session, folder))
    first = tokens_of(asked.sql)[0]
    word = first.text.upper()
    if word in _KNOWN_TO_ATHENA:
        raise not_done("this statement: " + " ".join(text.split())[:200])
    raise mismatched(
        first.text, (first.line, max(first.col - len(first.text) + 1, 1)), "'SELECT', 'CREATE', 'SHOW', ..."
    )
