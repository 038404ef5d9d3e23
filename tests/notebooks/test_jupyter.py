"""JupyterLab as `make notebook` starts it."""

from __future__ import annotations

import io
import json
import os
import urllib.request
from pathlib import Path
from typing import Never

import pytest
from rich.console import Console

from mhealth_ops.commands.target import Target
from mhealth_ops.local import notebook
from mhealth_ops.local.notebook import NotebookFailed, jupyter
from mhealth_ops.operations.errors import CannotReachAws


def test_it_opens_on_the_first_notebook_and_ends_with_its_block() -> None:
    pytest.importorskip("jupyterlab", reason="JupyterLab is not there: make notebook gets it")
    with jupyter({}) as (url, process):
        assert "/lab/tree/01_explore.ipynb?token=" in url
        address, _, token = url.partition("/lab/tree/01_explore.ipynb?")
        with urllib.request.urlopen(url) as page:
            assert page.status == 200
        with urllib.request.urlopen(f"{address}/api/contents?{token}") as listing:
            names = {entry["name"] for entry in json.load(listing)["content"]}
        assert {"01_explore.ipynb", "02_query_athena.ipynb", "03_pipeline.ipynb", "04_windows.ipynb"} <= names
    assert process.returncode == 0


def test_a_jupyter_that_does_not_start_is_told(tmp_path: Path) -> None:
    (tmp_path / "jupyterlab.py").write_text("raise SystemExit(3)")
    with (
        pytest.raises(NotebookFailed, match="Jupyter ended immediately, with exit status 3"),
        jupyter({"PYTHONPATH": str(tmp_path)}),
    ):
        pass


def test_without_credentials_nothing_is_started_for_a_stack_on_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    def started(_: dict[str, str]) -> Never:
        raise AssertionError("Jupyter was started")

    monkeypatch.setattr(notebook, "jupyter", started)
    for name in {each for each in os.environ if each.startswith("AWS_")}:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",  # the notebooks do not look for a deployed stack there
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    target = Target(on_aws=True, stack="mhealth", region="eu-central-1", profile="", endpoint="")
    with pytest.raises(CannotReachAws, match=r"No valid AWS credentials .* Log in \(aws sso login"):
        notebook.run(Console(file=io.StringIO()), target, "synthetic")
    assert "AWS_ENDPOINT_URL" not in os.environ
