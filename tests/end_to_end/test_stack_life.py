"""Operations on a stack: a new column, a backfill, a pinned version, a rollback, and their effect on the next run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws.server import LocalAws
from mhealth_ops.kaggle.api import Fault, KaggleApi
from mhealth_ops.kaggle.synthetic import write_dataset
from tests.docs import tutorial

from .conftest import World
from .project import Project, deployed, update

pytestmark = [pytest.mark.local_aws, pytest.mark.story]

ROWS = (120, 110)
HANDLE = "nirmalsankalana/mhealth-dataset-data-set"
"""The dataset of the parameter SourceUri by default."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("life")


@pytest.fixture(scope="module")
def project(place: Path) -> Project:
    """The project as it was before docs/tutorial.md, whoever has followed that."""
    project = Project.copied(place / "project")
    tutorial.take_back(project.folder)
    project.leave_out_the_report()
    return project


@pytest.fixture(scope="module")
def dataset(place: Path) -> Path:
    """Of one subject every sample is of walking."""
    _, second = write_dataset(place / "dataset", rows=ROWS)
    second.write_text(re.sub(r"\d+$", "4", second.read_text(), flags=re.MULTILINE))
    return place / "dataset"


@pytest.fixture(scope="module")
def kaggle(dataset: Path, place: Path) -> Iterator[KaggleApi]:
    with KaggleApi(dataset, place / "archives") as kaggle:
        yield kaggle


@pytest.fixture(scope="module")
def running(project: Project, dataset: Path, place: Path, kaggle: KaggleApi) -> Iterator[tuple[World, LocalAws]]:
    with deployed(project, dataset, place / "world") as running:
        running[1].world.function_environment.update(kaggle.environment)  # type: ignore[attr-defined] - it is a dictionary
        yield running


def counts(world: World) -> dict[int, int]:
    rows = world.query("SELECT subject, count(*) AS samples FROM mhealth GROUP BY subject")
    return {int(row["subject"]): int(row["samples"]) for row in rows}


def cut(dataset: Path, subject: int, samples: int) -> None:
    """Leave the first `samples` of a recording: a new version of the dataset."""
    log = dataset / f"mHealth_subject{subject}.log"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:samples]))


def test_an_update_with_new_code_and_the_column_of_the_tutorial(world: World, aws: LocalAws, project: Project) -> None:
    before = world.publish()
    code = world.document("manifests/current.json")["code_version"]
    tutorial.follow(project.folder)
    update(aws, project)
    # The update alone changes nothing that readers see.
    assert world.published() == before["snapshot"]
    assert counts(world) == {1: 120, 2: 110}

    after = world.publish()
    assert after["raw_version"] == before["raw_version"]
    assert after["code_version"] != code
    rows = world.query("SELECT accel_x, accel_y, accel_z, accel_magnitude FROM mhealth")
    assert len(rows) == sum(ROWS)
    for row in rows:
        length = sum(float(row[f"accel_{axis}"]) ** 2 for axis in "xyz") ** 0.5
        assert float(row["accel_magnitude"]) == pytest.approx(length)
    walking = world.query(world.named_query("WalkingMinutes").replace("subject = 3 ", "subject = 2 "))
    assert walking
    assert all(float(row["mean_acceleration"]) > 0 for row in walking)

    # The old snapshot has no such column in its files, and can be read all the same.
    old = world.query(f"SELECT id, accel_magnitude FROM mhealth_snapshots WHERE snapshot = {before['snapshot']}")
    assert len(old) == sum(ROWS)
    assert {row["accel_magnitude"] for row in old} == {""}


def test_nothing_new_after_the_update(world: World) -> None:
    runs = world.job_runs()
    assert json.loads(world.execute()["output"])["outcome"] == "unchanged"
    assert world.job_runs() == runs


def test_a_backfill_publishes_an_older_version_and_stays(world: World, dataset: Path) -> None:
    cut(dataset, 2, 100)
    assert world.publish()["raw_version"] == 2
    assert counts(world) == {1: 120, 2: 100}

    cut(dataset, 1, 90)  # a third version, which no run has published
    backfill = world.publish(dataset_version=1)
    assert backfill["raw_version"] == 1
    assert counts(world) == {1: 120, 2: 110}
    current = world.document("manifests/current.json")
    assert (current["raw_version"], current["newest_version"]) == (1, 3)
    assert current["dataset_handle"] == HANDLE

    # The next scheduled run leaves it alone.
    execution = world.execute()
    output = json.loads(execution["output"])
    assert (output["outcome"], output["raw_version"]) == ("unchanged", 1)
    assert "was backfilled and stays" in output["message"]
    assert world.published() == backfill["snapshot"]


def test_a_backfill_stays_when_kaggle_withdraws_its_newest_version(world: World, kaggle: KaggleApi) -> None:
    backfill = world.published()
    withdrawn = {"ref": HANDLE, "currentVersionNumber": 2, "totalBytes": 1}
    kaggle.faults.append(Fault("GetDataset", status=200, body=withdrawn))
    output = json.loads(world.execute()["output"])
    assert (output["outcome"], output["raw_version"]) == ("unchanged", 1)
    assert kaggle.faults[0].times == 0
    assert world.published() == backfill


def test_a_rollback_stays_until_there_is_something_new(world: World) -> None:
    newest = world.published()
    older = sorted({int(row["snapshot"]) for row in world.query("SELECT DISTINCT snapshot FROM mhealth_snapshots")})[-2]
    assert older < newest
    world.query(world.named_query("RollBack").replace("YYYYMMDDHHMMSS", str(older)))
    assert counts(world) == {1: 120, 2: 100}, "from the backfill to the version before"
    assert json.loads(world.execute()["output"])["outcome"] == "unchanged"
    assert world.published() == older


def test_a_pin_ends_a_backfill_and_a_rollback(world: World, aws: LocalAws, project: Project) -> None:
    before = world.published()
    update(aws, project, SourceUri=f"kaggle://{HANDLE}/versions/2")
    pinned = world.publish()
    assert (pinned["raw_version"], world.published()) == (2, pinned["snapshot"])
    assert pinned["snapshot"] > before
    assert counts(world) == {1: 120, 2: 100}
    assert world.document("manifests/current.json")["dataset_handle"] == f"{HANDLE}/versions/2"


def test_without_the_pin_the_newest_version_is_published(world: World, aws: LocalAws, project: Project) -> None:
    # By the old name of the parameter, as a stack has it that is older than SourceUri.
    update(aws, project, SourceUri=f"kaggle://{HANDLE}", DatasetHandle=HANDLE)
    assert world.publish()["raw_version"] == 3
    assert counts(world) == {1: 90, 2: 100}
    snapshot = world.published()
    assert world.document(f"manifests/publications/{snapshot}.json")["dataset_handle"] == HANDLE


def test_a_wrong_execution_input_fails_by_name(world: World) -> None:
    before = world.published()
    execution = world.execute(dataset_version=99)
    assert (execution["status"], execution["error"]) == ("FAILED", "InvalidInput")
    assert "whose newest is 3" in execution["cause"]
    assert world.published() == before
