"""Whatever is tried for the files' format, the values stay."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.formats import RECIPES, Recipe, write
from benchmarks.reference import table_of
from mhealth_ops.kaggle.synthetic import COLUMNS, recording


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    path = tmp_path_factory.mktemp("raw") / "mHealth_subject1.csv"
    lines = [",".join(map(str, row.values())) for row in recording(1, 2000).to_pylist()]
    path.write_text("\n".join([",".join(COLUMNS), *lines]), encoding="utf-8")
    return table_of(path)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_recipe_keeps_every_value(recipe: Recipe, rows: pa.Table, tmp_path: Path) -> None:
    write(rows, tmp_path / "file.parquet", recipe)
    assert pq.ParquetFile(tmp_path / "file.parquet").read().equals(rows)


def encodings(path: Path, column: str) -> set[str]:
    group = pq.read_metadata(path).row_group(0)
    places = {group.column(place).path_in_schema: place for place in range(group.num_columns)}
    return set(group.column(places[column]).encodings)


def test_a_dictionary_is_for_columns_whose_values_repeat(rows: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    write(rows, path, Recipe("by share", dictionary="by share", share=0.5))
    assert "RLE_DICTIONARY" in encodings(path, "ankle_mag_x")
    assert "RLE_DICTIONARY" not in encodings(path, "ecg_1")
    assert "DELTA_BYTE_ARRAY" in encodings(path, "id")


def test_names_of_recipes_are_told_apart() -> None:
    assert len({recipe.name for recipe in RECIPES}) == len(RECIPES)
