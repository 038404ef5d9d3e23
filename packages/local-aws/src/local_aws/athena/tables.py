"""Statements on tables and partitions (Athena's Hive engine)."""

from __future__ import annotations

import re
from typing import Any

import sqlglot
from moto.glue.exceptions import PartitionAlreadyExistsException, PartitionNotFoundException
from sqlglot import exp
from sqlglot.errors import SqlglotError

from local_aws.athena.catalog import Table
from local_aws.athena.errors import QueryFailedError, not_done
from local_aws.athena.files import s3, split_location
from local_aws.athena.statements import Statement, StatementResult, failed, lines, require_database
from local_aws.athena.syntax import mismatched

_VALUES = re.compile(r"""[`"]?(\w+)[`"]?\s*=\s*('(?:[^']|'')*'|"[^"]*"|[\w.-]+)\s*(?:,|$)""")


_FORMATS = {
    "PARQUET": ("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"),
    "TEXTFILE": ("org.apache.hadoop.mapred.TextInputFormat",
                 "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                 "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
}  # fmt: skip


def _stored(input_format: str) -> str:
    """The name of a format by its class, as SHOW CREATE TABLE writes it."""
    return next((name for name, (known, *_) in _FORMATS.items() if known == input_format), input_format)


def create_table(statement: Statement) -> StatementResult:
    """Create an external table."""
    try:
        tree = sqlglot.parse_one(statement.match.group(0), dialect="hive")
    except SqlglotError as error:
        raise QueryFailedError("FAILED", f"ParseException {str(error).splitlines()[0]}") from error
    if not isinstance(tree, exp.Create) or not isinstance(tree.this, exp.Schema):
        raise not_done("this form of CREATE EXTERNAL TABLE")
    database, name = statement.name()
    require_database(statement.catalog, database)
    if statement.catalog.find(database, name) is not None:
        if statement.has("exists"):
            return StatementResult()
        raise failed(f"Execution Error, return code 1. AlreadyExistsException(message:Table {name} already exists.)")
    if database not in statement.catalog.glue.databases:
        statement.catalog.glue.create_database(database, {"Name": database})
    statement.catalog.caller.may_use_table("glue:CreateTable", database, name)
    statement.catalog.glue.create_table(database, name, _table_input(name, tree))
    return StatementResult()


def _table_input(name: str, tree: exp.Create) -> dict[str, Any]:
    parameters, serde_parameters = {"EXTERNAL": "TRUE"}, dict[str, str]()
    serde, stored, location, keys = "", "TEXTFILE", "", []
    for item in (tree.args.get("properties") or exp.Properties()).expressions:
        if isinstance(item, exp.PartitionedByProperty):
            keys = [_hive_column(column) for column in item.this.expressions]
        elif isinstance(item, exp.SchemaCommentProperty):
            parameters["comment"] = item.this.name
        elif isinstance(item, exp.LocationProperty):
            location = item.this.name
        elif isinstance(item, exp.FileFormatProperty) and isinstance(item.this, exp.InputOutputFormat):
            stored = _stored(item.this.args["input_format"].name)
        elif isinstance(item, exp.FileFormatProperty):
            stored = item.this.name.upper()
        elif isinstance(item, exp.RowFormatSerdeProperty):
            serde = item.this.name
            pairs = item.args.get("serde_properties")
            serde_parameters |= {
                pair.this.name: pair.args["value"].name for pair in (pairs.expressions if pairs else ())
            }
        elif isinstance(item, exp.SerdeProperties):
            serde_parameters |= {pair.this.name: pair.args["value"].name for pair in item.expressions}
        elif isinstance(item, exp.RowFormatDelimitedProperty):
            serde_parameters["field.delim"] = item.args["fields"].name if item.args.get("fields") else "\x01"
        elif isinstance(item, exp.Property) and type(item) is exp.Property:
            parameters[item.this.name] = item.args["value"].name
    if stored not in _FORMATS:
        raise not_done(f"tables STORED AS {stored}")
    if not location:
        raise failed("SemanticException [Error 10098]: A location is required for an external table")
    input_format, output_format, usual_serde = _FORMATS[stored]
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "PartitionKeys": keys,
        "StorageDescriptor": {
            "Columns": [_hive_column(column) for column in tree.this.expressions],
            "Location": location,
            "InputFormat": input_format,
            "OutputFormat": output_format,
            "SerdeInfo": {"SerializationLibrary": serde or usual_serde, "Parameters": serde_parameters},
        },
    }


