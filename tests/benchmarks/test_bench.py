"""`make bench` on a tiny dataset: it races, compares, prints the tables, keeps the figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.implementations import IMPLEMENTATIONS
from benchmarks.places import JAVA_OPTIONS, RESULTS, ROOT, TRIALS
from local_aws.glue.cds_archive import java_options
from local_aws.glue.spark_runtime import own_runtime

pytestmark = pytest.mark.spark_process

QUICK = ("ours", "floor", "with_duckdb", "with_polars", "with_pandas")


def bench(*names: str) -> str:
    command = [sys.executable, "-m", "benchmarks", "bench", "--subjects", "2", "--rows", "600", "--rounds", "1"]
    done = subprocess.run(
        [*command, "--only", ",".join(names)],
        cwd=ROOT,
        # Java as the local AWS starts it: its seconds are no subject here.
        env={**os.environ, JAVA_OPTIONS: java_options(own_runtime())},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check(printed: str, names: tuple[str, ...]) -> None:
    figures = json.loads((TRIALS / "bench.json").read_text(encoding="utf-8"))
    assert (figures["files"], figures["rows"], figures["rounds"]) == (2, 1200, 1)
    assert set(figures["summary"]) == set(names)
    assert figures["compared"] == {
        name: "identical" if name != "ours" else "the reference of the comparison" for name in names
    }
    for name in names:
        (run,) = figures["runs"][name]
        assert figures["summary"][name]["both"] == pytest.approx(
            run["convert"]["seconds"] + run["transform"]["seconds"]
        )
        assert all(hop["bytes"] > 50_000 for hop in run.values())
        # What is over before the second look may have been seen while it was small, or not at all.
        assert all(hop["peak_bytes"] > 20e6 for hop in run.values() if hop["seconds"] > 1)
        assert f"| {IMPLEMENTATIONS[name].title}" in printed


def test_a_small_race_publishes_nothing() -> None:
    published = RESULTS / "bench.json"
    before = published.read_bytes() if published.exists() else None
    check(bench(*QUICK), QUICK)
    assert (published.read_bytes() if published.exists() else None) == before


@pytest.mark.parametrize(("options", "folder"), [("", "published"), ("-XX:TieredStopAtLevel=1", "trials")])
def test_figures_of_a_trial_with_other_options_of_java_are_never_published(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: str, folder: str
) -> None:
    from benchmarks import machine

    monkeypatch.setattr(machine, "RESULTS", tmp_path / "published")
    monkeypatch.setattr(machine, "TRIALS", tmp_path / "trials")
    if options:
        monkeypatch.setenv(JAVA_OPTIONS, options)
    assert machine.save("bench", {}, published=True) == tmp_path / folder / "bench.json"


@pytest.mark.drill
def test_every_way_makes_the_same_table() -> None:
    """By `pytest -m drill tests/benchmarks`: it is no guarantee, and `make bench` compares its ways each time."""
    printed = bench(*IMPLEMENTATIONS)
    check(printed, tuple(IMPLEMENTATIONS))
    assert "| both jobs against Spark as usually written" in printed


def test_a_wrong_table_ends_the_race_with_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from benchmarks import rounds

    (tmp_path / "ours" / "subject=1").mkdir(parents=True)
    (tmp_path / "ours" / "subject=1" / "part.parquet").touch()
    with pytest.raises(rounds.ResultsDiffer, match=r"DuckDB, a COPY per file \(with_duckdb\): subjects \[\]"):
        rounds._judged(IMPLEMENTATIONS["with_duckdb"], tmp_path / "ours", tmp_path)


def test_the_quick_ones_have_all_their_rounds_before_the_slow_ones_have_a_second() -> None:
    from benchmarks.rounds import turns

    names = tuple(IMPLEMENTATIONS)
    found = list(turns(3, names))
    assert found[: len(names)] == [(0, name) for name in names]
    assert found[len(names) :] == [
        *((1, name) for name in ("floor", "with_duckdb", "with_polars", "ours")),
        *((2, name) for name in ("with_duckdb", "with_polars", "ours", "floor")),
        (1, "spark_expert"),
    ]


def test_a_round_that_would_end_too_late_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from benchmarks import rounds
    from benchmarks.dataset import Dataset

    clock = iter(range(0, 10_000, 100))
    monkeypatch.setattr(rounds.time, "monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(rounds, "RACE_SECONDS", 350)
    monkeypatch.setattr(rounds, "_judged", lambda *_: "identical")
    monkeypatch.setattr(rounds.shutil, "rmtree", lambda _: None)
    hop = {"seconds": 50.0, "cpu_seconds": 1.0, "peak_bytes": 1, "bytes": 1}
    monkeypatch.setattr(rounds, "run_once", lambda *_: dict.fromkeys(rounds.HOPS, hop))
    runs, _ = rounds._race(Dataset, 9, ("ours", "with_duckdb"), tmp_path)  # type: ignore[arg-type]
    # Each look at the clock is 100 s later, and a run takes as long: at 300 s none is begun any more.
    assert {name: len(found) for name, found in runs.items()} == {"ours": 2, "with_duckdb": 2}
