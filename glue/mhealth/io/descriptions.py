"""Descriptions and units of columns in the metadata of Parquet files, where readers look for them.

pyarrow, pandas and Polars read the metadata of fields from Arrow's schema, which pyarrow's writer keeps in the footer.
Spark reads comments from a schema of its own there. DuckDB shows both texts with parquet_kv_metadata.
"""

from __future__ import annotations

import json

import pyarrow as pa

from mhealth.schema import MEASURED

COMMENT = "comment"
"""The key of a column's comment; it is Spark's own name for it."""
UNIT = "unit"
"""The key of a measured column's unit."""

SPARK_KEY = "org.apache.spark.sql.parquet.row.metadata"
"""The key of the footer in which Spark keeps the schema of a DataFrame."""

_SPARK_TYPES = {
    pa.string(): "string",
    pa.int32(): "integer",
    pa.int64(): "long",
    pa.float64(): "double",
    pa.timestamp("us", tz="UTC"): "timestamp",
}


def with_comment(field: pa.Field, comment: str) -> pa.Field:
    """The field with its comment and unit as metadata; without a comment as it is.

    >>> with_comment(pa.field("accel_x", pa.float64()), "chest acceleration, m/s2").metadata
    {b'comment': b'chest acceleration, m/s2', b'unit': b'm/s2'}
    >>> with_comment(pa.field("id", pa.string()), "subject, hyphen, number").metadata
    {b'comment': b'subject, hyphen, number'}
    """
    if not comment:
        return field
    unit = comment.rpartition(", ")[2] if field.name in MEASURED and ", " in comment else ""
    return field.with_metadata({COMMENT: comment, **({UNIT: unit} if unit else {})})


def footer_texts(schema: pa.Schema) -> dict[str, str]:
    """What a file's footer holds besides Arrow's schema: Spark's schema, where a column has a comment."""
    if not any(field.metadata for field in schema):
        return {}
    fields = [
        {
            "name": field.name,
            "type": _SPARK_TYPES[field.type],
            "nullable": True,
            "metadata": {key.decode(): text.decode() for key, text in (field.metadata or {}).items()},
        }
        for field in schema
    ]
    return {SPARK_KEY: json.dumps({"type": "struct", "fields": fields}, separators=(",", ":"))}


def footer_bytes(schema: pa.Schema) -> int:
    """The bytes that both schemas take in a footer, at most: Arrow's is written as base64."""
    arrow: int = schema.serialize().size
    return arrow * 4 // 3 + sum(len(key) + len(text.encode()) for key, text in footer_texts(schema).items()) + 200
