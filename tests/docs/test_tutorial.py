"""docs/tutorial.md, done on a copy of the project: every diff applies, its test passes, the query shows the column."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local_aws.kaggle.synthetic import write_dataset
from tests.end_to_end.project import DEPLOYED, ROOT, Project, deployed

pytestmark = pytest.mark.local_aws

PAGE = (ROOT / "docs" / "tutorial.md").read_text()
DIFFS = re.findall(r"^```diff\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project with the page's diffs applied in their order."""
    project = Project.copied(tmp_path_factory.mktemp("tutorial"))
    shutil.copytree(ROOT / "tests", project.folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("local_aws", ".cache"):
        (project.folder / name).symlink_to(ROOT / name)
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, project.folder)
    for place, diff in enumerate(DIFFS):
        done = subprocess.run(
            ["git", "apply", "-"], cwd=project.folder, input=diff, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"diff {place + 1} of the page: {done.stderr}"
    return project


def test_it_touches_each_part_once() -> None:
    files = re.findall(r"^\+\+\+ b/(.+)$", "".join(DIFFS), re.MULTILINE)
    assert len(files) == len(set(files)) == len(DIFFS)
    assert {file.split("/")[0] for file in files} == {"cloudformation", "glue", "tests", "README.md"}
    assert set(DEPLOYED) >= {"cloudformation", "glue"}


def test_its_test_passes(changed: Project) -> None:
    (command,) = re.findall(r"^\$ uv run pytest (.+)$", PAGE, re.MULTILINE)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *shlex.split(command)],
        cwd=changed.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"^=* ?1 passed, \d+ deselected", done.stdout, re.MULTILINE), done.stdout


def test_the_query_shows_the_column(changed: Project, tmp_path: Path) -> None:
    write_dataset(tmp_path / "dataset", rows=(30, 20, 6000))
    with deployed(changed, tmp_path / "dataset", tmp_path / "world") as (world, _):
        world.publish()
        rows = world.query("SELECT accel_x, accel_y, accel_z, accel_magnitude FROM mhealth WHERE subject = 1")
        walking = world.query(world.named_query("WalkingMinutes"))
    assert len(rows) == 30
    for row in rows:
        length = sum(float(row[f"accel_{axis}"]) ** 2 for axis in "xyz") ** 0.5
        assert float(row["accel_magnitude"]) == pytest.approx(length)
    assert walking
    assert all(float(row["mean_acceleration"]) > 0 for row in walking)
