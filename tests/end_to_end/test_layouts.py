"""Every layout that is met in the wild, from the source files to the rows that Athena answers with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local_aws.server import LocalAws
from mhealth_ops.kaggle.synthetic import Layout, write_dataset

from . import sources
from .conftest import World
from .project import Project, deployed, update

pytestmark = pytest.mark.local_aws

ROWS = (1500, 1100, 900)
ALIAS = 'yield f"{ecg}{lead}{number}", f"ecg_'
"""The begin of the line in column_names.py by which a lead of the ECG is found under another name."""
RIGHT, EXCHANGED = f'{ALIAS}{{number}}"', f'{ALIAS}{{3 - int(number)}}"'

Read = Callable[[Path], list[sources.Row]]


def of_one_csv(folder: Path) -> list[sources.Row]:
    return sources.of_one_csv(folder / "mhealth_raw_data.csv")


READERS: dict[Layout, Read] = {
    "spaces": sources.of_logs,
    "csv": sources.of_csvs_with_header,
    "one_csv": of_one_csv,
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("layouts") / "dataset"


@pytest.fixture(scope="module")
def deployment(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, LocalAws, Project]]:
    dataset.mkdir()
    folder = tmp_path_factory.mktemp("layouts-home")
    project = Project.copied(folder / "project")
    with deployed(project, dataset, folder / "world") as (world, aws):
        yield world, aws, project


@pytest.fixture(scope="module")
def world(deployment: tuple[World, LocalAws, Project]) -> World:
    return deployment[0]


def _by_somebody(name: str) -> str:
    """A table's sensor under a name that nobody agreed on, as public repositories have it."""
    spelled = f"chest_{name}" if name.startswith("accel") else name
    for ours, theirs in {"accel": "acc", "ecg_": "ecg_lead", "mag": "magn", "ankle": "left_ankle"}.items():
        spelled = spelled.replace(ours, theirs)
    return spelled.replace("arm_", "right_lower_arm_")


def _write_by_somebody(folder: Path) -> dict[str, float]:
    """Recordings 4 to 6 of 100 equal lines, by tabs, in an order of their own behind an index; each sensor's value."""
    folder.mkdir()
    values = {name: place + 0.5 for place, name in enumerate(sources.NAMES)}
    header = ["Unnamed: 0", "activity_label", *map(_by_somebody, reversed(values))]
    line = ["4", *map(str, reversed(values.values()))]
    rows = ["\t".join([str(sample), *line]) for sample in range(100)]
    for subject in (4, 5, 6):
        (folder / f"mHealth_subject{subject}.log").write_text("\n".join(["\t".join(header), *rows]) + "\n")
    return values


MEANS = ", ".join(f"sum({name}) / count(*) AS {name}" for name in sources.NAMES)


def means(world: World) -> dict[str, float]:
    """The mean of each sensor in the recordings of somebody."""
    (answer,) = world.query(f"SELECT {MEANS} FROM mhealth WHERE subject > 3")
    return {name: float(value) for name, value in answer.items()}


def written(dataset: Path) -> tuple[list[sources.Row], dict[str, float]]:
    """Every layout in one dataset: the rows of the first three recordings, and the means of the others.

    The first is a log with spaces, the second a csv, the third in a csv for everyone, the others somebody's own.
    """
    expected: list[sources.Row] = []
    for subject, (layout, read) in enumerate(READERS.items(), start=1):
        folder = dataset / layout
        paths = write_dataset(folder, rows=ROWS, layout=layout)
        for path in paths:
            if layout != "one_csv" and path != paths[subject - 1]:
                path.unlink()
        if layout == "one_csv":
            header, *lines = paths[0].read_text().splitlines(keepends=True)
            own = [line for line in lines if line.rstrip().endswith(f"subject{subject}")]
            paths[0].write_text("".join([header, *own]))
        expected += read(folder)
    assert len(expected) == sum(ROWS)
    return sorted(expected), _write_by_somebody(dataset / "somebody")


def test_every_value_is_the_sources_in_any_mixture_and_a_corrected_alias_reaches_the_table(
    deployment: tuple[World, LocalAws, Project], dataset: Path
) -> None:
    world, aws, project = deployment
    expected, values = written(dataset)
    # Of the aliases that are deployed one is wrong.
    project.edit("lambda_ingest/ingest/column_names.py", RIGHT, EXCHANGED)
    update(aws, project)
    assert world.publish()["rows"] == sum(ROWS) + 300
    assert means(world) == values | {"ecg_1": values["ecg_2"], "ecg_2": values["ecg_1"]}
    # Corrected, it reaches the table though the data are the same.
    project.edit("lambda_ingest/ingest/column_names.py", EXCHANGED, RIGHT)
    update(aws, project)
    output = world.publish()
    assert (output["rows"], output["raw_version"]) == (sum(ROWS) + 300, 1)
    assert means(world) == values
    counted = world.query("SELECT subject, count(*) AS rows, min(id) AS first FROM mhealth GROUP BY 1 ORDER BY 1")
    assert [tuple(one.values()) for one in counted[3:]] == [(f"{n}", "100", f"{n}-0000000") for n in (4, 5, 6)]
    assert sources.of_table(world.query("SELECT * FROM mhealth WHERE subject < 4")) == expected


@pytest.mark.drill
@pytest.mark.parametrize("layout", READERS)
def test_every_value_of_every_row_is_the_sources(layout: Layout, world: World, dataset: Path) -> None:
    # Each layout is the next version of one dataset: the world needs to start only once.
    shutil.rmtree(dataset)
    write_dataset(dataset, rows=ROWS, layout=layout)
    expected = READERS[layout](dataset)
    assert len(expected) == sum(ROWS)
    assert world.publish()["rows"] == sum(ROWS)
    assert sources.of_table(world.query("SELECT * FROM mhealth")) == expected
