"""Comparison of file formats for the table: encoding, compression, sizes; bytes and seconds of each."""

# ruff: noqa: S608 - SQL on files of this module
from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks import machine, markdown
from benchmarks.dataset import Shape, dataset
from benchmarks.places import CACHE
from benchmarks.reference import table_of
from mhealth.processed.sink import ParquetSink

NEW_SHARE = 0.25
"""The share of distinct values above which a dictionary of doubles saves nothing."""

Dictionary = Literal["all but keys", "none", "by share"]
_KEYS = ("id", "timestamp")


@dataclass(frozen=True)
class Recipe:
    """The settings of a file of the table.

    `dictionary`: for all columns but id and timestamp, for none, or for those with repeated values (`NEW_SHARE`).
    `delta`: id as DELTA_BYTE_ARRAY and timestamp as DELTA_BINARY_PACKED instead of plain.
    """

    name: str
    codec: str = "zstd"
    level: int = 3
    dictionary: Dictionary = "all but keys"
    share: float = NEW_SHARE
    delta: bool = True
    split: bool = False
    group_rows: int = 256 * 1024
    page_bytes: int = 1 << 20


_BASE = Recipe("base")
RECIPES: tuple[Recipe, ...] = (
    Recipe("dictionaries, zstd 1, plain keys", level=1, delta=False),
    Recipe("dictionaries, zstd 1", level=1),
    *(replace(_BASE, name=f"dictionaries, zstd {level}", level=level) for level in (2, 3, 6, 9, 12)),
    *(replace(_BASE, name=f"plain, zstd {level}", level=level, dictionary="none") for level in (1, 3, 6, 9, 12, 19)),
    *(
        replace(_BASE, name=f"dictionaries where values repeat, zstd {level}", level=level, dictionary="by share")
        for level in (1, 3, 4, 5, 6, 7, 8, 9, 12, 19)
    ),
    *(
        replace(_BASE, name=f"the same, zstd 6, new below {share:g}", level=6, dictionary="by share", share=share)
        for share in (0.15, 0.35, 0.45)
    ),
    Recipe("byte_stream_split, zstd 3", dictionary="none", split=True),
    Recipe("dictionaries, snappy", codec="snappy", level=0),
    *(
        replace(
            _BASE, name=f"by share, zstd 6, {size // 1024} KiB pages", level=6, dictionary="by share", page_bytes=size
        )
        for size in (128 << 10, 512 << 10, 4 << 20)
    ),
    *(
        replace(_BASE, name=f"by share, zstd 6, groups of {rows:,}", level=6, dictionary="by share", group_rows=rows)
        for rows in (32 * 1024, 64 * 1024, 128 * 1024)
    ),
)


def write(table: pa.Table, path: Path, recipe: Recipe) -> None:
    """Write one file with the settings."""
    delta = {"id": "DELTA_BYTE_ARRAY", "timestamp": "DELTA_BINARY_PACKED"} if recipe.delta else {}
    columns = [name for name in table.column_names if name not in _KEYS]
    if recipe.dictionary == "none":
        columns = ["activity"]
    elif recipe.dictionary == "by share":
        limit = recipe.share * table.num_rows
        columns = [name for name in columns if pc.count_distinct(table[name]).as_py() <= limit]
    doubles = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    pq.write_table(
        table,
        path,
        version="2.6",
        compression=recipe.codec,
        compression_level=recipe.level or None,
        use_dictionary=columns,
        dictionary_pagesize_limit=8 << 20,
        column_encoding={**delta, **(dict.fromkeys(doubles, "BYTE_STREAM_SPLIT") if recipe.split else {})} or None,
        row_group_size=recipe.group_rows,
        data_page_size=recipe.page_bytes,
        store_schema=False,
    )


def run(scale: int = 1, subjects: int | None = None, recipes: Sequence[Recipe] = RECIPES) -> dict[str, Any]:
    """Measure all settings on the first `subjects` subjects of a dataset (None: all)."""
    data = dataset(Shape(scale))
    files = data.csv_files[:subjects]
    folder = CACHE / "formats"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tables = [table_of(path) for path in files]
    csv_bytes = sum(path.stat().st_size for path in files)
    rows = sum(table.num_rows for table in tables)
    tried = []
    for recipe in recipes:
        tried.append(_try(recipe, tables, folder, csv_bytes))
        print(_line(tried[-1]), flush=True)
    figures = {
        **machine.about(),
        "scale": scale,
        "subjects": len(files),
        "rows": rows,
        "csv_bytes": csv_bytes,
        "as_the_job_writes": _of_the_job(tables, folder, csv_bytes),
        "recipes": tried,
        "columns": _by_column(tables[0]),
    }
    print(f"\n{recipes_table(figures)}\n\n{columns_table(figures)}")
    shutil.rmtree(folder, ignore_errors=True)
    machine.save("formats", figures, published=scale == 1 and subjects is None)
    return figures


