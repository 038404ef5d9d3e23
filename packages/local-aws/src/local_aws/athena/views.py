"""Athena's views in the Glue catalog: Trino's definition as base64 of JSON, columns with Hive types."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from local_aws.athena.catalog import CATALOG, Table
from local_aws.athena.errors import QueryFailedError
from local_aws.athena.stored_views import stored_view


@dataclass(frozen=True)
class ViewDefinition:
    """A view: its query, the database of unqualified names, its columns as (name, Trino type)."""

    sql: str
    database: str
    columns: tuple[tuple[str, str], ...]


def read_view(table: Table) -> ViewDefinition:
    """The definition in the catalog. Raises QueryFailedError (INVALID_VIEW) for any other content."""
    full = f"{CATALOG}.{table.database}.{table.name}"
    try:
        stored = stored_view(table.input.get("ViewOriginalText") or "")
        columns = tuple((column["name"].lower(), column["type"]) for column in stored["columns"])
        return ViewDefinition(stored["originalSql"], stored.get("schema") or table.database, columns)
    except (ValueError, KeyError, TypeError) as unreadable:
        raise QueryFailedError("INVALID_VIEW", f"Invalid view data: '{full}': {unreadable!r}") from unreadable


def view_input(name: str, definition: ViewDefinition, hive_types: Sequence[str], owner: str) -> dict[str, Any]:
    """The TableInput that stores a view."""
    content = {
        "originalSql": definition.sql,
        "catalog": CATALOG,
        "schema": definition.database,
        "columns": [{"name": column, "type": kind} for column, kind in definition.columns],
        "owner": owner,
        "runAsInvoker": False,
    }
    encoded = base64.b64encode(json.dumps(content).encode()).decode()
    hive = zip(definition.columns, hive_types, strict=True)
    return {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"comment": "Presto View", "presto_view": "true"},
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [{"Name": column, "Type": kind} for (column, _), kind in hive],
            "Location": "",
            "NumberOfBuckets": 0,
            "SerdeInfo": {},
            "SortColumns": [],
            "StoredAsSubDirectories": False,
        },
        "ViewOriginalText": f"/* Presto View: {encoded} */",
        "ViewExpandedText": "/* Presto View */",
    }
