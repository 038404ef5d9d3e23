"""SHOW and DESCRIBE: what the catalog has, in the text of Athena's Hive engine.

Columns are padded to 20 characters and joined by tabs, and a row has one value, as measured on Athena engine version 3
(public repository aoyagikouhei/athena-local, 2026-09-24 and 27, docs/result-files.md and docs/ddl.md). Of DESCRIBE
FORMATTED and EXTENDED, the catalog's own values are there; owner, times and Hive's own counters are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from local_aws.athena.catalog import CATALOG, Table
from local_aws.athena.errors import QueryFailedError
from local_aws.athena.results import Column
from local_aws.athena.statements import Statement, StatementResult, failed, lines
from local_aws.athena.views import read_view

_DESCRIBED = [Column(name, "string") for name in ("col_name", "data_type", "comment")]
_EMPTY = "\t \t "
_HEAD = f"{'# col_name':<22}\t{'data_type':<20}\t{'comment':<20}"


def show_tables(statement: Statement) -> StatementResult:
    """The tables and views of a database, or its views, that match a pattern with `*` and `|`."""
    database = (statement.match.group("database") or statement.database).strip('`"').lower()
    if database not in statement.catalog.databases():
        raise failed(f"SemanticException [Error 10072]: Database does not exist: {database}")
    only_views = statement.match.group("kind").upper() == "VIEWS"
    names = [table.name for table in statement.catalog.tables(database) if table.is_view or not only_views]
    pattern = (statement.match.group("pattern") or "*").replace("*", ".*")
    found = _matching(names, pattern)
    return lines("views", found, "varchar") if only_views else lines("tab_name", found)


def show_databases(statement: Statement) -> StatementResult:
    """The databases that match a regular expression."""
    return lines("database_name", _matching(statement.catalog.databases(), statement.match.group("pattern") or ".*"))


def _matching(names: Iterable[str], pattern: str) -> list[str]:
    try:
        form = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise failed(f"SemanticException the pattern '{pattern}' is no regular expression: {error}") from error
    return [name for name in names if form.fullmatch(name)]


def describe(statement: Statement) -> StatementResult:
    """The columns with their types and comments; with FORMATTED or EXTENDED also where and how the table is kept."""
    table = statement.table()
    how = (statement.match.group("how") or "").strip().upper()
    if how == "FORMATTED":
        return _rows(_DESCRIBED, _formatted(table))
    if how == "EXTENDED":
        detail = f"Detailed Table Information\t{_detail(table)}\t"
        return _rows(_DESCRIBED, [*_columns(table, table.all_columns), *_partition_part(table), _EMPTY, detail])
    if table.is_view:
        return _view_columns(table)
    return _rows(_DESCRIBED, [*_columns(table, table.all_columns), *_partition_part(table)])


def show_columns(statement: Statement) -> StatementResult:
    """The names of the columns and keys."""
    table = statement.table()
    return _view_columns(table) if table.is_view else lines("field", [f"{name:<20}" for name, _ in table.all_columns])


def _rows(columns: Sequence[Column], found: Sequence[str]) -> StatementResult:
    return StatementResult(columns, [[line] for line in found])


def _view_columns(table: Table) -> StatementResult:
    columns = [Column("column", "varchar"), Column("type", "varchar")]
    found = [f"{name}\t{kind}" for name, kind in read_view(table).columns]
    return StatementResult(columns, [[line] for line in found], substatement="DESC_VIEW")


def _columns(table: Table, columns: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{name:<20}\t{kind:<20}\t{_comment(table, name)}" for name, kind in columns]


def _comment(table: Table, name: str) -> str:
    return f"{table.comments.get(name, ''):<20}".partition("\t")[0]


def _partition_part(table: Table) -> list[str]:
    return [_EMPTY, "# Partition Information\t \t ", _HEAD, _EMPTY, *_columns(table, table.keys)] if table.keys else []


def _formatted(table: Table) -> list[str]:
    storage = table.input.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    found = {
        "Database:": table.database,
        "LastAccessTime:": "UNKNOWN",
        "Protect Mode:": "None",
        "Retention:": "0",
        "Location:": table.location,
        "Table Type:": table.input.get("TableType", "EXTERNAL_TABLE"),
    }
    kept = {
        "SerDe Library:": serde.get("SerializationLibrary") or "",
        "InputFormat:": storage.get("InputFormat") or "",
        "OutputFormat:": storage.get("OutputFormat") or "",
        "Compressed:": "No",
        "Num Buckets:": str(storage.get("NumberOfBuckets", -1)),
        "Bucket Columns:": f"[{', '.join(storage.get('BucketColumns') or [])}]",
        "Sort Columns:": "[]",
    }
    return [
        *(_HEAD, _EMPTY, *_columns(table, table.columns), _EMPTY),
        *([*_partition_part(table)[1:], _EMPTY] if table.keys else []),
        *("# Detailed Table Information\t \t ", *_pairs(found)),
        *("Table Parameters:\t \t ", *_settings(table.input.get("Parameters") or {}), _EMPTY),
        *("# Storage Information\t \t ", *_pairs(kept)),
        *("Storage Desc Params:\t \t ", *_settings(serde.get("Parameters") or {})),
    ]


def _pairs(found: dict[str, str]) -> list[str]:
    return [f"{name:<20}\t{value:<20}\t " for name, value in found.items() if value]


def _settings(found: dict[str, str]) -> list[str]:
    return [f"\t{name:<20}\t{value:<20}" for name, value in sorted(found.items())]


def _detail(table: Table) -> str:
    def fields(columns: Iterable[tuple[str, str]]) -> str:
        made = [f"FieldSchema(name:{n}, type:{k}, comment:{table.comments.get(n, 'null')})" for n, k in columns]
        return f"[{', '.join(made)}]"

    storage = f"StorageDescriptor(cols:{fields(table.columns)}, location:{table.location})"
    kind = table.input.get("TableType", "EXTERNAL_TABLE")
    keys = fields(table.keys)
    return (
        f"Table(tableName:{table.name}, dbName:{table.database}, sd:{storage}, partitionKeys:{keys}, tableType:{kind})"
    )


def show_properties(statement: Statement) -> StatementResult:
    """The table's properties, a name and its value; with a name in parentheses its value alone."""
    table = statement.relation()
    found = dict(sorted((table.input.get("Parameters") or {}).items()))
    columns = [Column(name, "string") for name in ("prpt_name", "prpt_value")]
    if asked := statement.match.group("property"):
        words = f"Table {table.database}.{table.name} does not have property: {asked}"
        return _rows(columns, [found.get(asked, words)])
    return _rows(columns, [f"{name}\t{value}" for name, value in found.items()])


