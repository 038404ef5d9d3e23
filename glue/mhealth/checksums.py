"""Checksums of a subject's values, one per column: job 1 computes them when it parses, job 2 when it has written.

A checksum does not depend on the order of the rows. It depends on the bits and the sample number of each value, so it
changes where a value differs, is null, is lost or doubled, or belongs to another sample. Wrong values have the right
checksum with a probability of 2**-64.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Sums = Mapping[str, str]
"""Column name to checksum, 16 hexadecimal digits."""

_Words = npt.NDArray[np.uint64]

NOTHING = f"{0:016x}"
"""The checksum of a column that is null throughout, or of no rows."""

_MASK = (1 << 64) - 1


def sums_by_subject(
    subjects: npt.NDArray[np.int64], samples: npt.NDArray[np.int64], columns: Mapping[str, pa.Array]
) -> dict[int, dict[str, str]]:
    """The checksums of rows, by subject."""
    if not len(subjects):
        return {}
    order = None if (subjects == subjects[0]).all() else np.argsort(subjects, kind="stable")
    ordered = subjects if order is None else subjects[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))
    weights = _weights(samples)
    found: dict[int, dict[str, str]] = {int(ordered[start]): {} for start in starts}
    for name, values in columns.items():
        words = _words(values)
        words *= weights
        sums = np.add.reduceat(words if order is None else words[order], starts)
        for start, total in zip(starts, sums.tolist(), strict=True):
            found[int(ordered[start])][name] = f"{total:016x}"
    return found


def added(parts: Iterable[Sums]) -> dict[str, str]:
    """The checksums of several sets of rows together."""
    totals: dict[str, int] = {}
    for part in parts:
        for name, text in part.items():
            totals[name] = (totals.get(name, 0) + int(text, 16)) & _MASK
    return {name: f"{total:016x}" for name, total in totals.items()}


def differing(left: Sums, right: Sums) -> list[str]:
    """The columns whose checksums differ. A column that one side lacks counts as null throughout."""
    names = dict.fromkeys([*left, *right])
    return [name for name in names if left.get(name, NOTHING) != right.get(name, NOTHING)]


def _weights(samples: npt.NDArray[np.int64]) -> _Words:
    """A 64-bit hash of each sample number (the finaliser of splitmix64)."""
    words: _Words = samples.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _words(values: pa.Array) -> _Words:
    """The bits of each value, its upper half added to the lower one, which is 0 in round numbers; 0 for a null."""
    if values.null_count == len(values):
        return np.zeros(len(values), np.uint64)
    is_double = pa.types.is_floating(values.type)
    filled = pc.fill_null(values, 0) if values.null_count else values
    bits = filled.to_numpy(zero_copy_only=False).astype(np.float64 if is_double else np.int64, copy=False)
    words: _Words = bits.view(np.uint64) >> np.uint64(32)
    words ^= bits.view(np.uint64)
    words += np.uint64(1)  # so that a zero changes the checksum
    if values.null_count:
        words[values.is_null().to_numpy(zero_copy_only=False)] = 0
    return words