def _hive_column(column: exp.ColumnDef) -> dict[str, str]:
    made = {"Name": column.name.lower(), "Type": column.args["kind"].sql("hive").lower()}
    comments = [
        each.kind.this.name for each in column.constraints if isinstance(each.kind, exp.CommentColumnConstraint)
    ]
    return made | ({"Comment": comments[0]} if comments else {})


def set_properties(statement: Statement) -> StatementResult:
    """Set properties of the table."""
    table = statement.relation()
    found = {pair[0]: pair[1].replace("\\'", "'") for pair in _ASSIGNMENT.findall(statement.match.group("rest"))}
    if not found:
        raise mismatched(statement.match.group("rest") or ")", None, "'NAME' = 'VALUE'")
    return _update(statement, table, {"Parameters": {**(table.input.get("Parameters") or {}), **found}})


def set_location(statement: Statement) -> StatementResult:
    """Move the table to other files."""
    table = statement.relation()
    storage = {**(table.input.get("StorageDescriptor") or {}), "Location": statement.match.group("location")}
    return _update(statement, table, {"StorageDescriptor": storage})


def change_columns(statement: Statement) -> StatementResult:
    """Add columns behind the others, or replace all but the partition keys."""
    table = statement.relation()
    try:
        written = f"CREATE TABLE t ({statement.match.group('rest')})"
        tree = sqlglot.parse_one(written, dialect="hive")
    except SqlglotError as error:
        raise QueryFailedError("FAILED", f"ParseException {str(error).splitlines()[0]}") from error
    assert isinstance(tree, exp.Create)
    made = [_hive_column(column) for column in tree.this.expressions]
    storage = dict(table.input.get("StorageDescriptor") or {})
    kept = [] if statement.match.group("how").upper() == "REPLACE" else list(storage.get("Columns") or [])
    names = [column["Name"].lower() for column in (*kept, *made)] + [key for key, _ in table.keys]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise failed(f"Execution Error, return code 1. Duplicate column name: {', '.join(twice)}")
    return _update(statement, table, {"StorageDescriptor": {**storage, "Columns": [*kept, *made]}})


_ASSIGNMENT = re.compile(r"""['"]([^'"]+)['"]\s*=\s*'((?:[^'\\]|\\.)*)'""")
_INPUT = ("Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")


def _update(statement: Statement, table: Table, changed: dict[str, Any]) -> StatementResult:
    statement.catalog.caller.may_use_table("glue:UpdateTable", table.database, table.name)
    given = {name: table.input[name] for name in _INPUT if name in table.input} | changed
    statement.catalog.glue.update_table(table.database, table.name, given)
    return StatementResult()


def drop_table(statement: Statement) -> StatementResult:
    """Drop a table; its files are kept."""
    database, name = statement.name()
    if statement.catalog.find(database, name) is None:
        if statement.has("exists"):
            return StatementResult()
        raise failed(f"SemanticException [Error 10001]: Table not found {database}.{name}")
    statement.catalog.caller.may_use_table("glue:DeleteTable", database, name)
    statement.catalog.glue.delete_table(database, name)
    return StatementResult()


def _values(text: str, table: Table) -> list[str]:
    """The values of a partition spec such as `snapshot = 1, subject = 3`, in the order of the keys."""
    given = {key.lower(): value.strip("'\"") for key, value in _VALUES.findall(text)}
    names = [name for name, _ in table.keys]
    if sorted(given) != sorted(names):
        raise failed(f"ValidationException partition spec {{{text}}} doesn't name the keys {', '.join(names)}")
    return [given[name] for name in names]


