"""Every layout that is met in the wild, from the source files to the rows that Athena answers with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local_aws.kaggle.synthetic import Layout, write_dataset

from . import sources
from .conftest import World, local_aws

pytestmark = pytest.mark.local_aws

ROWS = (1500, 1100, 900)

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
def world(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    dataset.mkdir()
    with local_aws(dataset, tmp_path_factory.mktemp("layouts-home")) as world:
        yield world


def test_every_value_of_every_row_is_the_sources_in_any_mixture(world: World, dataset: Path) -> None:
    """The first recording as a log with spaces, the second as a csv, the third in a csv for everyone."""
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
    assert world.publish()["rows"] == sum(ROWS)
    assert sources.of_table(world.query("SELECT * FROM mhealth")) == sorted(expected)


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
