"""The same seed gives the same table, another one another course; a drill that shows nothing, or a loss, fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.project import ROOT

DRILL = """
from hypothesis import given, settings, strategies as st
from tests.drill.seed import drawn

tried = []

def test_course(drilled):
    drilled("a drawn kill", drawn("kill", 1).randrange(10**9), "nothing is lost")

@settings(max_examples=20)
@given(number=st.integers(0, 10**9))
def test_numbers(number):
    tried.append(number)

def test_what_was_tried(drilled):
    drilled("the examples", sum(tried), "all alike", unit="in all")
"""
TWICE = """
import pytest

@pytest.mark.parametrize("times", [2, 3])
def test_one(drilled, times):
    drilled("a fault", times, "seen")
"""


def drill(folder: Path, text: str, seed: str = "") -> tuple[int, str]:
    """Run this as a drill; the exit code, and the table."""
    (folder / "test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(folder), "-p", "no:cacheprovider"]
    command += ["-p", "conftest", "-p", "tests.drill.table", "-q", str(folder / "test_it.py")]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "SEED": seed}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout[done.stdout.index("Drill with") :].rpartition("┘")[0]


@pytest.mark.tests
def test_a_seed_decides_the_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")  # which is where hypothesis would not take it
    code, table = drill(tmp_path, DRILL, "7")
    assert code == 0
    assert table.startswith("Drill with SEED=7 ")
    assert "20 examples" in table
    assert drill(tmp_path, DRILL, "7") == (0, table)
    other = drill(tmp_path, DRILL, "8")[1]
    for situation in ("a drawn kill", "the examples"):
        reported, otherwise = ([line for line in each.splitlines() if situation in line] for each in (table, other))
        assert len(reported) == 1
        assert reported != otherwise


@pytest.mark.tests
def test_without_a_seed_it_is_always_the_same_one(tmp_path: Path) -> None:
    code, table = drill(tmp_path, TWICE)
    assert code == 0
    assert table.startswith("Drill with SEED=20261124")
    (line,) = [line for line in table.splitlines() if "a fault" in line]
    assert "5 times" in line


@pytest.mark.tests
@pytest.mark.parametrize("text", [TWICE.replace('"seen"', '"seen", lost=1'), "def test_nothing(): pass"])
def test_a_drill_that_loses_or_shows_nothing_fails(tmp_path: Path, text: str) -> None:
    code, _ = drill(tmp_path, text)
    assert code == 1
