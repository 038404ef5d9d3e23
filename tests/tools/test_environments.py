"""The environments that `make environments` runs, without running them."""

from __future__ import annotations

import os
import re
import sys
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Self

import psutil
import pytest

from tools.environments import CHECKS, DEPENDENT, ENVIRONMENTS, ROOT, Environment, main, passes, variables_of

PYTHON = "import os, sys; sys.exit(0 if {} else 1)"


@pytest.mark.parametrize("path", sorted({*DEPENDENT, *(path for each in ENVIRONMENTS for path in each.tests)}))
def test_the_tests_that_depend_on_the_machine_exist(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("check", CHECKS)
def test_the_checks_exist(check: str) -> None:
    assert f'Check("{check}"' in (ROOT / "tools" / "checks" / "every.py").read_text()


def test_every_environment_has_a_name_of_its_own_and_a_reason() -> None:
    names = [each.name for each in ENVIRONMENTS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]+", each.name) and each.why for each in ENVIRONMENTS)


def test_variables_are_set_taken_away_and_led_to_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOES", "x")
    monkeypatch.setenv("STAYS", "y")
    some = Environment("some", "why", {"GOES": None, "HOME": "{folder}/home"})
    found = variables_of(some, tmp_path)
    assert (found["HOME"], found["STAYS"], "GOES" in found) == (f"{tmp_path}/home", "y", False)
    assert variables_of(Environment("bare", "why", {"A": "b"}, bare=True), tmp_path) == {"A": "b"}


@pytest.mark.parametrize("umask", [0o077, 0o000])
def test_a_command_runs_under_the_umask(umask: int) -> None:
    code = PYTHON.format(f"os.umask(0) == {umask}")
    assert passes(Environment("some", "why", umask=umask), [[sys.executable, "-c", code]])


def test_a_command_that_fails_fails_the_environment_and_the_next_one_runs(tmp_path: Path) -> None:
    commands = [["false"], ["touch", str(tmp_path / "ran")]]
    assert not passes(Environment("some", "why"), commands)
    assert (tmp_path / "ran").exists()


def test_an_environment_that_is_not_there_is_told() -> None:
    with pytest.raises(SystemExit, match="There is no environment moon"):
        main(["moon"])


def test_the_tests_know_nothing_of_the_persons_aws() -> None:
    leading = {name for name in os.environ if name.startswith(("AWS_", "KAGGLE_", "LOCAL_AWS_"))}
    assert leading <= {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"}
    assert {"127.0.0.1", "localhost"} <= set(os.environ["no_proxy"].split(","))


def test_a_clock_is_moved_by_so_many_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    class Now(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls(2028, 2, 28, 23, 58, 0, tzinfo=tz)

    monkeypatch.setattr("tools.environments.datetime", Now)
    moved = variables_of(Environment("some", "why", clock="2028-02-28T23:59:30"), Path())
    assert moved["FAKETIME"] == "+90"
    assert variables_of(Environment("some", "why", clock="2028-02-28T23:57:00"), Path())["FAKETIME"] == "-60"


def test_a_busy_machine_is_at_rest_afterwards() -> None:
    child = "import psutil, os, sys; sys.exit(0 if len(psutil.Process(os.getppid()).children()) > 2 else 1)"
    before = len(psutil.Process().children())
    assert passes(Environment("some", "why", busy=True), [[sys.executable, "-c", child]])
    assert len(psutil.Process().children()) == before
