"""The Parquet encoding of the table's files, chosen by column for size. docs/performance.md has the measurements."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mhealth.io.descriptions import footer_texts

_PROBE_ROWS = 8 * 1024
"""The sample of a column by which its distinct values are estimated."""

_REPEATS = 0.89
"""A column whose sample has a smaller share of distinct values than this gets a dictionary."""

_LEVEL_OF_DICTIONARY = 3
_LEVEL_OF_PLAIN = 5
"""Levels of zstd. A plain column gains more by it; levels 5 to 9 save another 2 % at half the speed."""


def open_writer(path: Path, first_rows: pa.Table) -> pq.ParquetWriter:
    """A writer for a file that begins with `first_rows`, whose values decide the encodings.

    Readers need no more than dictionaries, PLAIN, zstd, and DELTA_BINARY_PACKED for integers: Athena's Trino, Spark 3.3
    and later, DuckDB.
    """
    schema = first_rows.schema
    probe = _probe(first_rows)
    dictionaries = [name for name in schema.names if _repeats(probe[name])]
    timestamps = [field.name for field in schema if pa.types.is_timestamp(field.type)]
    writer = pq.ParquetWriter(
        path,
        schema,
        version="2.6",
        compression="zstd",
        compression_level={
            name: _LEVEL_OF_DICTIONARY if name in dictionaries else _LEVEL_OF_PLAIN for name in schema.names
        },
        use_dictionary=dictionaries,
        # Samples are 20 ms apart, so delta encoding leaves next to nothing.
        column_encoding=dict.fromkeys(timestamps, "DELTA_BINARY_PACKED"),
        store_schema=True,  # with the comments and units of the columns
    )
    if texts := footer_texts(schema):
        writer.add_key_value_metadata(texts)
    return writer


def _probe(rows: pa.Table) -> pa.Table:
    step = max(1, len(rows) // _PROBE_ROWS)
    # By batch: Table.take would first concatenate the chunks.
    return pa.Table.from_batches(
        [batch.take(pa.array(np.arange(0, len(batch), step))) for batch in rows.to_batches()], rows.schema
    )


def _repeats(probe: pa.ChunkedArray) -> bool:
    if pa.types.is_timestamp(probe.type):
        return False
    return bool(len(probe.unique()) < _REPEATS * len(probe))
