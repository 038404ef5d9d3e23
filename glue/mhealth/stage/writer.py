"""Writes a stage Parquet file from numbered blocks, row group by row group."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from mhealth.raw.parser import ParsedBlock, column_type
from mhealth.schema import LABEL, LINE, MAGNETOMETERS, SAMPLE, SUBJECT
from mhealth.stage.metadata import FOOTER_KEY, StageMetadata
from mhealth.stage.numbering import Numbered

ROW_GROUP_ROWS = 128 * 1024
"""About 28 MB of values: what the writer holds in memory."""


class StageWriter:
    """A context manager that writes one Parquet file.

    The stage is read once, so it is written for speed: not compressed, and plain except for values that repeat
    (docs/performance.md has the trial). Spark's vectorised reader does not know byte_stream_split.
    """

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self._columns = columns
        self._sensors = [column for column in columns if column != SUBJECT]
        fields = [pa.field(column, column_type(column)) for column in self._sensors]
        fields += [pa.field(SUBJECT, pa.int32()), pa.field(LINE, pa.int64()), pa.field(SAMPLE, pa.int64())]
        self._schema = pa.schema(fields)
        self._writer = pq.ParquetWriter(
            path,
            self._schema,
            version="2.6",
            compression="none",
            use_dictionary=[LABEL, SUBJECT, *MAGNETOMETERS],
            column_encoding=dict.fromkeys((LINE, SAMPLE), "DELTA_BINARY_PACKED"),
            write_statistics=False,
            store_schema=False,
        )
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def add(self, block: ParsedBlock, numbered: Numbered) -> None:
        """Append the good lines of a block."""
        arrays = [block.values[self._columns.index(column)] for column in self._sensors]
        arrays += [pa.array(numbered.subjects, pa.int32()), pa.array(numbered.lines), pa.array(numbered.samples)]
        self._waiting.append(pa.Table.from_arrays(arrays, schema=self._schema))
        self._waiting_rows += len(numbered.lines)
        if self._waiting_rows >= ROW_GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._waiting_rows:
            self._writer.write_table(pa.concat_tables(self._waiting), row_group_size=ROW_GROUP_ROWS)
        self._waiting = []
        self._waiting_rows = 0

    def finish(self, metadata: StageMetadata) -> None:
        """Write the rows that wait, and the metadata."""
        self._flush()
        self._writer.add_key_value_metadata({FOOTER_KEY: metadata.encoded()})
