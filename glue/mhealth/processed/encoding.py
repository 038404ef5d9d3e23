"""How the table's files are encoded: for size, by what a column holds. docs/performance.md has what was tried."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

_PROBE_ROWS = 16 * 1024
"""So many values, spread over the rows, tell whether a column repeats itself."""

_REPEATS = 0.8
"""A column whose probe has fewer distinct values than this share gets a dictionary: it is the smaller form below."""

_LEVEL_OF_DICTIONARY = 3
_LEVEL_OF_PLAIN = 5
"""zstd: a plain column has more to find for it, and from 5 to 9 another 2 % are to be had for half the speed."""


def open_writer(path: Path, first_rows: pa.Table) -> pq.ParquetWriter:
    """A writer of files like `first_rows`, which are about to be written.

    Readers need no more than dictionaries, PLAIN, zstd, and DELTA_BINARY_PACKED for integers: Athena's Trino, Spark 3.3
    and later, DuckDB.
    """
    schema = first_rows.schema
    probe = _probe(first_rows)
    dictionaries = [name for name in schema.names if _repeats(probe[name])]
    timestamps = [field.name for field in schema if pa.types.is_timestamp(field.type)]
    return pq.ParquetWriter(
        path,
        schema,
        version="2.6",
        compression="zstd",
        compression_level={
            name: _LEVEL_OF_DICTIONARY if name in dictionaries else _LEVEL_OF_PLAIN for name in schema.names
        },
        use_dictionary=dictionaries,
        # Samples are 20 ms apart, so of the differences next to nothing remains.
        column_encoding=dict.fromkeys(timestamps, "DELTA_BINARY_PACKED"),
        store_schema=False,
    )


def _probe(rows: pa.Table) -> pa.Table:
    step = max(1, len(rows) // _PROBE_ROWS)
    # Out of each batch: to take from a whole table, pyarrow would first make one piece of its columns.
    return pa.Table.from_batches(
        [batch.take(pa.array(np.arange(0, len(batch), step))) for batch in rows.to_batches()], rows.schema
    )


def _repeats(probe: pa.ChunkedArray) -> bool:
    if pa.types.is_timestamp(probe.type):
        return False
    return bool(len(probe.unique()) < _REPEATS * len(probe))
