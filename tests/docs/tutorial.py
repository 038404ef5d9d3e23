"""The diffs and commands of docs/tutorial.md, and a copy of the project before and after them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tools.paths import ROOT

PAGE = (ROOT / "docs" / "tutorial.md").read_text()
DIFFS = re.findall(r"^```diff\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^\$ (.+)$", PAGE, re.MULTILINE)


def take_back(folder: Path) -> bool:
    """Undo what the page adds to the files in `folder`, as far as it is there: who has followed it runs the tests, too.

    Whether anything was there.
    """
    there = [diff for diff in reversed(_of(folder)) if _git_apply(folder, diff, "--reverse", "--check").returncode == 0]
    for diff in there:
        _must(_git_apply(folder, diff, "--reverse"))
    return bool(there)


def follow(folder: Path) -> None:
    """Apply the diffs to the files in `folder`; those of files that it lacks are left out."""
    for diff in _of(folder):
        _must(_git_apply(folder, diff))


def _of(folder: Path) -> list[str]:
    """The diffs of files in `folder`."""
    named = ((re.findall(r"^\+\+\+ b/(.+)$", diff, re.MULTILINE), diff) for diff in DIFFS)
    return [diff for (file,), diff in named if (folder / file).exists()]


def _git_apply(folder: Path, diff: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "apply", *options, "-"]
    return subprocess.run(command, cwd=folder, input=diff, capture_output=True, text=True, check=False)


def _must(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
