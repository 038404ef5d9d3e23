"""The inputs are what the function would have left, and no two files are alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import dataset as datasets
from benchmarks import template
from benchmarks.competitors.target import Target
from benchmarks.dataset import RAW_MANIFEST, Shape, bucket_for, dataset, one_source_file
from benchmarks.implementations import target_file
from benchmarks.reference import COMPARED, columns, table_of
from mhealth.io.connect import storage_at
from mhealth.raw.manifest import read_raw_version


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(datasets, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def test_every_subject_has_a_file_of_its_own(tmp_path: Path) -> None:
    made = dataset(Shape(scale=2, rows=(30, 20)))
    assert (made.rows, made.files) == (100, 4)
    version = read_raw_version(storage_at(f"file://{bucket_for(made, tmp_path / 'bucket')}"), RAW_MANIFEST)
    assert [(file.subject, file.lines) for file in version.files] == [(1, 30), (2, 20), (3, 30), (4, 20)]
    assert len({file.sha256 for file in version.files}) == 4
    contents = [(tmp_path / "bucket" / file.raw_key).read_text().splitlines() for file in version.files]
    assert [len(lines) for lines in contents] == [31, 21, 31, 21]
    assert {lines[0] for lines in contents} == {",".join(version.files[0].columns)}


def test_a_dataset_is_made_once(cache: Path) -> None:
    first = dataset(Shape(rows=(10,)))
    (file,) = first.csv_files
    made = file.stat().st_mtime_ns
    assert dataset(Shape(rows=(10,))) == first
    assert file.stat().st_mtime_ns == made
    dataset(Shape(rows=(11,)))
    assert len(list((cache / "datasets").iterdir())) == 2


def test_one_file_names_the_subject_in_each_row(tmp_path: Path) -> None:
    shape = Shape(rows=(3, 2), layout="one file")
    made = dataset(shape)
    version = read_raw_version(storage_at(f"file://{made.folder}"), RAW_MANIFEST)
    assert [(file.subject, file.lines, file.columns[-1]) for file in version.files] == [(None, 5, "subject")]
    lines = made.csv_files[0].read_text().splitlines()
    assert [line.rpartition(",")[2] for line in lines] == ["subject", *["subject1"] * 3, *["subject2"] * 2]
    source = one_source_file(tmp_path, shape).read_text().splitlines()
    assert source[0] == "alx,aly,alz,glx,gly,glz,arx,ary,arz,grx,gry,grz,Activity,subject"
    assert source[1:] == lines[1:]


def test_the_reference_makes_the_table_of_a_raw_file(tmp_path: Path) -> None:
    path = tmp_path / "mHealth_subject7.csv"
    path.write_text("chest_accel_x,label\n-9.8184,4\n", encoding="utf-8")
    with pytest.raises(KeyError, match="accel_y"):
        table_of(path)
    (made,) = dataset(Shape(rows=(3,))).csv_files
    rows = table_of(made).to_pylist()
    assert [row["id"] for row in rows] == ["1-0000000", "1-0000001", "1-0000002"]
    assert [row["timestamp"].isoformat() for row in rows][1:] == [
        "2014-01-01T00:00:00.020000+00:00",
        "2014-01-01T00:00:00.040000+00:00",
    ]
    first = made.read_text().splitlines()[1].split(",")
    assert rows[0]["accel_x"] == float(first[0])
    assert rows[0]["arm_mag_z"] == float(first[22])


def test_what_is_compared_is_every_column_that_each_way_makes() -> None:
    assert [*columns()][:3] == ["id", "timestamp", "accel_x"]
    assert [*columns()][-3:] == ["arm_mag_z", "activity_id", "activity"]
    assert len(columns()) == len(COMPARED) == 23 + 4


def test_a_column_that_the_template_has_besides_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    more = template.columns() | {"accel_magnitude": "double"}
    monkeypatch.setattr(template, "columns", lambda: more)
    assert "accel_magnitude" not in columns()
    assert "accel_magnitude" not in Target.read(target_file(tmp_path / "target.json")).columns
