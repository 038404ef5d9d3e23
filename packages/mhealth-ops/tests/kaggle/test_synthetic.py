"""The synthetic dataset has the real one's shape, and the same arguments make the same bytes."""

import hashlib
import itertools
import re
from collections import Counter
from pathlib import Path

import pytest

from mhealth_ops.kaggle.synthetic import ROWS, Layout, activity_rows, write_dataset

# Of the real dataset, counted there.
LABEL_TOTALS = [872550, *[30720] * 5, 28315, 29441, 29337, *[30720] * 3, 10342]

SMALL = (120, 90)


def rows(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text().splitlines()]


@pytest.mark.volume
def test_the_full_dataset_has_the_real_counts(tmp_path: Path) -> None:
    files = write_dataset(tmp_path)
    assert [path.name for path in files] == [f"mHealth_subject{number}.log" for number in range(1, 11)]
    labels: Counter[bytes] = Counter()
    size = 0
    for path, count in zip(
        files, (161280, 130561, 122112, 116736, 119808, 98304, 104448, 129024, 135168, 98304), strict=True
    ):
        content = path.read_bytes()
        size += len(content)
        lines = content.splitlines()
        assert len(lines) == count
        assert content.count(b"\t") == 23 * count
        labels.update(line.rpartition(b"\t")[2] for line in lines)
    assert [labels[str(label).encode()] for label in range(13)] == LABEL_TOTALS
    assert 170 < size / sum(ROWS) < 190
    assert size > 200e6


def test_each_activity_is_one_run_between_null_blocks(tmp_path: Path) -> None:
    (path, _) = write_dataset(tmp_path, rows=(3000, 3000))
    labels = [row[23] for row in rows(path)]
    runs = [labels[0], *(after for before, after in itertools.pairwise(labels) if after != before)]
    assert [label for label in runs if label != "0"] == [str(number) for number in range(1, 13)]
    assert runs.count("0") > 8


def test_activities_last_a_minute_or_a_number_of_repetitions() -> None:
    subjects = [activity_rows(subject, ROWS[subject - 1]) for subject in range(1, 11)]
    assert {one[0] for one in subjects} == {3072}
    assert len({one[5] for one in subjects}) > 1
    assert [sum(each) for each in zip(*subjects, strict=True)] == LABEL_TOTALS[1:]


def test_values_have_five_significant_digits(tmp_path: Path) -> None:
    (path, _) = write_dataset(tmp_path, rows=(2000, 10))
    values = [value for row in rows(path) for value in row[:23]]
    digits = [len(re.sub(r"^0*|e.*", "", re.sub(r"[-.]", "", value))) for value in values]
    assert max(digits) == 5
    assert sum(count == 5 for count in digits) > len(digits) / 2
    assert not [value for value in values if not re.fullmatch(r"-?\d+(\.\d+)?(e-\d\d)?", value)]


def test_the_same_seed_makes_the_same_bytes_and_each_subject_differs(tmp_path: Path) -> None:
    def digests(folder: str, seed: int) -> list[str]:
        files = write_dataset(tmp_path / folder, rows=SMALL, scale=3, seed=seed)
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]

    first = digests("a", 1)
    assert digests("b", 1) == first
    assert set(digests("c", 2)).isdisjoint(first)
    assert len(set(first)) == 6


def test_scale_goes_on_counting_subjects(tmp_path: Path) -> None:
    files = write_dataset(tmp_path, rows=SMALL, scale=2)
    assert [(path.name, len(rows(path))) for path in files] == [
        ("mHealth_subject1.log", 120),
        ("mHealth_subject2.log", 90),
        ("mHealth_subject3.log", 120),
        ("mHealth_subject4.log", 90),
    ]
    assert "no person was measured" in (tmp_path / "README.txt").read_text()
    assert "no person was measured" in (tmp_path / "SYNTHETIC.md").read_text()


@pytest.mark.parametrize("count", [0, 1, 12, 25, 26, 100])
def test_any_number_of_rows_can_be_made(count: int, tmp_path: Path) -> None:
    (path,) = write_dataset(tmp_path, rows=(count,))
    labels = {row[23] for row in rows(path)}
    assert len(rows(path)) == count
    assert len(labels) == 13 or count < 26


@pytest.mark.parametrize("layout", ["spaces", "csv", "one_csv"])
def test_other_layouts_hold_the_same_values(layout: Layout, tmp_path: Path) -> None:
    log, _ = write_dataset(tmp_path / "log", rows=SMALL)
    files = write_dataset(tmp_path / layout, rows=SMALL, layout=layout)
    lines = files[0].read_text().splitlines()
    expected = rows(log)
    if layout == "spaces":
        assert "\t" not in lines[0]
        assert [line.split() for line in lines] == expected
    elif layout == "csv":
        assert files[0].name == "mHealth_subject1.csv"
        assert lines[0].startswith("chest_accel_x,chest_accel_y,")
        assert lines[0].endswith(",arm_mag_z,label")
        assert [line.split(",") for line in lines[1:]] == expected
    else:
        assert [path.name for path in files] == ["mhealth_raw_data.csv"]
        assert lines[0] == "alx,aly,alz,glx,gly,glz,arx,ary,arz,grx,gry,grz,Activity,subject"
        assert len(lines) == 1 + sum(SMALL)
        # Columns 6-11, 15-20 and the label, as the real file takes them from the logs.
        assert [line.split(",") for line in lines[1:121]] == [
            [*row[5:11], *row[14:20], row[23], "subject1"] for row in expected
        ]
        assert lines[-1].endswith(",subject2")
