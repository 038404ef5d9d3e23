"""Whatever became of a dataset, its runs and its code: the table is what one run from nothing would make of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import seed as seeded
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from pyspark.sql import SparkSession

from tests.end_to_end import sources

from .daily_runs import DailyRuns, Step
from .history import History, Recording
from .seed import drill_seed


@pytest.fixture
def make(s3_spark: SparkSession, faulty: None, environment: None, tmp_path: Path) -> Callable[[], DailyRuns]:
    """Makes worlds, each with a bucket, a catalog and a dataset of its own."""
    numbers = itertools.count()
    return lambda: DailyRuns(s3_spark, tmp_path / str(next(numbers)))


@pytest.fixture
def history(make: Callable[[], DailyRuns]) -> Iterator[History]:
    history = History(make)
    history.begin()
    history.run(missing_allowed=False)
    yield history
    history.teardown()


@pytest.mark.notices("glue/mhealth/processed/planner.py", "if missing and not allow_missing:", "if False:")
@pytest.mark.notices("lambda_ingest/ingest/versions.py", "return bool(same and", "return bool(False and")
@pytest.mark.notices(
    "lambda_ingest/ingest/versions.py", 'bool(same and current["code_version"] == code_version and', "bool(same and"
)
@pytest.mark.notices("glue/mhealth/stage/planner.py", "metadata.made_from(file, code_version) and (", "(")
@pytest.mark.notices(
    "glue/mhealth/processed/planner.py", "inputs_beside_sources(old) != inputs_beside_sources(new)", "False"
)
def test_each_change_alone(history: History) -> None:
    history.run(missing_allowed=False)
    history.change(1, Recording(5, 30, bad=7))
    history.run(missing_allowed=False)
    history.add("mHealth_subject4", Recording(4, 20))
    history.run(missing_allowed=False)
    history.exchange(0, 2)
    history.run(missing_allowed=False)
    history.rename(3, "mHealth_subject04")
    history.run(missing_allowed=False)
    history.remove(0)
    history.run(missing_allowed=False)
    history.run(missing_allowed=True)
    history.deploy(2)
    history.run(missing_allowed=False)
    history.roll_back(0)
    history.run(missing_allowed=False)
    history.revert(1)
    history.run(missing_allowed=False)


@pytest.mark.many_runs
@pytest.mark.notices(
    "glue/mhealth/processed/retention.py",
    "there = {*snapshot_folders(storage, processed_prefix), *whole, *readers.recorded}",
    "there = {*whole, *readers.recorded}",
)
@pytest.mark.notices("lambda_ingest/ingest/landing.py", 'if entry["sha256"] == digest.hexdigest()', "if True")
def test_each_step_fails_once(history: History) -> None:
    for seed, step in enumerate(get_args(Step)):
        history.change(0, Recording(seed, 25))
        history.change(1, Recording(-seed, 22))
        history.run_that_ends(step, spared=1)
    history.revert(0)
    history.run(missing_allowed=False)


@pytest.mark.notices("glue/mhealth/processed/planner.py", "if same and _are_whole(", "if not same and _are_whole(")
@pytest.mark.notices("glue/mhealth/stage/planner.py", "if metadata and metadata.made_from(", "if False and (")
@pytest.mark.notices("lambda_ingest/ingest/landing.py", "_unchanged(file, earlier.get(file.name, [])) or", "None or")
@pytest.mark.parametrize("files", [12, pytest.param(80, marks=pytest.mark.drill)])
def test_one_changed_file_is_work_for_one(make: Callable[[], DailyRuns], files: int) -> None:
    daily = make()
    for subject in range(1, files + 1):
        (daily.dataset / f"mHealth_subject{subject}.log").write_text(Recording(subject, 3).text)
    first = daily.run()
    assert len(first.written("PutObject", "stage/")) == len(first.written("PutObject", "processed/")) == files
    (daily.dataset / "mHealth_subject7.log").write_text(Recording(7, 2).text)
    second = daily.run()
    snapshot = f"processed/snapshot={second.snapshot}/"
    assert second.written("PutObject", "raw/") == {"raw/version=2/mHealth_subject7.csv"}
    assert second.written("PutObject", "stage/") == {"stage/version=2/mHealth_subject7.parquet"}
    assert second.written("PutObject", snapshot) == {f"{snapshot}subject=7/part-00000.parquet"}
    assert len(second.written("CopyObject", snapshot)) == files - 1
    manifest = daily.document(f"manifests/snapshots/{second.snapshot}.json")
    assert [file["subject"] for file in manifest["files"] if not file["carried"]] == [7]
    assert daily.table() == sources.of_logs(daily.dataset)
    assert daily.run().outcome == "unchanged"
    daily.close()


@pytest.mark.many_runs
@pytest.mark.parametrize(("examples", "steps"), [(3, 12), pytest.param(6, 25, marks=pytest.mark.drill, id="long")])
def test_any_sequence(make: Callable[[], DailyRuns], drilled: Callable[..., None], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        seeded(drill_seed())(lambda: History(make)),
        settings=settings(max_examples=examples, stateful_step_count=steps),
    )
    seen = "the table is what one run from nothing makes of the files; unchanged files are carried"
    drilled(
        f"{steps} changes, deployments, runs that end well or badly, and rollbacks", examples, seen, unit="sequences"
    )
