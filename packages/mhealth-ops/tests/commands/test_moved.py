"""The words of before name the ones of now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LOCAL_AWS = str(Path(sys.executable).with_name("local-aws"))


@pytest.mark.parametrize(
    "arguments",
    [["run", "--version", "3"], ["query", "SELECT 1", "--format", "csv"], ["status"], ["rollback", "--yes", "--aws"]],
    ids=lambda arguments: arguments[0],
)
def test_a_command_of_before_names_the_one_of_now(arguments: list[str]) -> None:
    done = subprocess.run([LOCAL_AWS, *arguments], capture_output=True, text=True, check=False)
    name = arguments[0]
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"`local-aws {name}` is now `mhealth {name}`, with the same arguments.\n"


def test_help_does_not_offer_them() -> None:
    shown = subprocess.run([LOCAL_AWS, "--help"], capture_output=True, text=True, check=True).stdout
    assert "up" in shown
    assert "rollback" not in shown
