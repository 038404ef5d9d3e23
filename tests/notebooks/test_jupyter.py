"""JupyterLab as `make notebook` starts it."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

from mhealth_ops.local.notebook import NotebookFailed, jupyter


def test_it_opens_on_the_first_notebook_and_ends_with_its_block() -> None:
    pytest.importorskip("jupyterlab", reason="JupyterLab is not there: make notebook gets it")
    with jupyter({}) as (url, process):
        assert "/lab/tree/01_explore.ipynb?token=" in url
        address, _, token = url.partition("/lab/tree/01_explore.ipynb?")
        with urllib.request.urlopen(url) as page:
            assert page.status == 200
        with urllib.request.urlopen(f"{address}/api/contents?{token}") as listing:
            names = {entry["name"] for entry in json.load(listing)["content"]}
        assert {"01_explore.ipynb", "02_query_athena.ipynb", "03_pipeline.ipynb"} <= names
    assert process.returncode == 0


def test_a_jupyter_that_does_not_start_is_told(tmp_path: Path) -> None:
    (tmp_path / "jupyterlab.py").write_text("raise SystemExit(3)")
    with (
        pytest.raises(NotebookFailed, match="Jupyter ended immediately, with exit status 3"),
        jupyter({"PYTHONPATH": str(tmp_path)}),
    ):
        pass
