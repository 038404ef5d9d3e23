"""A client of a running Trino, whose answers it gives in Athena's text."""

from __future__ import annotations

import base64
import json
import re
import urllib.request
from typing import Any

from local_aws_harness.athena_corpus import Answer
from local_aws_harness.waiting import HANG

SESSION = {
    "X-Trino-User": "corpus",
    "X-Trino-Time-Zone": "UTC",
    "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
    "X-Trino-Catalog": "memory",
    "X-Trino-Schema": "default",
}


def ask(address: str, sql: str) -> Answer:
    """Trino's answer to a statement."""
    request = urllib.request.Request(f"{address}/v1/statement", sql.encode(), SESSION)
    columns: list[dict[str, Any]] = []
    rows: list[list[Any]] = []
    page = _read(request)
    while True:
        columns = page.get("columns") or columns
        rows += page.get("data") or []
        if "error" in page:
            return Answer(error=(page["error"]["errorName"], page["error"]["message"]))
        if "nextUri" not in page:
            break
        page = _read(page["nextUri"])
    signatures = [column["typeSignature"] for column in columns]
    texts = tuple(tuple(text(value, kind) for value, kind in zip(row, signatures, strict=True)) for row in rows)
    return Answer(
        tuple(
            (column["name"], column["type"].lower() if column["type"].startswith("INTERVAL") else column["type"])
            for column in columns
        ),
        texts,
    )


def _read(request: Any) -> dict[str, Any]:
    with urllib.request.urlopen(request, timeout=HANG) as answer:
        # A number keeps its text, which is Java's.
        page: dict[str, Any] = json.load(answer, parse_float=str)
        return page


def text(value: Any, kind: dict[str, Any]) -> str | None:
    """A value of a Trino type, as its client protocol has it, in the text of Athena's results; None is null."""
    if value is None:
        return None
    base, arguments = kind["rawType"], [part["value"] for part in kind["arguments"]]
    if base == "boolean":
        return "true" if value else "false"
    if base == "varbinary":
        return base64.b64decode(value).hex(" ")
    if base.startswith("timestamp"):
        return _milliseconds(value)
    if base == "time":
        return f"{value}.000" if "." not in value else value
    if base == "array":
        return "[" + ", ".join(_inner(item, arguments[0]) for item in value) + "]"
    if base == "map":
        entries = (f"{name}={_inner(item, arguments[1])}" for name, item in value.items())
        return "{" + ", ".join(entries) + "}"
    if base == "row":
        return "{" + ", ".join(_fields(value, arguments)) + "}"
    return str(value)


def _inner(value: Any, kind: dict[str, Any]) -> str:
    found = text(value, kind)
    return "null" if found is None else found


def _fields(values: list[Any], arguments: list[dict[str, Any]]) -> list[str]:
    made = []
    for place, (value, field) in enumerate(zip(values, arguments, strict=True)):
        name = (field.get("fieldName") or {}).get("name") or f"field{place}"
        made.append(f"{name}={_inner(value, field['typeSignature'])}")
    return made


def _milliseconds(value: str) -> str:
    """Athena prints at least the milliseconds of a timestamp."""
    found = re.fullmatch(r"(.{19})(?:\.(\d+))?(.*)", value)
    if found is None:
        return value
    return f"{found.group(1)}.{(found.group(2) or '').ljust(3, '0')}{found.group(3)}"
