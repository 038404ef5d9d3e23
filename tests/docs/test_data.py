"""docs/data.md: its steps for a new layout are taken as they stand, and its datasets are understood."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ingest import layouts
from mhealth_ops.kaggle.synthetic import Layout as SyntheticLayout
from mhealth_ops.kaggle.synthetic import write_dataset
from tests.input.whole_way import through_the_project

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "data.md").read_text()
ENTRY, TEST, SOURCE, REGISTERED, SOURCE_TEST = (
    textwrap.dedent(block) for block in re.findall(r"^ *```python\n(.+?)^ *```$", PAGE, re.M | re.S)
)
(LINES,) = re.findall(r"^```csv\n(.+?)^```$", PAGE, re.M | re.S)

PYTEST = [
    sys.executable,
    "-m",
    "pytest",
    "-n0",
    "-q",
    "-p",
    "no:cacheprovider",
    "-o",
    "addopts=--import-mode=importlib",
]
PYTEST += ["-W", "ignore::pytest.PytestUnknownMarkWarning"]  # markers of the suite, which is not copied


@pytest.mark.tests
def test_the_steps_for_a_new_layout_are_one_entry_and_one_test_that_passes(tmp_path: Path) -> None:
    for folder in ("lambda_ingest", "tests/lambda_ingest"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "conftest.py"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    code = tmp_path / "lambda_ingest" / "ingest" / "layouts.py"
    before, end, after = code.read_text().partition("\n)\n\n\n@dataclass(frozen=True)\nclass Recognised")
    assert end, "the end of LAYOUTS"
    tests = tmp_path / "tests" / "lambda_ingest" / "test_layouts.py"
    tests.write_text(f"{tests.read_text()}\n\n{TEST}")
    command = [*PYTEST, str(tests)]
    environment = {**os.environ, "PYTHONPATH": str(code.parents[1])}

    def pytest_says() -> str:
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        ).stdout.splitlines()[-1]

    assert re.match(r"1 failed, \d+ passed", pytest_says()), "the test fails where the entry is missing"
    code.write_text(f"{before}\n{textwrap.indent(ENTRY.rstrip(), '    ')},{end}{after}")
    assert re.match(r"\d+ passed", pytest_says())


@pytest.mark.tests
def test_the_steps_for_a_new_source_are_one_module_one_line_and_one_test_that_passes(tmp_path: Path) -> None:
    for folder in ("lambda_ingest", "tests/lambda_ingest"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "conftest.py"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    sources = tmp_path / "lambda_ingest" / "ingest" / "sources"
    test = tmp_path / "tests" / "lambda_ingest" / "sources" / "test_folder.py"
    test.write_text(SOURCE_TEST)
    command = [*PYTEST, str(test)]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "lambda_ingest")}

    def passes() -> bool:
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False).returncode == 0

    assert not passes(), "the test fails where the source is missing"
    (sources / "folder.py").write_text(SOURCE)
    registry = sources / "registry.py"
    before, start, after = registry.read_text().partition("from ingest.sources.kaggle import KaggleSource\n")
    assert start
    imported = f"from ingest.sources.folder import FolderSource\n{start}"
    after = after.replace('    "s3": S3Source,\n', f'    "s3": S3Source,\n{textwrap.indent(REGISTERED, "    ")}')
    registry.write_text(before + imported + after)
    assert passes()


def test_the_entry_is_all_that_function_and_job_need(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = eval(ENTRY, vars(layouts))
    monkeypatch.setattr(layouts, "LAYOUTS", (*layouts.LAYOUTS, entry))
    found = through_the_project("wrist_p07.csv", LINES.encode())
    assert (found.subject, found.function_lines, found.rejected) == (7, 2, [])
    values = [
        (row.subject, row.sample, row.label, *(struct.unpack("<d", value)[0] for value in row.values.values()))
        for row in found.rows
    ]
    assert values == [(7, 0, 4, 0.1, 9.8, 0.2), (7, 1, 4, 0.3, 9.6, 0.1)]


def test_a_layout_without_a_header_may_be_parted_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = ("arm_accel_x", "label", "arm_accel_y")
    entry = layouts.Layout("bare", "bare<N>.csv", columns, header=False, delimiters=(b",",))
    monkeypatch.setattr(layouts, "LAYOUTS", (*layouts.LAYOUTS, entry))
    found = through_the_project("mHealth_subject3.csv", b"0.5,4,0.25\n1.5,5,2.5\n")
    assert [(row.label, row.line) for row in found.rows] == [(4, 1), (5, 2)]


@pytest.mark.parametrize(
    ("handle", "written"),
    [
        ("nirmalsankalana/mhealth-dataset-data-set", "log"),
        ("gaurav2022/mobile-health", "one_csv"),
        ("nirmalsankalana/mhealth-dataset-data-set-csv", "csv"),
    ],
)
def test_each_copy_has_the_layout_that_the_page_says(handle: str, written: SyntheticLayout, tmp_path: Path) -> None:
    row = re.search(rf"^\| `{handle}`[^|]*\| (\w+) \| `([^`]+)`", PAGE, re.M)
    assert row
    file = write_dataset(tmp_path, rows=(30,), layout=written)[0]
    assert file.name == row[2].replace("<N>", "1")
    assert layouts.recognise(file.name, file.stem, file.read_bytes(), whole=True).layout == row[1]


def test_every_layout_is_on_the_page() -> None:
    assert all(f"| {layout.name} |" in PAGE for layout in layouts.LAYOUTS)
