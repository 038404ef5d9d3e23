"""SQL for a table in DuckDB: placeholders for planning, the partitions' files for running."""

# ruff: noqa: S608 - this module generates SQL, for a DuckDB without data of its own
from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import duckdb

from local_aws.athena.catalog import PATH, Partition, Table
from local_aws.athena.duckdb_process import QueryConnection
from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.files import DataFile, Files
from local_aws.athena.types import duckdb_of_hive

_LEFT_OUT = "a column that the plan left out"
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
_WIDENINGS = {
    "SMALLINT": {"TINYINT", "UTINYINT"},
    "INTEGER": {"TINYINT", "SMALLINT", "UTINYINT", "USMALLINT"},
    "BIGINT": {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"},
    "DOUBLE": {"FLOAT"},
}
_PARQUET_NAMES = {"INTEGER": "INT32", "BIGINT": "INT64", "VARCHAR": "BINARY", "BLOB": "BINARY"}


def quoted(name: str) -> str:
    """An identifier for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string literal for DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def columns_of(table: Table) -> list[tuple[str, str]]:
    """All columns with their DuckDB types: those of the catalog, and the pseudo column."""
    return [*((name, duckdb_of_hive(kind)) for name, kind in table.all_columns), (PATH, "VARCHAR")]


def nothing(table: Table) -> str:
    """No rows, with the table's types."""
    items = ", ".join(f"CAST(NULL AS {kind}) AS {quoted(name)}" for name, kind in columns_of(table))
    return f"SELECT {items} WHERE false"


def stand_in(table: Table, stub: Path, mark: str, constants: dict[str, str], columns: Collection[str]) -> str:
    """A placeholder scan; the plan has it under `mark` with the columns that it needs.

    The columns in `constants` (name to SQL) are constant: a condition that contradicts them removes the scan.
    """
    hidden, items = [f"{mark}:"], []
    for place, (name, kind) in enumerate(columns_of(table)):
        if name in constants and name in columns:
            items.append(f"{constants[name]} AS {quoted(name)}")
        elif name in columns:
            hidden.append(f"{mark}:{place}")
            items.append(f"CAST({quoted(hidden[-1])} AS {kind}) AS {quoted(name)}")
    fields = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in hidden)
    source = f"read_csv({literal(str(stub))}, columns={{{fields}}}, header=false, auto_detect=false)"
    # The condition keeps the mark in the plan where no column is needed.
    return f"SELECT {', '.join(items) or '1 AS none'} FROM {source} WHERE {quoted(hidden[0])} IS NULL"


def partitions_of(table: Table) -> Sequence[Partition]:
    """The partitions of a table; a single one without values for a table without partition keys."""
    return table.partitions if table.keys else (Partition((), table.location),)


def key_constants(table: Table, partition: Partition, connection: QueryConnection) -> dict[str, str]:
    """The partition's values as SQL of the keys' types. Raises QueryFailedError for an invalid value."""
    constants = {}
    for (name, hive), value in zip(table.keys, partition.values, strict=True):
        kind = duckdb_of_hive(hive)
        constants[name] = f"CAST({'NULL' if value == NULL_PARTITION else literal(value)} AS {kind})"
        if kind != "VARCHAR" and not value.isdecimal():
            try:
                connection.execute(f"SELECT {constants[name]}")
            except duckdb.Error as error:
                words = f"Invalid partition value '{value}' for {hive} partition key: {name}"
                raise QueryFailedError("HIVE_INVALID_PARTITION_VALUE", words) from error
    return constants


def padded(table: Table, body: str, columns: Collection[str]) -> str:
    """`body` with all columns of the table. Columns that the plan does not need fail the query if they are read."""
    # Not error(): it is volatile and would prevent DuckDB from pruning each use of the table separately.
    others = [
        f"CAST(CAST(CAST('{_LEFT_OUT}' AS INTEGER) AS VARCHAR) AS {kind}) AS {quoted(name)}"
        for name, kind in columns_of(table)
        if name not in columns
    ]
    return f"SELECT {', '.join(['scan.*', *others])} FROM ({body}) AS scan"


def is_parquet(table: Table) -> bool:
    """Whether the table's files are Parquet, else text. Raises QueryFailedError for other formats."""
    storage = table.input.get("StorageDescriptor") or {}
    serde = str((storage.get("SerdeInfo") or {}).get("SerializationLibrary") or "")
    text = f"{serde} {storage.get('InputFormat') or ''}".lower()
    if "parquet" in text:
        return True
    if any(name in text for name in ("opencsvserde", "lazysimpleserde", "openx.data.jsonserde")):
        return False
    raise not_supported(f"tables of this format ({serde or 'no SerDe'}): {table.database}.{table.name}")


