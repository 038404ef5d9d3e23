"""The four notebooks, executed in order against one local AWS, on a small dataset.

What `make notebook` does around them is here, too, but for the process of its local AWS, which is that of `make demo`
(tests/end_to_end/test_demo.py): here it is this process, which has a Spark already.
"""

from __future__ import annotations

import contextlib
import datetime
import io
import math
import os
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import numpy as np
import numpy.typing as npt
import pytest
from rich.console import Console

from mhealth_ops.kaggle.synthetic import write_dataset
from mhealth_ops.local import notebook as making
from mhealth_ops.local.stack import local_stack
from mhealth_ops.operations.queries import Column, Row, named_query, run_query
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.project import STACK
from tests.suite.kept import kept_spark
from tools.executing import Executed, execute

pytestmark = pytest.mark.local_aws

ROWS = (22_000, 20_000, 24_000)
SUBJECT = 3
"""The subject that the notebooks look at where there is one of this number."""

REASONS = [
    "23 fields, expected 24",
    "field 2 (chest_accel_y) is not a number: 'lost'",
    "field 24 (label) is not a whole number from 0 to 12: '99'",
]
"""Of the lines that `damage` breaks, at the quarters of the file."""

DAMAGED = (6000, 12000, 18000)
"""The sample numbers of these lines."""

SENSORS = ("", "ankle_", "arm_")
AXES = [
    f"{place}{kind}_{axis}"
    for place in SENSORS
    for kind in ("accel", "gyro", "mag")
    if place or kind == "accel"
    for axis in "xyz"
]
"""The axes in the order of the source files, where two leads of ECG are between the chest's and the ankle's."""


@dataclass(frozen=True)
class Seen:
    """What the notebooks showed, and what the source files say."""

    explore: Executed
    query: Executed
    pipeline: Executed
    windows: Executed
    recordings: dict[int, npt.NDArray[np.float64]]
    """The lines of each source file, as they were before the damage."""
    features: list[dict[str, str | None]]
    """The rows of the named query Windows, after the damage."""
    scanned: int
    """The bytes scanned by it."""
    labels: dict[int, list[int]]
    movement: dict[int, float]
    """Of the right lower arm of the subject, in each activity, m/s2."""
    reported: str

    @property
    def notebooks(self) -> tuple[Executed, ...]:
        return self.explore, self.query, self.pipeline, self.windows


def movement(source: Path) -> dict[int, float]:
    """How far the acceleration of the right lower arm strays from its mean, for each label of a source file."""
    found: dict[int, list[tuple[float, ...]]] = {}
    for line in source.read_text().splitlines():
        fields = line.split("\t")
        found.setdefault(int(fields[23]), []).append(tuple(map(float, fields[14:17])))
    return {label: math.sqrt(sum(map(statistics.variance, zip(*lines, strict=True)))) for label, lines in found.items()}


@contextlib.contextmanager
def local_aws(option: str, dataset: str) -> Iterator[str]:
    """The local AWS that `make notebook` asks for, in this process; its endpoint."""
    assert option == "--dataset"
    with local_stack(dataset, folder=Path("world").absolute(), spark=kept_spark()) as aws:
        yield aws.endpoint


def named(columns: tuple[Column, ...], row: Row) -> dict[str, str | None]:
    return dict(zip((column.name for column in columns), row, strict=True))


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("notebooks")
    files = write_dataset(folder / "dataset", rows=ROWS)
    labels = {
        subject: [int(line.rpartition("\t")[2]) for line in path.read_text().splitlines()]
        for subject, path in enumerate(files, start=1)
    }
    recordings = {subject: np.loadtxt(path, delimiter="\t") for subject, path in enumerate(files, start=1)}
    moved = movement(files[SUBJECT - 1])
    reported = io.StringIO()
    before = dict(os.environ)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(making, "local_aws", local_aws)
        try:
            with making.published_stack(Console(file=reported, width=150), str(folder / "dataset")) as environment:
                environment = before | environment | {"STACK_ON": "local", "MPLCONFIGDIR": str(folder)}
                explore = execute("01_explore.ipynb", environment)
                query = execute("02_query_athena.ipynb", environment)
                making.damage(folder / "dataset")
                pipeline = execute("03_pipeline.ipynb", environment)
                windows = execute("04_windows.ipynb", environment)
                stack = Stack.named(STACK, boto3.Session())
                answer = run_query(stack, named_query(stack, "Windows").statement)
                features = [named(answer.columns, row) for row in answer.rows]
        finally:
            os.environ.clear()
            os.environ.update(before)
    return Seen(
        explore, query, pipeline, windows, recordings, features, answer.scanned, labels, moved, reported.getvalue()
    )


