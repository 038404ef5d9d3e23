"""Glue's answers as Trino's Hive connector takes them."""

from __future__ import annotations

import base64
import json
from typing import Any

from local_aws.athena.stored_views import stored_view

READS = (
    *("GetDatabase", "GetDatabases", "GetTable", "GetTables"),
    *("GetPartition", "GetPartitions", "BatchGetPartition"),
)
"""The operations that Trino needs."""
NOTHING: dict[str, dict[str, Any]] = {"GetUserDefinedFunctions": {"UserDefinedFunctions": []}}
"""Operations that moto does not have, with their answers."""
_DEFAULT = {"Name": "default"}


def for_trino(operation: str, asked: dict[str, Any], status: int, answer: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Change an answer of the local AWS: status and content.

    The database `default` exists always, as for Athena. A view has the rights of whoever reads it, as in Athena; in
    Trino those of its owner, where the definition does not say otherwise.
    """
    if operation == "GetDatabase" and status != 200 and str(asked.get("Name", "")).lower() == "default":
        return 200, {"Database": _DEFAULT}
    if status != 200:
        return status, answer
    if operation == "GetDatabases":
        found = answer.get("DatabaseList") or []
        if not asked.get("NextToken") and all(each["Name"] != "default" for each in found):
            answer["DatabaseList"] = [_DEFAULT, *found]
    for table in (answer.get("Table"), *(answer.get("TableList") or [])):
        if table and table.get("TableType") == "VIRTUAL_VIEW":
            table["ViewOriginalText"] = _by_its_reader(table.get("ViewOriginalText") or "")
    return status, answer


def _by_its_reader(text: str) -> str:
    try:
        stored = stored_view(text)
    except ValueError:
        return text  # Trino says what is wrong
    stored.pop("owner", None)
    stored["runAsInvoker"] = True
    encoded = base64.b64encode(json.dumps(stored).encode()).decode()
    return f"/* Presto View: {encoded} */"
