"""The properties of CREATE TABLE ... WITH (...) AS and UNLOAD ... WITH (...): those of Athena, and which are done here.

The names are those of Athena's user guide, "CREATE TABLE AS" (CTAS table properties) and "UNLOAD", 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sqlglot.tokenizer_core import Token

from local_aws.athena.errors import QueryFailedError, not_done

CTAS = (
    "external_location",
    "format",
    "is_external",
    "parquet_compression",
    "partitioned_by",
    "table_type",
    "write_compression",
)
UNLOAD = ("compression", "format", "partitioned_by")
_NOT_DONE = {
    *("bucket_count", "bucketed_by", "compression_level", "field_delimiter", "location", "orc_compression"),
    *("optimize_rewrite_data_file_threshold", "optimize_rewrite_delete_file_threshold", "partitioning"),
    *("vacuum_max_metadata_files_to_keep", "vacuum_max_snapshot_age_seconds", "vacuum_min_snapshots_to_keep"),
    *("optimize_rewrite_max_data_file_size_bytes", "optimize_rewrite_min_data_file_size_bytes"),
    "write_target_data_file_size_bytes",
}
_PROPERTY = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^']|'')*)'|ARRAY\s*\[([^\]]*)\]|([\w.]+))\s*(?:,|$)", re.IGNORECASE)
_COMPRESSIONS = {
    "GZIP": "gzip",
    "SNAPPY": "snappy",
    "ZSTD": "zstd",
    "LZ4": "lz4_raw",
    "NONE": "uncompressed",
    "UNCOMPRESSED": "uncompressed",
}


def closing(tokens: Sequence[Token], start: int) -> int:
    """The place of the parenthesis that closes the one at `start`. Raises QueryFailedError (SYNTAX_ERROR)."""
    depth = 0
    for place in range(start, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[place].text, 0)
        if depth == 0:
            return place
    raise QueryFailedError("SYNTAX_ERROR", "mismatched input '<EOF>'. Expecting: ')'")


def read(text: str, known: Sequence[str], statement: str) -> dict[str, str]:
    """The properties in the parentheses of WITH. Raises QueryFailedError for one that is not done here, or unknown."""
    found: dict[str, str] = {}
    end = 0
    while end < len(text):
        match = _PROPERTY.match(text, end)
        if match is None:
            raise QueryFailedError("SYNTAX_ERROR", f"WITH: expected NAME = VALUE, found {text[end:]}")
        found[match[1].lower()] = next(group for group in match.groups()[1:] if group is not None).replace("''", "'")
        end = match.end()
    for name in sorted(found.keys() - set(known)):
        if name in _NOT_DONE:
            raise not_done(f"{name} in {statement} ... WITH; it knows {', '.join(known)}")
        words = f"Catalog 'awsdatacatalog' table property '{name}' does not exist"
        raise QueryFailedError("INVALID_TABLE_PROPERTY", words, (1, 1))
    if found.get("format", "PARQUET").upper() != "PARQUET":
        raise not_done(f"{statement} with format {found['format']}: say PARQUET")
    if found.get("table_type", "HIVE").upper() != "HIVE":
        raise not_done(f"{statement} with table_type {found['table_type']}: say HIVE")
    if found.get("is_external", "true").lower() != "true":
        raise not_done(f"{statement} with is_external = {found['is_external']}: a table of type HIVE is external")
    return found


def keys(found: Mapping[str, str]) -> list[str]:
    """The columns of `partitioned_by`, in small letters."""
    return [key.strip().strip("'\"").lower() for key in found.get("partitioned_by", "").split(",") if key.strip()]


def compression(found: Mapping[str, str]) -> str:
    """DuckDB's name of the compression; Athena's own for Parquet is GZIP. Raises QueryFailedError for another."""
    names = ("compression", "write_compression", "parquet_compression")
    asked = next((found[name] for name in names if name in found), "GZIP")
    if asked.upper() not in _COMPRESSIONS:
        raise not_done(f"the compression {asked}; it knows {', '.join(_COMPRESSIONS)}")
    return _COMPRESSIONS[asked.upper()]
