"""The three notebooks, executed in order against one local AWS as `make notebook` starts it, on a small dataset."""

from __future__ import annotations

import io
import math
import os
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from mhealth_ops.kaggle.synthetic import write_dataset
from mhealth_ops.local.notebook import damage, published_stack
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


@dataclass(frozen=True)
class Seen:
    """What the notebooks showed, and what the source files say."""

    explore: Executed
    query: Executed
    pipeline: Executed
    labels: dict[int, list[int]]
    movement: dict[int, float]
    """Of the right lower arm of the subject, in each activity, m/s2."""
    reported: str

    @property
    def notebooks(self) -> tuple[Executed, ...]:
        return self.explore, self.query, self.pipeline


def movement(source: Path) -> dict[int, float]:
    """How far the acceleration of the right lower arm strays from its mean, for each label of a source file."""
    found: dict[int, list[tuple[float, ...]]] = {}
    for line in source.read_text().splitlines():
        fields = line.split("\t")
        found.setdefault(int(fields[23]), []).append(tuple(map(float, fields[14:17])))
    return {label: math.sqrt(sum(map(statistics.variance, zip(*lines, strict=True)))) for label, lines in found.items()}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("notebooks")
    files = write_dataset(folder / "dataset", rows=ROWS)
    labels = {
        subject: [int(line.rpartition("\t")[2]) for line in path.read_text().splitlines()]
        for subject, path in enumerate(files, start=1)
    }
    moved = movement(files[SUBJECT - 1])
    reported = io.StringIO()
    before = dict(os.environ)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        try:
            with published_stack(Console(file=reported, width=150), str(folder / "dataset")) as environment:
                environment = before | environment | {"STACK_ON": "local", "MPLCONFIGDIR": str(folder)}
                explore = execute("01_explore.ipynb", environment)
                query = execute("02_query_athena.ipynb", environment)
                damage(folder / "dataset")
                pipeline = execute("03_pipeline.ipynb", environment)
        finally:
            os.environ.clear()
            os.environ.update(before)
    return Seen(explore, query, pipeline, labels, moved, reported.getvalue())


def test_every_code_cell_ran_and_none_complained(seen: Seen) -> None:
    for notebook in seen.notebooks:
        assert [cell.execution_count for cell in notebook.cells] == list(range(1, len(notebook.cells) + 1))
        assert {output.output_type for output in notebook.outputs} <= {"stream", "display_data", "execute_result"}
        complaints = [output.text for output in notebook.outputs if output.get("name") == "stderr"]
        assert complaints == []


def test_every_picture_was_drawn_with_title_and_units(seen: Seen) -> None:
    assert [notebook.pictures for notebook in seen.notebooks] == [5, 6, 1]
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


def test_the_start_tells_each_step_and_that_the_data_are_no_persons(seen: Seen) -> None:
    assert "PublishSnapshot" in seen.reported
    for notebook in seen.notebooks:
        assert "on the local AWS at http://127.0.0.1:" in notebook.text
