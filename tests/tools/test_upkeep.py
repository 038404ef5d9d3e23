"""What GitHub runs, and what the hooks do to a file."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.checks import upkeep
from tools.checks.runner import CheckFailed
from tools.paths import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in yaml.safe_load(workflow.read_text())["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("file", [*WORKFLOWS, *ACTIONS], ids=lambda file: file.relative_to(ROOT).as_posix())
def test_actions_of_others_are_pinned_by_commit_and_tell_their_version(file: Path) -> None:
    used = re.findall(r"uses: (?!\./)(.+)", file.read_text())
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each) for each in used), used


def test_an_action_has_one_version() -> None:
    used = {each for file in [*WORKFLOWS, *ACTIONS] for each in re.findall(r"uses: (?!\./)(.+)", file.read_text())}
    assert len({each.partition("@")[0] for each in used}) == len(used)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.name)
def test_workflows_may_read_only_and_run_make_only(workflow: Path) -> None:
    reported = yaml.safe_load(workflow.read_text())
    assert reported["permissions"] == {"contents": "read"}
    assert reported["concurrency"]["group"]
    assert all("permissions" not in job for job in reported["jobs"].values())
    run = [step["run"] for step in steps(workflow) if "run" in step]
    assert [re.fullmatch(r"make ([a-z0-9-]+)(?: [A-Z]+=\S.*)?", line) is not None for line in run] == [True] * len(
        reported["jobs"]
    )
    assert {line.split()[1] for line in run} <= TARGETS


def test_together_they_run_every_proof() -> None:
    run = {step["run"].split()[1] for workflow in WORKFLOWS for step in steps(workflow) if "run" in step}
    assert run == {
        "test",
        "test-clients",
        "test-order",
        "test-trino",
        "drill",
        "bench",
        "mutations",
        "mutations-code",
        "environments",
    }


def test_what_follows_glue_is_not_updated_by_itself() -> None:
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    (uv,) = [each for each in updates if each["package-ecosystem"] == "uv"]
    ignored = {each["dependency-name"] for each in uv["ignore"]}
    projects = [ROOT / "pyproject.toml", *ROOT.glob("packages/*/pyproject.toml")]
    pinned = [name for each in projects for name in re.findall(r'^    "(\w+)==[^"]+"', each.read_text(), re.MULTILINE)]
    assert ignored == set(pinned)
    assert all(each["schedule"] == {"interval": "weekly"} and each["groups"] for each in updates)


def test_a_form_that_github_does_not_take_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (".github", "docker"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "CITATION.cff", tmp_path)
    monkeypatch.setattr(upkeep, "ROOT", tmp_path)
    form = tmp_path / ".github" / "ISSUE_TEMPLATE" / "defect.yml"
    form.write_text(form.read_text().replace("type: dropdown", "type: drop-down"))
    with pytest.raises(CheckFailed, match=r"(?s)defect\.yml.*'drop-down' is not one of"):
        upkeep.schemas()


def test_hooks_mend_what_they_can(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    shutil.copy(ROOT / ".pre-commit-config.yaml", tmp_path)
    (tmp_path / "a.py").write_text("x   =  1 \n\n\n")
    (tmp_path / "n.ipynb").write_text(
        '{"cells": [{"cell_type": "code", "execution_count": 1, "id": "a", "metadata": {}, "source": ["1"], "outputs": '
        '[{"data": {"text/plain": ["1"]}, "execution_count": 1, "metadata": {}, "output_type": "execute_result"}]}], '
        '"metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    )
    git = ["git", "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run([*git, "add", "a.py", "n.ipynb", ".pre-commit-config.yaml"], cwd=tmp_path, check=True)
    done = subprocess.run(
        [str(ROOT / ".venv" / "bin" / "pre-commit"), "run"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PRE_COMMIT_HOME": str(tmp_path / "home"), "SKIP": "upkeep,lock"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert (tmp_path / "a.py").read_text() == "x = 1\n"
    assert '"outputs": []' in (tmp_path / "n.ipynb").read_text()
