"""Operations on a stack: a new column, a backfill, a pinned version, a rollback, and their effect on the next run.

Two recordings change. Those beside them, one in each layout that is met in the wild, stay as they are.
"""

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

from . import mixture, sources
from .conftest import World
from .project import Project, deployed, update

pytestmark = [pytest.mark.local_aws, pytest.mark.story]

ROWS = (120, 110)
OTHERS = len(mixture.READERS) * mixture.ROWS + mixture.SOMEBODYS_ROWS
"""The samples of the recordings that no test of this story changes."""
HANDLE = "nirmalsankalana/mhealth-dataset-data-set"
"""The dataset of the parameter SourceUri by default."""
ALIAS = 'yield f"{ecg}{lead}{number}", f"ecg_'
"""The begin of the line in column_names.py by which a lead of the ECG is found under another name."""
COLUMN_NAMES = "lambda_ingest/ingest/column_names.py"
RIGHT, EXCHANGED = f'{ALIAS}{{number}}"', f'{ALIAS}{{3 - int(number)}}"'


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("life")


@pytest.fixture(scope="module")
def project(place: Path) -> Project:
    """The project as it was before docs/tutorial.md, whoever has followed that; one of its aliases is wrong."""
    project = Project.copied(place / "project")
    tutorial.take_back(project.folder)
    project.edit(COLUMN_NAMES, RIGHT, EXCHANGED)
    project.leave_out_the_report()
    return project


@pytest.fixture(scope="module")
def dataset(place: Path) -> Path:
    """Of one subject every sample is of walking."""
    _, second = write_dataset(place / "dataset", rows=ROWS)
    second.write_text(re.sub(r"\d+$", "4", second.read_text(), flags=re.MULTILINE))
    return place / "dataset"


@pytest.fixture(scope="module")
def others(dataset: Path) -> tuple[list[sources.Row], dict[str, float]]:
    """What `mixture.written` returns of the recordings beside the two."""
    return mixture.written(dataset)


@pytest.fixture(scope="module")
def kaggle(dataset: Path, place: Path) -> Iterator[KaggleApi]:
    with KaggleApi(dataset, place / "archives") as kaggle:
        yield kaggle


@pytest.fixture(scope="module")
def running(
    project: Project, dataset: Path, others: object, place: Path, kaggle: KaggleApi
) -> Iterator[tuple[World, LocalAws]]:
    with deployed(project, dataset, place / "world") as running:
        running[1].world.function_environment.update(kaggle.environment)  # type: ignore[attr-defined] - it is a dictionary
        yield running


def counts(world: World) -> dict[int, int]:
    """The samples of the two recordings that change."""
    rows = world.query("SELECT subject, count(*) AS samples FROM mhealth WHERE subject < 3 GROUP BY subject")
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
    samples = world.query("SELECT accel_x, accel_y, accel_z, accel_magnitude FROM mhealth WHERE subject < 3")
    assert len(samples) == sum(ROWS)
    for sample in samples:
        length = sum(float(sample[f"accel_{axis}"]) ** 2 for axis in "xyz") ** 0.5
        assert float(sample["accel_magnitude"]) == pytest.approx(length)
    walking = world.query(world.named_query("WalkingMinutes").replace("subject = 3 ", "subject = 2 "))
    assert walking
    assert all(float(row["mean_acceleration"]) > 0 for row in walking)

    # The old snapshot has no such column in its files, and can be read all the same.
    old = world.query(f"SELECT id, accel_magnitude FROM mhealth_snapshots WHERE snapshot = {before['snapshot']}")
    assert len(old) == sum(ROWS) + OTHERS
    assert {row["accel_magnitude"] for row in old} == {""}


def test_a_corrected_alias_reaches_the_table_though_the_data_are_the_same(
    world: World, aws: LocalAws, project: Project, others: tuple[list[sources.Row], dict[str, float]]
) -> None:
    rows, values = others
    assert mixture.means(world) == values | {"ecg_1": values["ecg_2"], "ecg_2": values["ecg_1"]}
    project.edit(COLUMN_NAMES, EXCHANGED, RIGHT)
    update(aws, project)
    output = world.publish()
    assert (output["rows"], output["raw_version"]) == (sum(ROWS) + OTHERS, 1)
    assert mixture.means(world) == values
    somebodys = f"SELECT count(*) AS rows, min(id) AS first FROM mhealth WHERE subject = {mixture.SOMEBODY}"
    assert world.query(somebodys) == [{"rows": "100", "first": "6-0000000"}]
    # In a mixture of layouts every value is the source's.
    mixed = f"SELECT * FROM mhealth WHERE subject BETWEEN {mixture.FIRST} AND {mixture.SOMEBODY - 1}"
    assert sources.of_table(world.query(mixed)) == rows


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
    runs = world.job_runs()
    execution = world.execute()
    assert world.job_runs() == runs
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
