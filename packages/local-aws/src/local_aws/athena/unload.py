"""UNLOAD: a query's rows as Parquet files in S3, without a table.

Beside the files are, at the location of results, the manifest `ID-manifest.csv` with a line per file and `ID.metadata`
(Athena's user guide, "UNLOAD" and "Find query output files in Amazon S3"; awswrangler 3.17 and PyAthena 3.30 read both
by QueryExecution.Statistics.DataManifestLocation).
"""

from __future__ import annotations

import re

from local_aws.athena import properties
from local_aws.athena.ctas import WRITTEN_ROWS, named_columns
from local_aws.athena.errors import QueryFailedError
from local_aws.athena.parquet_files import require_empty, write
from local_aws.athena.statements import Statement, StatementResult
from local_aws.athena.syntax import mismatched, tokens_of

_TARGET = re.compile(
    r"\s*TO\s+'(?P<location>[^']+)'\s*(?:WITH\s*\((?P<properties>.*)\)\s*)?", re.IGNORECASE | re.DOTALL
)


def unload(statement: Statement) -> StatementResult:
    """Run the query and write its rows. Raises QueryFailedError."""
    rest = statement.match.group("rest")
    tokens = tokens_of(rest)
    end = properties.closing(tokens, 0)
    target = _TARGET.fullmatch(rest[tokens[end].end + 1 :])
    if target is None:
        raise mismatched(tokens[end + 1].text if end + 1 < len(tokens) else "<EOF>", None, "TO 's3://...' WITH (...)")
    found = properties.read((target["properties"] or "").strip(), properties.UNLOAD, "UNLOAD")
    if "format" not in found:
        raise QueryFailedError("INVALID_TABLE_PROPERTY", "UNLOAD: the property format is required", (1, 1))
    if not target["location"].startswith("s3://"):
        raise QueryFailedError(
            "INVALID_TABLE_PROPERTY", f"UNLOAD: {target['location']} is not a location in S3", (1, 1)
        )
    question = statement.question(rest[tokens[0].end + 1 : tokens[end].start].strip())
    names = named_columns(statement.session.describe(question))
    location = target["location"].rstrip("/") + "/"
    require_empty(location, statement.engine.region)
    compression, keys = properties.compression(found), properties.keys(found)
    written = write(statement, question, names, keys, location, compression)
    return StatementResult(WRITTEN_ROWS, scanned=written.scanned, written=written.files)
