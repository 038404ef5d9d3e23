"""DuckDB: one COPY per file, one file per thread."""

# ruff: noqa: S608 - the SQL contains only this module's own names
from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from benchmarks.competitors.target import Target, subject_of


def convert(raw: Path, stage: Path, target: Target) -> None:
    """CSV to typed Parquet, with explicit types; not compressed, as it is read once."""
    types = ", ".join(f"'{name}': 'DOUBLE'" for name in target.sensors) + ", 'label': 'INTEGER'"

    def copy(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        connection.execute(
            f"COPY (FROM read_csv('{path}', header=true, auto_detect=false, delim=',', columns={{{types}}})) "
            f"TO '{stage}/{path.stem}.parquet' (FORMAT parquet, COMPRESSION uncompressed)"
        )

    _each(copy, raw.glob("*.csv"), target)


def transform(stage: Path, table: Path, target: Target) -> None:
    """Parquet to the table's files; the row number in the file is the sample."""
    names = ", ".join(f"'{name}'" for name in target.activities)

    def copy(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        subject = subject_of(path)
        made = {
            **{new: f'"{old}"' for old, new in target.renamed.items()},
            "id": f"concat('{subject}-', lpad(file_row_number::VARCHAR, {target.id_digits}, '0'))",
            "timestamp": f"make_timestamptz({target.start_micros} + file_row_number * {target.micros_per_sample})",
            "activity_id": "label",
            "activity": f"[{names}][label + 1]",
        }
        items = ", ".join(f'{made[name]} AS "{name}"' for name in target.columns)
        folder = table / f"subject={subject}"
        folder.mkdir()
        connection.execute(
            f"COPY (SELECT {items} FROM read_parquet('{path}', file_row_number=true)) "
            f"TO '{folder}/part-0.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL {target.zstd_level})"
        )

    _each(copy, stage.glob("*.parquet"), target)


def _each(work: Callable[[duckdb.DuckDBPyConnection, Path], None], paths: Iterable[Path], target: Target) -> None:
    with duckdb.connect(config={"threads": target.threads}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        with ThreadPoolExecutor(target.threads) as pool:
            list(pool.map(lambda path: work(connection.cursor(), path), sorted(paths)))
