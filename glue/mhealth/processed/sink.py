"""The sink of job 2: runs in Spark's Python workers, writes the table's Parquet files, returns a row for each."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mhealth.checksums import Sums, added, sums_by_subject
from mhealth.errors import RowCountMismatch
from mhealth.io.connect import storage_at
from mhealth.io.descriptions import footer_bytes
from mhealth.io.storage import Storage
from mhealth.paths import table_key
from mhealth.processed.encoding import open_writer
from mhealth.schema import SUBJECT, SUMMED
from mhealth.stage.metadata import Footer, footer_of

Integers = npt.NDArray[np.int64]

ROW_GROUP_ROWS = 256 * 1024
"""A subject's hour of data in one row group; about 60 MB in memory."""

_FOOTER_BYTES = 200
"""What a column of a row group takes in the footer, at most."""

WRITTEN_COLUMNS = (
    "key string, subject int, rows long, bytes long, ids_increase boolean, sums map<string, string>, etag string, "
    "footer binary, fault string"
)
"""The schema of what the sink returns: one row per file, or one with nothing but `fault`."""


@dataclass(frozen=True)
class WrittenFile:
    """A file of the table.

    `ids_increase`: whether its ids are the subject's and strictly increase. `sums`: the checksums of its values.
    `footer`: that of what was sent to the storage, which answered with `etag` (None where it does not tell one).
    """

    key: str
    subject: int
    rows: int
    bytes: int
    ids_increase: bool
    sums: Sums = field(default_factory=dict)
    etag: str | None = None
    footer: Footer = b""


