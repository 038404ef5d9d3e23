"""Mutation tests of the guarantees: applies each marker `notices` to a copy of the project; its test must fail.

`python -m tools.guarantees [WORD ...]` runs those whose promise, file, code or test contains one of the words, or all
(an hour). docs/guarantees.md lists the promises; the code to break is in a marker of the test that detects it:

    @pytest.mark.notices("glue/mhealth/processed/audit.py", "if total != expected:", "if False:")
    def test_a_lost_row_is_noticed() -> None:
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.paths import DOCS, ROOT

PAGE = DOCS / "guarantees.md"
TESTS = ("tests", "packages/*/tests")
_ROW = re.compile(r"\| (.+?) \| `(\S+)` \| `(\S+)` \|")
_MARKER = "pytest.mark.notices"
_NOT_COPIED = (".git", ".venv", ".cache", ".local-aws", ".aws-sam", "__pycache__", ".*_cache")


@dataclass(frozen=True)
class Promise:
    """A row of the page: the promise, the file that implements it, the test that detects a violation."""

    promise: str
    file: str
    test: str


@dataclass(frozen=True)
class Break:
    """A marker `notices`: `test` fails if `code` in `file` is replaced by `instead`."""

    file: str
    code: str
    instead: str
    test: str

    def make(self, root: Path) -> str:
        """Apply the replacement; return the original text."""
        path = root / self.file
        right = path.read_text()
        path.write_text(right.replace(self.code, self.instead, 1))
        return right


def promises() -> list[Promise]:
    """The rows of the page."""
    return [Promise(*match.groups()) for match in _ROW.finditer(PAGE.read_text())]


def breaks() -> list[Break]:
    """The markers of all tests, in file order."""
    files = sorted(file for folder in TESTS for file in ROOT.glob(f"{folder}/**/test_*.py"))
    return [each for file in files for each in breaks_of(file.read_text(), str(file.relative_to(ROOT)))]


def breaks_of(source: str, file: str) -> Iterator[Break]:
    """The markers of the tests in `source`, the text of `file`. `case` selects one case of a parametrised test."""
    if _MARKER not in source:
        return
    for node in _tests(ast.parse(source).body):
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == _MARKER:
                where, code, instead = (str(ast.literal_eval(argument)) for argument in decorator.args)
                case = "".join(f"[{ast.literal_eval(keyword.value)}]" for keyword in decorator.keywords)
                yield Break(where, code, instead, f"{file}::{node.name}{case}")


def _tests(body: Sequence[ast.stmt]) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """The functions and classes of a module or class; pytest takes no others for tests."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node
        if isinstance(node, ast.ClassDef):
            yield from _tests(node.body)


def unmatched(rows: Sequence[Promise], markers: Sequence[Break]) -> list[str]:
    """Rows without a marker and markers without a row, as `FILE TEST`."""
    promised = Counter(f"{row.file} {row.test}" for row in rows)
    broken = Counter(f"{each.file} {each.test}" for each in markers)
    return sorted(((promised - broken) + (broken - promised)).elements())


def copy(folder: Path) -> Path:
    """Copy the project to a folder, sharing downloads; return the copy's root."""
    root = folder / "project"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(*_NOT_COPIED))
    for name in (".venv", ".cache"):  # downloads are shared
        (root / name).symlink_to(ROOT / name)
    return root


def own_packages(root: Path) -> dict[str, str]:
    """The variable that lets processes in a copy import the copy's packages: the environment has ROOT's installed."""
    return {"PYTHONPATH": os.pathsep.join(str(path) for path in sorted(root.glob("packages/*/src")))}


def what_to_run(each: Break, root: Path) -> list[str]:
    """Return pytest's arguments: the test, or its whole file if a test there starts where the one before it ended."""
    file = each.test.partition("::")[0]
    return [file] if "pytest.mark.story" in (root / file).read_text() else ["-x", each.test]


def has_failed(test: str, output: str) -> bool:
    """Whether pytest's summary says that the test failed, or a case of it."""
    return re.search(rf"^FAILED {re.escape(test)}(\[| |$)", output, re.MULTILINE) is not None


def _noticed(each: Break, root: Path) -> bool:
    right = each.make(root)
    try:
        command = [sys.executable, "-m", "pytest", "-n0", "-q", "-p", "no:cacheprovider", *what_to_run(each, root)]
        if each.test.endswith("]"):
            command += ["-m", ""]  # a single case may be a drill test
        done = subprocess.run(
            command, cwd=root, env=os.environ | own_packages(root), capture_output=True, text=True, check=False
        )
    finally:
        (root / each.file).write_text(right)
    return done.returncode == 1 and has_failed(each.test, done.stdout)


def main(words: Sequence[str]) -> int:
    """Run the mutations one by one; return the number that no test detected."""
    missed = 0
    promised = {(row.file, row.test): row.promise for row in promises()}
    with tempfile.TemporaryDirectory() as folder:
        root = copy(Path(folder))
        for each in breaks():
            promise = promised.get((each.file, each.test), "")
            if words and not any(word in f"{promise} {each}" for word in words):
                continue
            started = time.monotonic()
            noticed = _noticed(each, root)
            missed += not noticed
            seconds = time.monotonic() - started
            print(f"{'noticed' if noticed else 'MISSED '} {seconds:4.0f} s  {promise}: {each.code}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
