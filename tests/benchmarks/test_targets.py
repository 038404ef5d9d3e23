"""The targets' figures and verdicts, by hand."""

from __future__ import annotations

import pytest

from benchmarks.targets import TARGETS, targets_table, verdict

from .figures import FIGURES


def test_figures_are_ratios_within_one_measurement() -> None:
    found = {target.what.split(",")[0]: target.found(FIGURES) for target in TARGETS}
    assert found == {
        "both jobs against Polars": 2.0,
        "both jobs against DuckDB": 2.5,
        # Ours takes 40 CPU seconds more for the eight rows more, Polars 20.
        "CPU seconds per row against Polars": 2.0,
        "both jobs against Spark as its experts write it": 0.5,
        "both jobs against Spark as usually written": 0.3,
        "2": 30.0,
        "peak memory of a job's process tree": 1.1,
        "seconds per row": 1.1,
        "Parquet bytes against CSV bytes": 0.39,
        "bytes scanned for three columns of one subject of ten": 0.004,
        "one changed subject of 80 against the full run": 0.2,
        "ingest": 140.0,
    }


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (None, "not measured"),
        (1.5, "stretch met"),
        (1.501, "met"),
        (2.1, "met"),
        (2.101, "**missed**"),
    ],
)
def test_verdicts(figure: float | None, words: str) -> None:
    assert verdict(TARGETS[0], figure) == words


def test_the_table_tells_what_was_not_measured_and_by_what_it_is() -> None:
    lines = targets_table({name: found for name, found in FIGURES.items() if name != "ingest"}).splitlines()
    assert len(lines) == 2 + 13
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[6] == [
        "both jobs against Spark as usually written",
        *("0.30", "0.45", "0.33", "stretch met", "`bench`"),
    ]
    assert cells[14] == ["ingest, 1 file of 2 GB: peak memory", "", "300 MB", "150 MB", "not measured", "`ingest`"]


def test_a_target_that_is_younger_than_the_measurement_was_not_measured() -> None:
    older = {"bench": {**FIGURES["bench"], "larger": {}}}
    assert [target.found(older) for target in TARGETS if "without starts" in target.what] == [None]