@dataclass(frozen=True)
class ParquetSink:
    """Writes the rows of a Spark task, which come sorted by subject and time; callable for `DataFrame.mapInArrow`.

    `schema` is the table's; the rows also have `subject`, which names the folder. A file is closed before it would pass
    `max_file_bytes`.
    """

    data_uri: str
    snapshot_folder: str
    schema: pa.Schema
    max_file_bytes: int

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Write the batches; yield one row per file, and one with `fault` where the rows are refused."""
        try:
            for written in self._write(batches):
                yield _row({**asdict(written), "sums": list(written.sums.items())})
        except RowCountMismatch as error:
            # As a row: Spark makes a PythonException of an error, with its class in the text only.
            for _ in batches:
                pass  # mapInArrow wants its input read to the end.
            yield _row({"fault": str(error)})

    def _write(self, batches: Iterable[pa.RecordBatch]) -> Iterator[WrittenFile]:
        storage = storage_at(self.data_uri)
        seen: set[int] = set()
        files: _SubjectFiles | None = None
        with tempfile.TemporaryDirectory() as folder:
            for subject, rows in _by_subject(batches):
                if files is None or files.subject != subject:
                    if files is not None:
                        yield from files.finish()
                    if subject in seen:
                        raise RowCountMismatch(
                            f"rows of subject {subject} are not together: its files would be lost. Nothing was "
                            "registered or published. This is a fault of the job: keep its log and open an issue."
                        )
                    seen.add(subject)
                    files = _SubjectFiles(self, storage, Path(folder), subject)
                yield from files.add(rows)
            if files is not None:
                yield from files.finish()


_WRITTEN_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("subject", pa.int32()),
        ("rows", pa.int64()),
        ("bytes", pa.int64()),
        ("ids_increase", pa.bool_()),
        ("sums", pa.map_(pa.string(), pa.string())),
        ("etag", pa.string()),
        ("footer", pa.binary()),
        ("fault", pa.string()),
    ]
)


def _row(columns: Mapping[str, object]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([columns], _WRITTEN_SCHEMA)


def _by_subject(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, pa.Table]]:
    """Cut batches where the subject changes."""
    for batch in batches:
        subjects = batch.column(batch.schema.get_field_index(SUBJECT)).to_numpy()
        starts = [0, *(np.flatnonzero(np.diff(subjects)) + 1).tolist()] if len(subjects) else []
        for start, end in zip(starts, [*starts[1:], len(subjects)], strict=False):
            yield int(subjects[start]), pa.Table.from_batches([batch.slice(start, end - start)])


class _SubjectFiles:
    """The files of one subject: a next one begins where the size limit is reached."""

    def __init__(self, sink: ParquetSink, storage: Storage, folder: Path, subject: int) -> None:
        self.subject = subject
        self._sink = sink
        self._storage = storage
        self._path = folder / "part.parquet"
        self._part = 0
        self._writer: pq.ParquetWriter | None = None
        self._rows = 0
        self._size = 0
        self._largest_group = 0
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0
        self._waiting_bytes = 0
        self._ids = _IdCheck(subject)
        self._sums: Sums = {}

    def add(self, rows: pa.Table) -> Iterator[WrittenFile]:
        rows = rows.select(self._sink.schema.names).cast(self._sink.schema)
        self._waiting.append(rows)
        self._waiting_rows += rows.num_rows
        self._waiting_bytes += rows.nbytes
        if self._waiting_rows >= ROW_GROUP_ROWS or self._waiting_bytes >= self._sink.max_file_bytes:
            yield from self._write_groups()

    def finish(self) -> Iterator[WrittenFile]:
        if self._waiting_rows:
            yield from self._write_groups()
        if self._writer is not None:
            yield self._close(self._writer)

    def _write_groups(self) -> Iterator[WrittenFile]:
        table = pa.concat_tables(self._waiting)
        # More bytes in memory than a file may have are divided into groups, though they take less in the file.
        groups = -(-self._waiting_bytes // self._sink.max_file_bytes)
        size = -(-self._waiting_rows // groups)
        for start in range(0, self._waiting_rows, size):
            yield from self._write_group(table.slice(start, size))
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0

    def _write_group(self, table: pa.Table) -> Iterator[WrittenFile]:
        footer = _FOOTER_BYTES * len(table.schema)
        if self._writer is not None and self._size + self._largest_group > self._sink.max_file_bytes:
            yield self._close(self._writer)
        if self._writer is None:
            self._writer = open_writer(self._path, table)
            self._size = footer + footer_bytes(table.schema)
        before = self._path.stat().st_size
        samples = self._ids.add(table["id"])
        if samples is not None:
            self._sums = added([self._sums, self._sums_of(table, samples)])
        self._writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
        self._rows += table.num_rows
        written = self._path.stat().st_size - before + footer
        self._size += written
        self._largest_group = max(self._largest_group, written)

    def _sums_of(self, table: pa.Table, samples: Integers) -> Sums:
        parts: list[Sums] = []
        start = 0
        # Batch by batch: no copy, and a batch's columns stay in the cache of a core.
        for batch in table.select([name for name in table.schema.names if name in SUMMED]).to_batches():
            of_batch = samples[start : start + len(batch)]
            start += len(batch)
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            parts.append(sums_by_subject(np.full(len(batch), self.subject, np.int64), of_batch, columns)[self.subject])
        return added(parts)

    def _close(self, writer: pq.ParquetWriter) -> WrittenFile:
        writer.close()
        key = table_key(self._sink.snapshot_folder, self.subject, self._part)
        size, footer = self._path.stat().st_size, footer_of(self._path)
        etag = self._storage.upload(self._path, key)
        written = WrittenFile(key, self.subject, self._rows, size, self._ids.increase, self._sums, etag, footer)
        self._writer, self._rows, self._sums = None, 0, {}
        self._part += 1
        return written


class _IdCheck:
    """Checks that a subject's ids begin with it and strictly increase in the order written."""

    def __init__(self, subject: int) -> None:
        self._prefix = f"{subject}-"
        self._last = -1
        self.increase = True

    def add(self, ids: pa.ChunkedArray) -> Integers | None:
        """The numbers of the ids; None where one of them is not the subject's."""
        own = pc.all(pc.starts_with(ids, self._prefix)).as_py()
        digits = pc.utf8_slice_codeunits(ids, len(self._prefix))
        if not own or not pc.all(pc.ascii_is_decimal(digits)).as_py():
            self.increase = False
            return None
        numbers: Integers = np.concatenate([[self._last], digits.cast(pa.int64()).to_numpy()])
        self.increase = self.increase and bool((np.diff(numbers) > 0).all())
        self._last = int(numbers[-1])
        return numbers[1:]
