"""Comparison of two tables, file by file: names, types, order of rows, every bit of every value."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

_EVERYTHING = 1 << 62


@dataclass
class Comparison:
    """The differences to the expected table: `faults` as text, and doubles that are close to the expected ones.

    `last_bit`: the number of doubles that differ by at most `ulps` units in the last place, by column.
    """

    faults: list[str] = field(default_factory=list)
    last_bit: dict[str, int] = field(default_factory=dict)
    values: int = 0
    ulps: int = 0

    def summary(self) -> str:
        """The comparison as one line."""
        if self.faults:
            more = f" and {len(self.faults) - 3} more" if len(self.faults) > 3 else ""
            return f"{'; '.join(self.faults[:3])}{more}"
        if self.last_bit:
            differing = sum(self.last_bit.values())
            return f"{differing:,} of {self.values:,} doubles differ by up to {self.ulps} units in the last place"
        return "identical"


_NEAR = 8
"""The largest difference of an inexact parser, in units in the last place."""


def compare(expected: Path, found: Path, columns: Sequence[str] | None = None) -> Comparison:
    """Compare two folders of subject=N/*.parquet, in `columns` of the expected one (None: all)."""
    comparison = Comparison()
    left, right = _by_subject(expected), _by_subject(found)
    if left.keys() != right.keys():
        comparison.faults.append(f"subjects {sorted(right)[:20]}, expected {sorted(left)[:20]}")
        return comparison
    comparison.faults += [
        f"subject {subject} has {len(files)} files, expected one" for subject, files in right.items() if len(files) > 1
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for part in pool.map(lambda subject: _compared(subject, left[subject], right[subject], columns), sorted(left)):
            comparison.faults += part.faults
            comparison.values += part.values
            comparison.ulps = max(comparison.ulps, part.ulps)
            for name, count in part.last_bit.items():
                comparison.last_bit[name] = comparison.last_bit.get(name, 0) + count
    return comparison


def compare_tables(subject: int, expected: pa.Table, found: pa.Table) -> Comparison:
    """Compare the rows of one subject."""
    comparison = Comparison()
    wanted, got = _types(expected.schema), _types(found.schema)
    if wanted != got:
        comparison.faults.append(f"subject {subject}: columns {got}, expected {wanted}")
        return comparison
    if expected.num_rows != found.num_rows:
        comparison.faults.append(f"subject {subject}: {found.num_rows} rows, expected {expected.num_rows}")
        return comparison
    for name, kind in wanted.items():
        left, right = expected[name].combine_chunks(), found[name].combine_chunks()
        if kind == "double":
            _compare_doubles(comparison, subject, name, left, right)
        elif not left.equals(right.cast(left.type)):
            comparison.faults.append(f"subject {subject}: other values in {name}")
    return comparison


def _compare_doubles(comparison: Comparison, subject: int, name: str, left: pa.Array, right: pa.Array) -> None:
    comparison.values += len(left)
    if left.null_count or right.null_count:
        if not left.equals(right):
            comparison.faults.append(f"subject {subject}: other values or nulls in {name}")
        return
    one, other = left.to_numpy().view(np.int64), right.to_numpy().view(np.int64)
    if np.array_equal(one, other):
        return
    # Doubles of the same sign have the order of their bits: the difference is the number of doubles between them.
    same_sign = (one ^ other) >= 0
    apart = np.where(same_sign, np.abs(one - other), _EVERYTHING)
    if (largest := int(apart.max())) > _NEAR:
        comparison.faults.append(f"subject {subject}: {int((apart > _NEAR).sum())} other values in {name}")
        return
    comparison.ulps = max(comparison.ulps, largest)
    comparison.last_bit[name] = comparison.last_bit.get(name, 0) + int((apart > 0).sum())


def _compared(subject: int, left: Sequence[Path], right: Sequence[Path], columns: Sequence[str] | None) -> Comparison:
    comparison = compare_tables(subject, _read(left, columns), _read(right))
    for path in right:
        metadata = pq.read_metadata(path)
        codecs = {metadata.row_group(0).column(place).compression for place in range(metadata.num_columns)}
        if codecs != {"ZSTD"}:
            comparison.faults.append(f"subject {subject}: compression {sorted(codecs)}, expected ZSTD")
    return comparison


def _read(paths: Sequence[Path], columns: Sequence[str] | None = None) -> pa.Table:
    # One file at a time: a dataset reader would add subject as a column.
    return pa.concat_tables([pq.ParquetFile(path).read(columns) for path in paths])


def _types(schema: pa.Schema) -> Mapping[str, str]:
    """Names and types; a large_string is a string in Parquet."""
    return {field.name: str(field.type).replace("large_", "") for field in schema}


def _by_subject(folder: Path) -> dict[int, list[Path]]:
    found: dict[int, list[Path]] = {}
    for path in sorted(folder.glob("subject=*/*.parquet")):
        match = re.search(r"subject=(\d+)$", path.parent.name)
        assert match, path
        found.setdefault(int(match[1]), []).append(path)
    return found
