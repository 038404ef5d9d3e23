"""Every change that a fault could make to a subject's values changes a sum."""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhealth.checksums import NOTHING, added, differing, sums_by_subject

Row = tuple[int, int, float | None, int]
ROWS: list[Row] = [(1, 0, 1.0, 0), (1, 1, 2.0, 3), (1, 2, -0.0, 3), (2, 0, 1.0, 0), (2, 5, None, 12)]


def sums_of(rows: list[Row]) -> dict[int, dict[str, str]]:
    subjects, samples, values, labels = zip(*rows, strict=True)
    columns = {"ecg_1": pa.array(values, pa.float64()), "label": pa.array(labels, pa.int32())}
    return sums_by_subject(np.array(subjects, np.int64), np.array(samples, np.int64), columns)


def test_the_sum_is_this_number() -> None:
    # By hand: (bits, upper half folded into the lower, plus one) times splitmix64 of the sample, modulo 2**64.
    mask = (1 << 64) - 1
    total = 0
    for sample, value in ((0, 1.0), (7, -9.8184)):
        weight = (sample * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) & mask
        weight = ((weight ^ (weight >> 30)) * 0xBF58476D1CE4E5B9) & mask
        weight = ((weight ^ (weight >> 27)) * 0x94D049BB133111EB) & mask
        weight ^= weight >> 31
        (bits,) = struct.unpack("<Q", struct.pack("<d", value))
        total += ((bits ^ (bits >> 32)) + 1) * weight
    assert sums_of([(3, 0, 1.0, 0), (3, 7, -9.8184, 0)])[3]["ecg_1"] == f"{total & mask:016x}"


@pytest.mark.notices("glue/mhealth/checksums.py", "words ^ (words >> np.uint64(31))", "np.ones_like(words)")
@pytest.mark.parametrize(
    ("changed", "columns"),
    [
        pytest.param([(1, 0, 2.0, 0), (1, 1, 1.0, 3), *ROWS[2:]], ["ecg_1"], id="two-values-swapped"),
        pytest.param([(1, 1, 1.0, 0), (1, 0, 2.0, 3), *ROWS[2:]], ["ecg_1", "label"], id="two-samples-swapped"),
        pytest.param([ROWS[0], ROWS[1], (1, 2, 0.0, 3), *ROWS[3:]], ["ecg_1"], id="another-sign-of-zero"),
        pytest.param([ROWS[0], ROWS[1], (1, 2, None, 3), *ROWS[3:]], ["ecg_1"], id="null-instead-of-zero"),
        pytest.param(ROWS[1:], ["ecg_1", "label"], id="a-row-lost"),
        pytest.param([ROWS[0], *ROWS], ["ecg_1", "label"], id="a-row-doubled"),
        pytest.param([*ROWS[:2], (2, 2, -0.0, 3), *ROWS[3:]], ["ecg_1", "label"], id="a-row-of-another-subject"),
        pytest.param([(1, 0, 1.0, 1), *ROWS[1:]], ["label"], id="another-label"),
    ],
)
def test_a_fault_changes_a_sum(changed: list[Row], columns: list[str]) -> None:
    assert differing(sums_of(ROWS)[1], sums_of(changed)[1]) == columns


def test_columns_that_changed_places_are_told() -> None:
    one, two = pa.array([1.0, 2.0]), pa.array([3.0, 4.0])
    subjects, samples = np.array([1, 1]), np.array([0, 1])
    right = sums_by_subject(subjects, samples, {"ecg_1": one, "ecg_2": two})
    wrong = sums_by_subject(subjects, samples, {"ecg_1": two, "ecg_2": one})
    assert differing(right[1], wrong[1]) == ["ecg_1", "ecg_2"]


def test_a_column_that_a_source_lacks_equals_one_that_is_null_throughout() -> None:
    null = sums_by_subject(np.array([1]), np.array([4]), {"ecg_1": pa.array([None], pa.float64())})
    assert null == {1: {"ecg_1": NOTHING}}
    assert differing({}, null[1]) == differing(null[1], {}) == []


_rows = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 10**7), st.none() | st.floats(allow_nan=False), st.integers(0, 12)),
    min_size=1,
    max_size=20,
)


@given(rows=_rows, cut=st.integers(0, 20), chance=st.randoms(use_true_random=False))
def test_neither_order_nor_parts_matter(rows: list[Row], cut: int, chance: object) -> None:
    whole = sums_of(rows)
    shuffled = sorted(rows, key=lambda _: chance.random())  # type: ignore[attr-defined]
    parts = [sums_of(part) for part in (shuffled[:cut], shuffled[cut:]) if part]
    for subject, sums in whole.items():
        assert added(part.get(subject, {}) for part in parts) == sums
