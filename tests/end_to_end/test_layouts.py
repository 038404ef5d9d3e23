"""Every layout by itself, from the source files to the rows that Athena answers with.

A mixture of them, and an alias that is corrected, are in test_stack_life.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mhealth_ops.kaggle.synthetic import Layout, write_dataset

from . import sources
from .conftest import World
from .mixture import READERS
from .project import hurried

pytestmark = [pytest.mark.local_aws, pytest.mark.drill]

ROWS = (1500, 1100, 900)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layouts") / "dataset"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def world(dataset: Path) -> Iterator[World]:
    with hurried(dataset, report=False) as world:
        yield world


@pytest.mark.parametrize("layout", READERS)
def test_every_value_of_every_row_is_the_sources(layout: Layout, world: World, dataset: Path) -> None:
    # Each layout is the next version of one dataset: the world needs to start only once.
    shutil.rmtree(dataset)
    write_dataset(dataset, rows=ROWS, layout=layout)
    expected = READERS[layout](dataset)
    assert len(expected) == sum(ROWS)
    assert world.publish()["rows"] == sum(ROWS)
    assert sources.of_table(world.query("SELECT * FROM mhealth")) == expected
