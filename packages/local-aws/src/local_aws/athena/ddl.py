"""Statements other than queries: their forms, and those on views and databases, and SHOW and DESCRIBE."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable

from local_aws.athena.catalog import CATALOG, Catalog, Table
from local_aws.athena.ctas import create_table_as, named_columns
from local_aws.athena.engine import Engine, Session
from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.results import Column
from local_aws.athena.statements import Statement, StatementResult, failed, lines, require_database
from local_aws.athena.syntax import mismatched, tokens_of, without_semicolon
from local_aws.athena.tables import add_partitions, create_table, drop_partition, drop_table, repair, show_partitions
from local_aws.athena.trino_types import hive_of_trino
from local_aws.athena.views import ViewDefinition, read_view, view_input

_NAME = r'(?:[`"]?[\w-]+[`"]?\.)?[`"]?[\w-]+[`"]?'
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


def _show_create_view(statement: Statement) -> StatementResult:
    database, name = statement.name()
    found = statement.catalog.table(database, name, (1, 1))
    if not found.is_view:
        words = f"Relation '{CATALOG}.{database}.{name}' is a table, not a view"
        raise QueryFailedError("NOT_SUPPORTED", words, (1, 1))
    text = f'CREATE VIEW "{database}"."{name}" AS\n{read_view(found).sql}'
    return lines("Create View", text.splitlines())


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


def _show_tables(statement: Statement) -> StatementResult:
    database = (statement.match.group("database") or statement.database).strip('`"').lower()
    if database not in statement.catalog.databases():
        raise failed(f"SemanticException [Error 10072]: Database does not exist: {database}")
    only_views = statement.match.group("kind").upper() == "VIEWS"
    names = [table.name for table in statement.catalog.tables(database) if table.is_view or not only_views]
    return lines("tab_name", _matching(names, statement.match.group("pattern")))


def _show_databases(statement: Statement) -> StatementResult:
    return lines("database_name", _matching(statement.catalog.databases(), statement.match.group("pattern")))


def _matching(names: list[str], pattern: str | None) -> list[str]:
    if not pattern:
        return names
    return [name for name in names if any(fnmatch.fnmatchcase(name, one) for one in pattern.lower().split("|"))]


def _describe(statement: Statement) -> StatementResult:
    table = statement.table()
    reported = [_described(table, name, kind) for name, kind in table.all_columns]
    if table.keys:
        reported += [
            "\t \t ",
            "# Partition Information\t \t ",
            f"{'# col_name':<20}\t{'data_type':<20}\t{'comment':<20}",
            "\t \t ",
        ]
        reported += [_described(table, name, kind) for name, kind in table.keys]
    rows: list[list[str | None]] = [list(line.split("\t")) for line in reported]
    return StatementResult([Column(name, "varchar") for name in ("col_name", "data_type", "comment")], rows)


def _described(table: Table, name: str, kind: str) -> str:
    return f"{name:<20}\t{kind:<20}\t{table.comments.get(name, ''):<20}"


def _show_columns(statement: Statement) -> StatementResult:
    return lines("field", [name for name, _ in statement.table().all_columns])


def _explain(statement: Statement) -> StatementResult:
    question = statement.question(statement.match.group("query"))
    return lines("Query Plan", statement.session.explain(statement.match.group(0), question))


_FORMS: tuple[tuple[str, Callable[[Statement], StatementResult]], ...] = (
    (rf"CREATE\s+(?P<replace>OR\s+REPLACE\s+)?VIEW\s+(?P<name>{_NAME})\s+AS\s+(?P<query>.*)", _create_view),
    (rf"DROP\s+VIEW\s+(?P<exists>IF\s+EXISTS\s+)?(?P<name>{_NAME})", _drop_view),
    (rf"SHOW\s+CREATE\s+VIEW\s+(?P<name>{_NAME})", _show_create_view),
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
    (rf"MSCK\s+REPAIR\s+TABLE\s+(?P<name>{_NAME})", repair),
    (rf"SHOW\s+PARTITIONS\s+(?P<name>{_NAME})", show_partitions),
    (r"SHOW\s+(?P<kind>TABLES|VIEWS)(?:\s+(?:IN|FROM)\s+(?P<database>\S+))?(?:\s+(?:LIKE\s+)?'(?P<pattern>[^']*)')?",
     _show_tables),
    (r"SHOW\s+(?:DATABASES|SCHEMAS)(?:\s+LIKE\s+'(?P<pattern>[^']*)')?", _show_databases),
    (rf"(?:DESCRIBE|DESC)\s+(?:FORMATTED\s+|EXTENDED\s+)?(?P<name>{_NAME})", _describe),
    (r"EXPLAIN\s+(?P<query>.*)", _explain),
    (rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+(?P<name>{_NAME})", _show_columns),
)  # fmt: skip
_KNOWN_TO_ATHENA = (
    *("ALTER", "ANALYZE", "CREATE", "DEALLOCATE", "DELETE", "DESC", "DESCRIBE", "DROP", "EXECUTE", "EXPLAIN"),
    *("INSERT", "MERGE", "MSCK", "OPTIMIZE", "PREPARE", "SHOW", "UNLOAD", "UPDATE", "USING", "VACUUM"),
)
_COMPILED = [(re.compile(form, re.IGNORECASE | re.DOTALL), run) for form, run in _FORMS]


def run_statement(
    sql: str, database: str, catalog: Catalog, engine: Engine, session: Session, results: str = ""
) -> StatementResult:
    """Run a statement that is no query, whose results are below `results`.

    Raises QueryFailedError (NOT_SUPPORTED for what is not done here).
    """
    text = without_semicolon(sql)
    # Comments at the top would hide the statement.
    text = re.sub(r"\A(?:\s+|--[^\n]*\n|/\*.*?\*/)*", "", text, flags=re.DOTALL).strip()
    for form, run in _COMPILED:
        if match := form.fullmatch(text):
            return run(Statement(match, database, catalog, engine, session, results))
    first = tokens_of(sql)[0]
    word = first.text.upper()
    if word in _KNOWN_TO_ATHENA:
        raise not_supported("this statement: " + " ".join(text.split())[:200])
    raise mismatched(
        first.text, (first.line, max(first.col - len(first.text) + 1, 1)), "'SELECT', 'CREATE', 'SHOW', ..."
    )
