"""Reads the sensors of a stage object in the worker that writes them, so that they are not sent through the JVM."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mhealth.errors import RowCountMismatch
from mhealth.schema import SAMPLE, SENSORS, table_name


class StagedSensors:
    """The sensors in one stage file, by their names in the table, from its first row to its last.

    Spark computes the other columns of the same rows. Both sides have `sample`, by which the sink checks that they are
    the same rows.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._key = key
        self._file = pq.ParquetFile(path, memory_map=True)
        present = self._file.schema_arrow.names
        self._present = [name for name in SENSORS if name in present]
        self._group = 0
        self._read = pa.table({})
        self._taken = 0

    def take(self, rows: int) -> pa.Table:
        """The next rows: `sample` and the sensors (double), null where the source has none.

        Raises RowCountMismatch where the file has fewer.
        """
        parts = []
        wanted = rows
        while wanted:
            if self._taken == self._read.num_rows:
                self._next_group(rows)
            part = self._read.slice(self._taken, wanted)
            parts.append(part)
            self._taken += part.num_rows
            wanted -= part.num_rows
        return pa.concat_tables(parts)

    def _next_group(self, rows: int) -> None:
        if self._group == self._file.num_row_groups:
            raise RowCountMismatch(
                f"{self._key} has {self._file.metadata.num_rows} rows, and Spark made more of it: {rows} more were "
                "asked for at its end. Nothing was registered or published. This is a fault of the job: keep its log "
                "and open an issue."
            )
        group = self._file.read_row_group(self._group, columns=[*self._present, SAMPLE], use_threads=False)
        self._group += 1
        self._taken = 0
        absent = pa.nulls(len(group), pa.float64())
        columns = {table_name(name): group[name] if name in self._present else absent for name in SENSORS}
        self._read = pa.table({**columns, SAMPLE: group[SAMPLE]})
