"""The file `.metadata` beside a result: a protobuf message, which Athena's JDBC driver reads instead of the API.

Athena documents no schema. The fields are those of a file that Athena wrote (2019-04-23, with its hex dump: "What's the
data format of the .csv.metadata files written by Amazon Athena?", Stack Overflow) and that the public repository
burtcorp/athena-jdbc reads: 1 is the query's id, 4 a column with its 1 catalog, 4 name, 5 label, 6 type, 7 precision,
8 scale, 9 nullable and 10 case sensitive. A number that is 0 is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_NULLABLE_UNKNOWN = 3
_TEXT, _NUMBER = 2, 0


def encode(query_id: str, columns: Sequence[dict[str, Any]]) -> bytes:
    """The message; `columns` are ColumnInfo of the API."""
    return _text(1, query_id.encode()) + b"".join(_text(4, _column(column)) for column in columns)


def _column(info: dict[str, Any]) -> bytes:
    texts = ((1, "CatalogName"), (4, "Name"), (5, "Label"), (6, "Type"))
    numbers = ((7, info["Precision"]), (8, info["Scale"]), (9, _NULLABLE_UNKNOWN), (10, int(info["CaseSensitive"])))
    found = b"".join(_text(field, info[name].encode()) for field, name in texts)
    return found + b"".join(_varint(field << 3 | _NUMBER) + _varint(value) for field, value in numbers if value)


def _text(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | _TEXT) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)
