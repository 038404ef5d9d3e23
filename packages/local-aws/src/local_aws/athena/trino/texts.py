"""Values of Trino's protocol as the text of Athena's results, and as JSON that DuckDB reads with their types."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

from local_aws.athena.trino_types import TrinoType

Text = Callable[[Any], str | None]
_TIME = re.compile(r"(.*?\d\d:\d\d:\d\d)(?:\.(\d+))?( .*|[+-]\d\d:\d\d)?", re.DOTALL)


def text_of(kind: TrinoType) -> Text:
    """A function that gives a value's text; null is None."""
    inner = _text_of(kind)
    return lambda value: None if value is None else inner(value)


def _text_of(kind: TrinoType) -> Callable[[Any], str]:
    if kind.base == "boolean":
        return lambda value: "true" if value else "false"
    if kind.base == "varbinary":
        return lambda value: base64.b64decode(value).hex(" ")
    if kind.base.startswith(("timestamp", "time")):
        return with_milliseconds
    if kind.base == "array":
        item = _or_null(kind.parts[0][1])
        return lambda value: "[" + ", ".join(map(item, value)) + "]"
    if kind.base == "map":
        # The protocol has the text of a key, as JSON's names are texts.
        item = _or_null(kind.parts[1][1])
        return lambda value: "{" + ", ".join(f"{name}={item(each)}" for name, each in value.items()) + "}"
    if kind.base == "row":
        fields = [(name, _or_null(part)) for name, part in kind.named_parts]
        return lambda value: (
            "{" + ", ".join(f"{name}={item(each)}" for (name, item), each in zip(fields, value, strict=True)) + "}"
        )
    return str


def _or_null(kind: TrinoType) -> Callable[[Any], str]:
    inner = _text_of(kind)
    return lambda value: "null" if value is None else inner(value)


def with_milliseconds(value: str) -> str:
    """A time with three digits of its seconds' fraction at least, as Athena prints it."""
    found = _TIME.fullmatch(value)
    if found is None:
        return value
    return f"{found[1]}.{(found[2] or '').ljust(3, '0')}{found[3] or ''}"


def json_of(kind: TrinoType) -> Callable[[Any], Any]:
    """A function that gives a value in a form that DuckDB reads as `kind.duckdb`, from JSON."""
    inner = _json_of(kind)
    return lambda value: None if value is None else inner(value)


def _json_of(kind: TrinoType) -> Callable[[Any], Any]:
    if kind.base == "varbinary":
        # DuckDB's text of a BLOB.
        return lambda value: "".join(f"\\x{byte:02X}" for byte in base64.b64decode(value))
    if kind.base == "array":
        item = json_of(kind.parts[0][1])
        return lambda value: [item(each) for each in value]
    if kind.base == "map":
        item = json_of(kind.parts[1][1])
        return lambda value: {name: item(each) for name, each in value.items()}
    if kind.base == "row":
        fields = [(name, json_of(part)) for name, part in kind.named_parts]
        return lambda value: {name: item(each) for (name, item), each in zip(fields, value, strict=True)}
    return lambda value: value