def _partition_input(table: Table, values: list[str], location: str | None) -> dict[str, Any]:
    storage = dict(table.input.get("StorageDescriptor") or {})
    folder = "/".join(f"{name}={value}" for (name, _), value in zip(table.keys, values, strict=True))
    storage["Location"] = location or f"{table.location.rstrip('/')}/{folder}"
    return {"Values": values, "StorageDescriptor": storage}


def add_partitions(statement: Statement) -> StatementResult:
    """Add partitions, at their own location or below the table's."""
    table = statement.table()
    form = re.compile(r"PARTITION\s*\((?P<spec>[^)]*)\)(?:\s+LOCATION\s+'(?P<location>[^']*)')?\s*", re.IGNORECASE)
    rest, place = statement.match.group("rest").strip(), 0
    while place < len(rest):
        found = form.match(rest, place)
        if found is None:
            raise mismatched(rest[place:].split()[0], None, "PARTITION")
        place = found.end()
        values = _values(found.group("spec"), table)
        try:
            part = _partition_input(table, values, found.group("location"))
            statement.catalog.caller.may_use_table("glue:BatchCreatePartition", table.database, table.name)
            statement.catalog.glue.create_partition(table.database, table.name, part)
        except PartitionAlreadyExistsException as exists:
            if not statement.has("exists"):
                raise failed(f"Execution Error, return code 1. Partition already exists: {values}") from exists
    return StatementResult()


def drop_partition(statement: Statement) -> StatementResult:
    """Drop partitions; their files are kept."""
    table = statement.table()
    for spec in re.findall(r"PARTITION\s*\(([^)]*)\)", statement.match.group("rest"), re.IGNORECASE):
        values = _values(spec, table)
        try:
            statement.catalog.caller.may_use_table("glue:DeletePartition", table.database, table.name)
            statement.catalog.glue.delete_partition(table.database, table.name, values)  # type: ignore[arg-type]
        except PartitionNotFoundException as missing:
            if not statement.has("exists"):
                raise failed(f"SemanticException [Error 10006]: Partition not found ({spec.strip()})") from missing
    return StatementResult()


def repair(statement: Statement) -> StatementResult:
    """Add every unregistered `key=value/` folder below the table's location."""
    table = statement.table()
    bucket, prefix = split_location(table.location)
    prefix = prefix.rstrip("/") + "/"
    form = re.compile("".join(rf"{re.escape(name)}=([^/]+)/" for name, _ in table.keys), re.IGNORECASE)
    found: dict[tuple[str, ...], None] = {}
    for name in list(s3(statement.engine.region).get_bucket(bucket).keys):
        if name.startswith(prefix) and (match := form.match(name[len(prefix) :])):
            found[match.groups()] = None
    missing = [list(values) for values in found if values not in {part.values for part in table.partitions}]
    for values in missing:
        part = _partition_input(table, values, None)
        statement.catalog.caller.may_use_table("glue:BatchCreatePartition", table.database, table.name)
        statement.catalog.glue.create_partition(table.database, table.name, part)
    folders = ["/".join(f"{k}={v}" for (k, _), v in zip(table.keys, values, strict=True)) for values in missing]
    reported = [f"Partitions not in metastore:\t{table.name}:{folder}" for folder in folders]
    reported += [f"Repair: Added partition to metastore {table.name}:{folder}" for folder in folders]
    # No columns: Athena tells the lines of MSCK in its text alone.
    return StatementResult(rows=[[line] for line in reported])


def show_partitions(statement: Statement) -> StatementResult:
    """The registered partitions as `key=value/key=value`."""
    table = statement.table()
    if not table.keys:
        raise failed(f"SemanticException [Error 10241]: Table {table.database}.{table.name} is not a partitioned table")
    names = [name for name, _ in table.keys]
    folders = ["/".join(f"{k}={v}" for k, v in zip(names, part.values, strict=True)) for part in table.partitions]
    return lines("partition", sorted(folders))
