"""The API's operations on the catalog: databases and tables, as Athena tells them."""

from __future__ import annotations

import json
import re
from typing import Any

from moto.athena.responses import AthenaResponse

from local_aws.athena.api_errors import InvalidRequestError, MetadataError, page
from local_aws.athena.catalog import CATALOG, Catalog, Table


class MetadataApi:
    """The operations that replace methods of moto's AthenaResponse."""

    def list_databases(self, request: AthenaResponse) -> str:
        """Answer ListDatabases."""
        names = _catalog(request).databases()
        return json.dumps(page(request, "DatabaseList", [{"Name": name} for name in names]))

    def get_database(self, request: AthenaResponse) -> str:
        """Answer GetDatabase."""
        return json.dumps({"Database": {"Name": _database(request)}})

    def list_table_metadata(self, request: AthenaResponse) -> str:
        """Answer ListTableMetadata."""
        found = _catalog(request).tables(_database(request))
        if expression := request._get_param("Expression"):
            try:
                form = re.compile(expression, re.IGNORECASE)
            except re.error as error:
                raise InvalidRequestError(f"Expression is no regular expression: {expression} ({error})") from error
            found = [table for table in found if form.fullmatch(table.name)]
        return json.dumps(page(request, "TableMetadataList", [_metadata(table) for table in found]))

    def get_table_metadata(self, request: AthenaResponse) -> str:
        """Answer GetTableMetadata."""
        database, name = _database(request), str(request._get_param("TableName")).strip("`")
        table = _catalog(request).find(database, name)
        if table is None:
            raise MetadataError(f"EntityNotFoundException: Table {name} not found.")
        return json.dumps({"TableMetadata": _metadata(table)})


def _catalog(request: AthenaResponse) -> Catalog:
    asked = request._get_param("CatalogName")
    if str(asked).lower() != CATALOG:
        raise InvalidRequestError(f"Catalog {asked} was not found: the local Athena has AwsDataCatalog alone")
    return Catalog(request.athena_backend.region_name)


def _database(request: AthenaResponse) -> str:
    name = str(request._get_param("DatabaseName")).strip("`").lower()
    if name not in _catalog(request).databases():
        raise MetadataError(f"EntityNotFoundException: Database {name} not found.")
    return name


def _metadata(table: Table) -> dict[str, Any]:
    storage = table.input.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    # Athena tells the table's storage among its parameters, by these names; PyAthena's model reads them so.
    kept = {
        "location": table.location,
        "inputformat": storage.get("InputFormat"),
        "outputformat": storage.get("OutputFormat"),
        "serde.serialization.lib": serde.get("SerializationLibrary"),
        **{f"serde.param.{name}": value for name, value in (serde.get("Parameters") or {}).items()},
    }
    return {
        "Name": table.name,
        "CreateTime": table.input["CreateTime"].timestamp(),
        "TableType": table.input.get("TableType", "EXTERNAL_TABLE"),
        "Columns": [_column(table, name, kind) for name, kind in table.columns],
        "PartitionKeys": [_column(table, name, kind) for name, kind in table.keys],
        "Parameters": {**(table.input.get("Parameters") or {}), **{name: str(v) for name, v in kept.items() if v}},
    }


def _column(table: Table, name: str, kind: str) -> dict[str, str]:
    comment = table.comments.get(name)
    return {"Name": name, "Type": kind} | ({"Comment": comment} if comment else {})
