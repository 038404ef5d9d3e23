"""Every layout that is met in the wild, from the source files to the rows that Athena answers with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local_aws.kaggle.synthetic import Layout, write_dataset

from . import sources
from .conftest import World, local_aws

ROWS = (1500, 1100, 900)


def of_one_csv(folder: Path) -> list[sources.Row]:
    return sources.of_one_csv(folder / "mhealth_raw_data.csv")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("layouts") / "dataset"


@pytest.fixture(scope="module")
def world(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    dataset.mkdir()
    with local_aws(dataset, tmp_path_factory.mktemp("layouts-home")) as world:
        yield world


@pytest.mark.parametrize(
    ("layout", "read"),
    [
        pytest.param("spaces", sources.of_logs, id="logs separated by spaces"),
        pytest.param("one_csv", of_one_csv, id="one csv of 14 columns"),
        pytest.param("csv", sources.of_csvs_with_header, id="csv with a header per subject"),
    ],
)
def test_every_value_of_every_row_is_the_sources(
    layout: Layout, read: Callable[[Path], list[sources.Row]], world: World, dataset: Path
) -> None:
    # Each layout is the next version of one dataset: the world needs to start only once.
    shutil.rmtree(dataset)
    write_dataset(dataset, rows=ROWS, layout=layout)
    expected = read(dataset)
    assert len(expected) == sum(ROWS)
    assert world.publish()["rows"] == sum(ROWS)
    assert sources.of_table(world.query("SELECT * FROM mhealth")) == expected