def file_scan(table: Table, file: DataFile, constants: dict[str, str], columns: Collection[str]) -> str:
    """The rows of one file with the table's columns."""
    known = {**constants, PATH: literal(file.uri)}
    items = []
    for name, kind in columns_of(table):
        if name not in columns:
            continue
        if name in known:
            value = known[name]
        elif file.columns is not None:
            value = _parquet_value(name, kind, file)
        else:
            value = _text_value(table, name, kind)
        items.append(f"{value} AS {quoted(name)}")
    path = literal(str(file.path))
    if file.columns is not None:
        source = f"read_parquet({path})"
    elif _is_json(table):
        source = f"read_json({path}, {_json_options(table)})"
    else:
        source = f"read_csv({path}, {_csv_options(table)})"
    return f"SELECT {', '.join(items) or '1 AS none'} FROM {source}"


def _parquet_value(name: str, kind: str, file: DataFile) -> str:
    assert file.columns is not None
    found = file.columns.get(name)
    if found is None:
        return f"CAST(NULL AS {kind})"
    if kind == "TIMESTAMP" and found.type.startswith("TIMESTAMP"):
        # Athena's timestamps have milliseconds and no zone: an instant is shown in UTC.
        macro = "athena_milliseconds_utc" if found.type == "TIMESTAMP WITH TIME ZONE" else "athena_milliseconds"
        return f"{macro}({quoted(name)})"
    if found.type == kind:
        return quoted(name)
    if found.type in _WIDENINGS.get(kind, ()) or (found.type.startswith("DECIMAL") and kind.startswith("DECIMAL")):
        return f"CAST({quoted(name)} AS {kind})"
    raise QueryFailedError(
        "HIVE_BAD_DATA",
        f"Field {name}'s type {_PARQUET_NAMES.get(found.type, found.type)} in parquet file {file.uri} "
        f"is incompatible with type {kind.lower()} defined in table schema",
    )


def _serde(table: Table) -> tuple[bool, dict[str, str]]:
    info = (table.input.get("StorageDescriptor") or {}).get("SerdeInfo") or {}
    return "opencsv" in str(info.get("SerializationLibrary")).lower(), info.get("Parameters") or {}


def _is_json(table: Table) -> bool:
    info = (table.input.get("StorageDescriptor") or {}).get("SerdeInfo") or {}
    return "jsonserde" in str(info.get("SerializationLibrary")).lower()


def _json_options(table: Table) -> str:
    """One JSON object per line, as the OpenX SerDe: a malformed line fails the query, or reads as nulls."""
    ignored = str(_serde(table)[1].get("ignore.malformed.json", "")).lower() == "true"
    fields = ", ".join(f"{literal(name)}: 'VARCHAR'" for name, _ in table.columns)
    return f"columns={{{fields}}}, format='newline_delimited', ignore_errors={str(ignored).lower()}"


def _csv_options(table: Table) -> str:
    open_csv, parameters = _serde(table)
    if open_csv:
        delimiter, quote = parameters.get("separatorChar", ","), parameters.get("quoteChar", '"')
    else:
        delimiter, quote = parameters.get("field.delim", parameters.get("serialization.format", "\x01")), ""
    skip = int((table.input.get("Parameters") or {}).get("skip.header.line.count", "0"))
    fields = ", ".join(f"{literal(name)}: 'VARCHAR'" for name, _ in table.columns)
    return (
        f"columns={{{fields}}}, header=false, auto_detect=false, null_padding=true, strict_mode=false, skip={skip}, "
        f"delim={literal(delimiter)}, quote={literal(quote)}, escape={literal(quote)}, nullstr='\\N'"
    )


def _text_value(table: Table, name: str, kind: str) -> str:
    if kind == "VARCHAR":
        return f"coalesce({quoted(name)}, '')" if _serde(table)[0] else quoted(name)
    # LazySimpleSerDe returns null for invalid values, OpenCSVSerde fails.
    return f"{'CAST' if _serde(table)[0] else 'TRY_CAST'}({quoted(name)} AS {kind})"


def table_scan(
    table: Table,
    partitions: Sequence[Partition],
    columns: Collection[str],
    files: Files,
    connection: QueryConnection,
) -> tuple[str, dict[Partition, list[DataFile]]]:
    """The SQL for exactly these partitions, and their files."""
    found: dict[Partition, list[DataFile]] = {}
    branches = []
    parquet = is_parquet(table)
    at_locations = files.under([partition.location for partition in partitions], connection, parquet=parquet)
    for partition, at_location in zip(partitions, at_locations, strict=True):
        found[partition] = at_location
        constants = key_constants(table, partition, connection)
        branches += [file_scan(table, file, constants, columns) for file in at_location]
    if not branches:
        return nothing(table), found
    return padded(table, " UNION ALL ".join(branches), columns), found
