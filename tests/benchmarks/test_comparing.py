"""What is told of two tables that are not the same."""

from __future__ import annotations

import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.comparing import compare

VALUES = [1.5, -9.8184, 0.009971]


def write(folder: Path, subject: int = 3, name: str = "part-0", codec: str = "zstd", **columns: pa.Array) -> Path:
    """A file of the table; returns the table's folder."""
    rows = {"id": pa.array(["3-0", "3-1", "3-2"]), "ecg_1": pa.array(VALUES), **columns}
    path = folder / f"subject={subject}" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(rows), path, compression=codec)
    return folder


@pytest.fixture
def expected(tmp_path: Path) -> Path:
    return write(tmp_path / "expected")


def test_equal_tables_are_the_same_to_the_bit(expected: Path, tmp_path: Path) -> None:
    comparison = compare(expected, write(tmp_path / "found"))
    assert (comparison.faults, comparison.values, comparison.summary()) == ([], 3, "identical")


def test_a_carelessly_parsed_double_is_counted(expected: Path, tmp_path: Path) -> None:
    near = [1.5, math.nextafter(-9.8184, 0), math.nextafter(math.nextafter(0.009971, 1), 1)]
    comparison = compare(expected, write(tmp_path / "found", ecg_1=pa.array(near)))
    assert comparison.faults == []
    assert comparison.summary() == "2 of 3 doubles differ by up to 2 units in the last place"


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"ecg_1": pa.array([1.5, -9.8185, 0.009971])}, "subject 3: 1 other values in ecg_1"),
        ({"ecg_1": pa.array([1.5, 9.8184, 0.009971])}, "subject 3: 1 other values in ecg_1"),
        ({"ecg_1": pa.array([1.5, None, 0.009971])}, "subject 3: other values or nulls in ecg_1"),
        ({"id": pa.array(["3-1", "3-0", "3-2"])}, "subject 3: other values in id"),
        ({"ecg_1": pa.array(VALUES, pa.float32())}, "subject 3: columns {'id': 'string', 'ecg_1': 'float'}"),
        ({"id": pa.array(["3-0"]), "ecg_1": pa.array([1.5])}, "subject 3: 1 rows, expected 3"),
    ],
    ids=["value", "sign", "null", "order", "type", "rows"],
)
def test_a_difference_is_told_with_its_subject(
    expected: Path, tmp_path: Path, columns: dict[str, pa.Array], fault: str
) -> None:
    (reported,) = compare(expected, write(tmp_path / "found", **columns)).faults
    assert reported.startswith(fault)


def test_an_absent_subject_is_told(expected: Path, tmp_path: Path) -> None:
    assert compare(expected, write(tmp_path / "found", subject=4)).faults == ["subjects [4], expected [3]"]


def test_more_than_one_file_for_a_subject_is_told(expected: Path, tmp_path: Path) -> None:
    one_row = {"id": pa.array(["3-0"]), "ecg_1": pa.array(VALUES[:1])}
    others = {"id": pa.array(["3-1", "3-2"]), "ecg_1": pa.array(VALUES[1:])}
    write(tmp_path / "found", **one_row)
    comparison = compare(expected, write(tmp_path / "found", name="part-1", **others))
    assert comparison.faults == ["subject 3 has 2 files, expected one"]


def test_another_compression_is_told(expected: Path, tmp_path: Path) -> None:
    comparison = compare(expected, write(tmp_path / "found", codec="snappy"))
    assert comparison.faults == ["subject 3: compression ['SNAPPY'], expected ZSTD"]


def test_a_column_that_only_the_project_makes_is_not_compared(tmp_path: Path) -> None:
    expected = write(tmp_path / "expected", accel_magnitude=pa.array(VALUES))
    found = write(tmp_path / "found")
    assert compare(expected, found, ("id", "ecg_1")).summary() == "identical"
    assert (
        compare(expected, found)
        .faults[0]
        .startswith("subject 3: columns {'id': 'string', 'ecg_1': 'double'}, expected")
    )
    (fault,) = compare(found, expected, ("id", "ecg_1")).faults
    assert "'accel_magnitude': 'double'}, expected" in fault


def test_a_column_that_the_project_lacks_is_told(tmp_path: Path) -> None:
    expected, found = write(tmp_path / "expected"), write(tmp_path / "found", ecg_2=pa.array(VALUES))
    (fault,) = compare(expected, found, ("id", "ecg_1", "ecg_2")).faults
    assert fault.endswith("expected {'id': 'string', 'ecg_1': 'double'}")
