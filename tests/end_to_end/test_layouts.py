"""Every layout that is met in the wild, from the source files to the rows that Athena answers with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from local_aws.kaggle.synthetic import Layout, write_dataset

from . import sources
from .conftest import local_aws

ROWS = (1500, 1100, 900)


def of_one_csv(folder: Path) -> list[sources.Row]:
    return sources.of_one_csv(folder / "mhealth_raw_data.csv")


@pytest.mark.parametrize(
    ("layout", "read"),
    [
        pytest.param("spaces", sources.of_logs, id="logs separated by spaces"),
        pytest.param("one_csv", of_one_csv, id="one csv of 14 columns"),
        pytest.param("csv", sources.of_csvs_with_header, id="csv with a header per subject"),
    ],
)
def test_every_value_of_every_row_is_the_sources(
    layout: Layout, read: Callable[[Path], list[sources.Row]], tmp_path: Path
) -> None:
    dataset = tmp_path / "dataset"
    write_dataset(dataset, rows=ROWS, layout=layout)
    expected = read(dataset)
    assert len(expected) == sum(ROWS)
    with local_aws(dataset, tmp_path / "home") as world:
        assert world.publish()["rows"] == sum(ROWS)
        assert sources.of_table(world.query("SELECT * FROM mhealth")) == expected
