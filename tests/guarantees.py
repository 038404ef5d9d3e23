"""Breaks what docs/guarantees.md names, row by row, in a copy of the project: each time the named test has to fail.

`python -m tests.guarantees [WORD ...]` runs the rows that hold one of the words, or all: an hour.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "guarantees.md"
_ROW = re.compile(r"\| (.+?) \| `(\S+)` \| `(.+?)` → `(.+?)` \| `(\S+)` \|")
_NOT_COPIED = (".git", ".venv", ".cache", ".local-aws", ".aws-sam", "__pycache__", ".*_cache")


@dataclass(frozen=True)
class Guarantee:
    """A row: `code` in `file` keeps the promise; with `instead` in its place `test` fails."""

    promise: str
    file: str
    code: str
    instead: str
    test: str

    def break_in(self, root: Path) -> str:
        """Break it there; returns what was right."""
        path = root / self.file
        right = path.read_text()
        path.write_text(right.replace(self.code, self.instead, 1))
        return right


def guarantees() -> list[Guarantee]:
    """The rows of the page."""
    return [Guarantee(*match.groups()) for match in _ROW.finditer(PAGE.read_text())]


def copy(folder: Path) -> Path:
    """A copy of the project in a folder; what was downloaded is shared. Returns its root."""
    root = folder / "project"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(*_NOT_COPIED))
    for name in (".venv", ".cache"):  # what was downloaded is shared
        (root / name).symlink_to(ROOT / name)
    return root


def _notices(guarantee: Guarantee, root: Path) -> bool:
    right = guarantee.break_in(root)
    try:
        command = [sys.executable, "-m", "pytest", "-n0", "-q", "-x", "-p", "no:cacheprovider", guarantee.test]
        if guarantee.test.endswith("]"):
            command += ["-m", ""]  # one case of a test, which may be the drill's
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    finally:
        (root / guarantee.file).write_text(right)
    return done.returncode == 1 and "FAILED" in done.stdout


def main(words: Sequence[str]) -> int:
    """Run the rows; the number of those that no test noticed."""
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        root = copy(Path(folder))
        for guarantee in guarantees():
            if words and not any(word in str(guarantee) for word in words):
                continue
            started = time.monotonic()
            noticed = _notices(guarantee, root)
            missed += not noticed
            seconds = time.monotonic() - started
            print(f"{'noticed' if noticed else 'MISSED '} {seconds:4.0f} s  {guarantee.promise}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
