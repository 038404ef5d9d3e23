"""The notebooks as they lie in git."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.executing import PATHS


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_outputs_are_stripped(path: Path) -> None:
    code = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"] is not None] == [], (
        f"{path.name} has outputs: make format strips them"
    )


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_one_variable_in_the_first_code_cell_says_where_the_stack_is(path: Path) -> None:
    sources = ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert 'STACK_ON = os.environ.get("STACK_ON", "local")' in sources[0].splitlines()
    assert "STACK_ON = " not in "\n".join(sources[1:])


def test_there_are_four() -> None:
    assert [path.name for path in PATHS] == [
        *("01_explore.ipynb", "02_query_athena.ipynb", "03_pipeline.ipynb", "04_windows.ipynb")
    ]