def test_every_code_cell_ran_and_none_complained(seen: Seen) -> None:
    for notebook in seen.notebooks:
        assert [cell.execution_count for cell in notebook.cells] == list(range(1, len(notebook.cells) + 1))
        assert {output.output_type for output in notebook.outputs} <= {"stream", "display_data", "execute_result"}
        complaints = [output.text for output in notebook.outputs if output.get("name") == "stderr"]
        assert complaints == []


def test_every_picture_was_drawn_with_title_and_units(seen: Seen) -> None:
    assert [notebook.pictures for notebook in seen.notebooks] == [5, 6, 1, 2]
    for notebook in seen.notebooks:
        for cell in notebook.cells:
            if any("image/png" in output.get("data", {}) for output in cell.outputs):
                assert "set_title(" in cell.source, cell.source
                assert "set_xlabel(" in cell.source, cell.source
                assert "sign(figure," in cell.source, "a picture says what its data are"


def test_the_raw_recordings_are_counted(seen: Seen) -> None:
    assert seen.explore.found(r"Subject 3: ([\d,]+) lines, ([\d.]+) minutes, (\d+) unreadable") == (
        "24,000",
        "8.0",
        "0",
    )
    everybody = Counter(label for labels in seen.labels.values() for label in labels)
    share = everybody[0] / sum(ROWS)
    assert seen.explore.found(r"([\d.]+)% of ([\d.]+) minutes have no label") == (f"{100 * share:.1f}", "22.0")


def test_the_table_is_counted_by_activity_and_subject(seen: Seen) -> None:
    assert seen.query.found(r"subject 3 walking: (\d+) samples") == (str(seen.labels[3].count(4)),)
    assert "\n1|22,000\n2|20,000\n3|24,000\n" in seen.query.text
    everybody = Counter(label for labels in seen.labels.values() for label in labels)
    assert seen.query.row("11", "running") == ["3", f"{everybody[11] / 50 / 60:.1f}"]


def test_partition_and_columns_make_a_query_read_less(seen: Seen) -> None:
    read = {
        (columns, subjects): float(seen.query.row(f"{columns} column{'s' * (columns == 'three')}, {subjects}")[0])
        for columns in ("every", "three")
        for subjects in ("every subject", "one subject")
    }
    whole = read["every", "every subject"]
    # Subject 3 has 24 of 66 thousand rows; three columns of 27 hold about a seventh of the bytes.
    assert read["every", "one subject"] == pytest.approx(whole * 24 / 66, rel=0.1)
    assert whole / 10 < read["three", "every subject"] < whole / 5
    assert read["three", "one subject"] == pytest.approx(read["three", "every subject"] * 24 / 66, rel=0.1)
    assert "The earlier result was reused" in seen.query.text


def test_steps_are_found_in_the_ankles_spectrum(seen: Seen) -> None:
    # Columns: walking, jogging, running; so many steps a minute do people make.
    for aggregate in ("min", "median", "max"):
        walking, jogging, running = map(int, seen.query.row(aggregate))
        assert 100 < walking < 130
        assert 135 < jogging < 170
        assert 155 < running < 195


def test_ones_own_question_begins_with_how_an_arm_moves(seen: Seen) -> None:
    rows = [seen.query.row(activity)[0] for activity in ("standing still", "walking", "jump front and back")]
    assert rows == [f"{seen.movement[label]:.2f}" for label in (1, 4, 12)]
    assert seen.query.cells[-1].source.startswith("QUESTION = "), "what one changes comes first"


def test_the_run_publishes_and_the_lines_that_it_rejects_are_shown(seen: Seen) -> None:
    assert seen.pipeline.found(r"(\w+) after \d+ s: .*'outcome': '(\w+)'") == ("SUCCEEDED", "published")
    assert seen.pipeline.row("mHealth_subject3") == ["24,000", "23,997", "3"]
    assert seen.pipeline.row("mHealth_subject1") == ["22,000", "22,000", "0"]
    assert seen.pipeline.found(r"3 files, .*; (\d) of them carried over") == ("2",)
    assert seen.pipeline.found(r"(\d+) rejected lines below quarantine/version=(\d+)/") == ("3", "2")
    assert [seen.pipeline.row("mHealth_subject3.log", str(line))[0] for line in (6001, 12001, 18001)] == REASONS
    passed, checks = seen.pipeline.found(r"(\d+) of (\d+) checks passed")
    assert passed == checks