def show_create_view(statement: Statement) -> StatementResult:
    """The statement that makes the view."""
    database, name = statement.name()
    found = statement.catalog.table(database, name, (1, 1))
    if not found.is_view:
        words = f"Relation '{CATALOG}.{database}.{name}' is a table, not a view"
        raise QueryFailedError("NOT_SUPPORTED", words, (1, 1))
    text = f'CREATE VIEW "{database}"."{name}" AS\n{read_view(found).sql}'
    return lines("create view", text.splitlines(), "varchar")


def show_create_table(statement: Statement) -> StatementResult:
    """The statement that makes the table, a line a row."""
    table = statement.relation()
    storage = table.input.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    written = statement.match.group("name").replace("`", "").replace('"', "").lower()  # as Hive: as it was asked for
    made = [f"CREATE EXTERNAL TABLE `{written}`(", *_definitions(table, table.columns)]
    if comment := (table.input.get("Parameters") or {}).get("comment"):
        made += ["COMMENT ", f"  {_text(comment)}"]
    if table.keys:
        made += ["PARTITIONED BY ( ", *_definitions(table, table.keys)]
    made += ["ROW FORMAT SERDE ", f"  {_text(serde.get('SerializationLibrary') or '')} "]
    if parameters := serde.get("Parameters"):
        made += ["WITH SERDEPROPERTIES ( ", *_assignments(parameters)]
    made += ["STORED AS INPUTFORMAT ", f"  {_text(storage.get('InputFormat') or '')} "]
    made += ["OUTPUTFORMAT ", f"  {_text(storage.get('OutputFormat') or '')}"]
    made += ["LOCATION", f"  {_text(table.location)}"]
    properties = {n: v for n, v in (table.input.get("Parameters") or {}).items() if n not in ("EXTERNAL", "comment")}
    if properties:
        made += ["TBLPROPERTIES (", *_assignments(properties)]
    return lines("createtab_stmt", made)


def _definitions(table: Table, columns: Iterable[tuple[str, str]]) -> list[str]:
    found = []
    for name, kind in columns:
        comment = f" COMMENT {_text(table.comments[name])}" if table.comments.get(name) else ""
        found.append(f"  `{name}` {kind}{comment}")
    return _closed(found)


def _assignments(found: dict[str, str]) -> list[str]:
    return _closed([f"  {_text(name)}={_text(str(value))}" for name, value in sorted(found.items())])


def _closed(items: list[str]) -> list[str]:
    return [*(f"{item}, " for item in items[:-1]), f"{items[-1]})"] if items else [")"]


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