def _try(recipe: Recipe, tables: Sequence[pa.Table], folder: Path, csv_bytes: int) -> dict[str, Any]:
    paths = [folder / f"{number}.parquet" for number in range(len(tables))]
    started = time.process_time()
    for table, path in zip(tables, paths, strict=True):
        write(table, path, recipe)
    write_cpu = time.process_time() - started
    size = sum(path.stat().st_size for path in paths)
    some, everything = _read_seconds(folder)
    for path in paths:
        path.unlink()
    return {
        **asdict(recipe),
        "bytes": size,
        "of_csv": round(size / csv_bytes, 4),
        "write_cpu_seconds": round(write_cpu, 2),
        "read_three_columns_seconds": some,
        "read_all_seconds": everything,
    }


def _read_seconds(folder: Path) -> tuple[float, float]:
    """The seconds of DuckDB with one thread for three columns and for all."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        files = f"read_parquet('{folder}/*.parquet')"
        found = []
        for columns in ("accel_x, accel_y, accel_z", "*"):
            best = 1e9
            for _ in range(2):
                started = time.perf_counter()
                connection.execute(f"SELECT max(hash(COLUMNS(*))) FROM (SELECT {columns} FROM {files})").fetchall()
                best = min(best, time.perf_counter() - started)
            found.append(round(best, 3))
    return found[0], found[1]


def _of_the_job(tables: Sequence[pa.Table], folder: Path, csv_bytes: int) -> dict[str, Any]:
    """The size of the file that job 2's sink writes for the same rows."""
    batches = []
    for number, table in enumerate(tables, start=1):
        named = table.append_column("subject", pa.array(np.full(table.num_rows, number, np.int32)))
        # The sink checks that an id belongs to its subject.
        ids = pc.replace_substring_regex(named["id"], "^[0-9]+-", f"{number}-")
        batches += named.set_column(0, "id", ids).to_batches(max_chunksize=32 * 1024)
    sink = ParquetSink(f"file://{folder}", "processed/snapshot=1/", tables[0].schema, 512 << 20)
    written = [row for batch in sink(iter(batches)) for row in batch.to_pylist()]
    size = sum(row["bytes"] for row in written)
    return {"files": len(written), "bytes": size, "of_csv": round(size / csv_bytes, 4)}


def _by_column(table: pa.Table) -> dict[str, dict[str, float]]:
    """Bytes per value of each column of one subject, by encoding and level, and the share of distinct values."""
    path = CACHE / "formats" / "column.parquet"
    found: dict[str, dict[str, float]] = {}
    for name in table.column_names:
        one = table.select([name])
        found[name] = {"distinct": round(pc.count_distinct(table[name]).as_py() / table.num_rows, 3)}
        for label, options in {
            "plain, zstd 3": {"compression_level": 3, "use_dictionary": False},
            "plain, zstd 9": {"compression_level": 9, "use_dictionary": False},
            "dictionary, zstd 3": {"compression_level": 3, "use_dictionary": True},
            "dictionary, zstd 9": {"compression_level": 9, "use_dictionary": True},
        }.items():
            pq.write_table(
                one, path, compression="zstd", store_schema=False, dictionary_pagesize_limit=8 << 20, **options
            )
            size = pq.read_metadata(path).row_group(0).column(0).total_compressed_size
            found[name][label] = round(size / table.num_rows, 3)
    return found


def recipes_table(figures: Mapping[str, Any]) -> str:
    """The measured settings as a Markdown table, the smallest first."""
    job = figures["as_the_job_writes"]
    rows = [
        (
            each["name"],
            f"{each['bytes'] / 1e6:.1f} MB",
            f"{each['of_csv']:.3f}",
            markdown.seconds(each["write_cpu_seconds"]),
            f"{each['read_three_columns_seconds']:.2f} s",
            f"{each['read_all_seconds']:.2f} s",
        )
        for each in sorted(figures["recipes"], key=lambda each: int(each["bytes"]))
    ]
    rows.append(("**as job 2 writes**", f"{job['bytes'] / 1e6:.1f} MB", f"{job['of_csv']:.3f}", "", "", ""))
    return markdown.table(("way to write", "bytes", "of the CSV", "write, CPU", "read three columns", "read all"), rows)


def columns_table(figures: Mapping[str, Any]) -> str:
    """Bytes per value by column and encoding, as a Markdown table."""
    found: Mapping[str, Mapping[str, float]] = figures["columns"]
    ways = [way for way in next(iter(found.values())) if way != "distinct"]
    rows = [
        (f"`{name}`", f"{each['distinct']:.1%}", *(f"{each[way]:.2f}" for way in ways)) for name, each in found.items()
    ]
    return markdown.table(("column", "distinct values", *ways), rows)


def _line(tried: dict[str, Any]) -> str:
    return (
        f"{tried['name']:48} {tried['bytes'] / 1e6:7.1f} MB {tried['of_csv']:.3f} of CSV, "
        f"write {tried['write_cpu_seconds']:5.1f} s CPU, read {tried['read_three_columns_seconds']:.2f} s / "
        f"{tried['read_all_seconds']:.2f} s"
    )