def test_readers_are_taken_back_and_forward_again(seen: Seen) -> None:
    (first,) = seen.pipeline.found(r"Snapshot (\d+) is published\. Its number")
    older, newer = seen.pipeline.found(r"Rolled back: snapshot (\d+) is published, not (\d+)\.")
    (forward,) = seen.pipeline.found(r"Forward again: snapshot (\d+) is published\.")
    assert older == first
    assert int(newer) > int(older)
    assert forward == newer
    # Rows of both in the table of snapshots: the newer one lacks the three lines.
    assert seen.pipeline.row(older)[0] == "66,000"
    assert seen.pipeline.row(newer)[0] == "65,997"


def test_every_feature_of_every_window_is_what_numpy_makes_of_the_source(seen: Seen) -> None:
    """Means and deviations to 1e-12 of the window's root mean square, energies to 1e-12 of themselves."""
    rows = iter(seen.features)
    for subject, lines in seen.recordings.items():
        windows = np.lib.stride_tricks.sliding_window_view(lines, 128, axis=0)[::64]
        gaps = DAMAGED if subject == SUBJECT else ()
        for number, window in enumerate(windows):
            if any(64 * number <= gap < 64 * number + 128 for gap in gaps):
                continue
            row = next(rows)
            samples = np.bincount(window[23].astype(int), minlength=13)
            start = datetime.datetime(2014, 1, 1) + number * datetime.timedelta(seconds=1.28)
            assert row["start"] == start.isoformat(" ", "milliseconds")
            assert [row[name] for name in ("subject", "window_number", "activity_id", "share")] == [
                *(str(subject), str(number), str(samples.argmax()), str(samples.max() / 128))
            ]
            axes = np.delete(window[:23], (3, 4), axis=0)
            energy = (axes * axes).mean(axis=1)
            found = np.array(
                [[float(row[f"{axis}_{name}"] or "nan") for axis in AXES] for name in ("mean", "std", "energy")]
            )
            off = np.abs(found - [axes.mean(axis=1), axes.std(axis=1), energy]) / [energy**0.5, energy**0.5, energy]
            assert off.max() < 1e-12, (subject, number, off)
            assert len(row) == 5 + 3 * len(AXES)
    assert list(rows) == []


def test_windows_that_are_left_out_are_counted(seen: Seen) -> None:
    # 344, 313 and 375 windows begin; the last one or two of a recording are too short; each damaged line is in two.
    at_the_end, with_a_gap, missing = seen.windows.found(r"left out: (\d+) that .*, (\d+) with a gap \((\d+) missing")
    assert (at_the_end, with_a_gap, missing) == ("5", "6", "3")
    assert seen.windows.row("1", "22000") == ["22000", "342", "2", "0"]
    assert seen.windows.row("3", "23997") == ["24000", "368", "1", "6"]


def test_the_model_leaves_out_the_null_class_and_each_subject_in_turn(seen: Seen) -> None:
    labels = [row["activity_id"] for row in seen.features]
    null, whole = seen.windows.found(r"([\d,]+) of ([\d,]+) windows \(.*\) have the null class: not in the model")
    assert (null, whole) == (f"{labels.count('0'):,}", f"{len(labels):,}")
    score, tested, columns = seen.windows.found(r"([\d.]+)% of ([\d,]+) windows are recognised, by (\d+) features")
    assert (tested, columns) == (f"{len(labels) - labels.count('0'):,}", "63")
    (wrong,) = seen.windows.found(r"([\d,]+) of [\d,]+ windows are wrong")
    assert score == f"{100 - 100 * int(wrong) / int(tested):.1f}"
    assert float(score) > 60, "twelve activities that differ this much"
    assert seen.windows.text.count("The data are synthetic: no score says anything about people.") == 3


def test_the_bytes_that_the_windows_cost_are_told(seen: Seen) -> None:
    assert seen.scanned > 1_000_000
    assert f"\n{len(seen.features):,} rows; {seen.scanned / 1e6:,.2f} MB scanned\n" in seen.windows.text


def test_the_start_tells_each_step_and_that_the_data_are_no_persons(seen: Seen) -> None:
    assert "PublishSnapshot" in seen.reported
    for notebook in seen.notebooks:
        assert "on the local AWS at http://127.0.0.1:" in notebook.text
