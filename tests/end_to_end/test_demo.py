"""`make demo` on a small dataset."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mhealth_ops.cli import app
from mhealth_ops.kaggle.synthetic import write_dataset
from tools.paths import ROOT

from .project import served

pytestmark = pytest.mark.local_aws

ROWS = (900, 800, 6000)
README = (ROOT / "README.md").read_text()


def form(shown: str) -> str:
    """What is printed of a run, without numbers, units, the bucket's name, and a narrow terminal's line breaks."""
    run = re.search(r"DownloadCSV.+named below", shown, re.DOTALL)
    assert run is not None, shown
    words = re.sub(r"\s+", "", run[0])
    return re.sub(r"\d[\d,.]*(?:[kM]?B)?", "N", re.sub(r"databucket-\w+", "databucket", words))


def demo(dataset: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mhealth_ops.cli", "demo", "--dataset", str(dataset)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=500)


def test_demo_shows_a_run_its_results_and_a_run_without_work(tmp_path: Path) -> None:
    write_dataset(tmp_path / "dataset", rows=ROWS)
    shown = demo(tmp_path / "dataset", tmp_path)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    reported = [line.split()[0] for line in shown.stdout.splitlines() if line.startswith("  ") and " s  " in line]
    assert reported == [
        "DownloadCSV",
        "ConvertParquet",
        "GlueTransform",
        "RefreshCatalog",
        "VerifySnapshot",
        "PublishSnapshot",
        "RecordSuccess",
        "WriteReport",
        "DownloadCSV",
        "CountForReaders",
    ]
    assert form(shown.stdout.split("\n2. ")[1]) == form(README.split("$ make demo\n")[1]), (
        "README.md shows another output"
    )
    assert "7,700 rows" in shown.stdout
    assert all(name in shown.stdout for name in ("RowsPerSubject", "WalkingMinutes", "MinutesPerActivity"))
    assert "without a Glue run" in shown.stdout
    assert "\x1b" not in shown.stdout, "colours belong on terminals"
    (report,) = (tmp_path / ".local-aws/demo/reports").glob("*.html")
    assert report.as_uri() in shown.stdout.replace("\n", "")
    kept = sorted(path.name for path in (tmp_path / ".local-aws/demo/processed").rglob("*.parquet"))
    assert kept == ["part-00000.parquet"] * 3


def test_demo_of_unusable_data_fails_with_the_named_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "README.txt").write_text("no recordings here")
    monkeypatch.setattr("mhealth_ops.local.demo.local_aws", functools.partial(served, folder=tmp_path / "world"))
    before = dict(os.environ)
    try:
        shown = CliRunner().invoke(app, ["demo", "--dataset", str(tmp_path / "dataset")])
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert isinstance(shown.exception, SystemExit)
    assert shown.exit_code == 1
    assert "The demo failed" in shown.stdout
    assert "NoUsableFiles" in shown.stdout
