"""docs/tutorial.md, done on a copy of the project as a reader does it: diffs and commands in the page's order.

That the deployed change shows the column is in tests/end_to_end/test_stack_life.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs import tutorial
from tests.docs.tutorial import COMMANDS, DIFFS, PAGE
from tests.end_to_end.project import DEPLOYED
from tools.docs.parameters import template
from tools.guarantees import copy, own_packages

FOLLOW = (
    *(
        "tests/cloudformation/test_template.py",
        "tests/glue/processed/test_transforms.py",
        "tests/docs/test_guarantees.py",
    ),
    *("tests/docs/test_reference.py", "tests/docs/test_japanese.py", "tests/docs/test_tutorial.py"),
    *("tests/benchmarks/test_dataset.py", "tests/benchmarks/test_formats.py"),
)
"""The tests of `make test` that have to follow the page's change: of the table, its query, and what is made of them."""
MADE = {"README.md", "README.ja.md", "docs/columns.md"}
"""The pages that `make reference` changes."""
(ITS_TEST,) = re.findall(r"^\+def (test_\w+)", "".join(DIFFS), re.MULTILINE)


@dataclass(frozen=True)
class Reader:
    """Somebody with a clone of the project in `folder`."""

    folder: Path

    @classmethod
    def with_a_clone(cls, folder: Path) -> Reader:
        """A reader at the beginning of the page, whatever part of it this project has already."""
        reader = cls(copy(folder))
        reader.begin()
        reader.says("git", "init", "--quiet")
        (reader.folder / ".git" / "info" / "exclude").write_text(".venv\n.cache\n")  # links here, folders in a clone
        reader.says("git", "add", ".")
        reader.says("git", "-c", "user.name=reader", "-c", "user.email=reader@example.com", "commit", "-qm", "Cloned")
        return reader

    def says(self, *command: str) -> str:
        """What a command prints that has to succeed."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | {"PATH": path} | own_packages(self.folder)
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def make(self, target: str) -> str:
        """`make target` with the packages that this test runs with."""
        return self.says("make", "--old-file=.cache/ready", target, "RUN=env")

    def begin(self) -> None:
        """Take away what the page adds."""
        if tutorial.take_back(self.folder):
            self.make("reference")

    def apply(self) -> None:
        tutorial.follow(self.folder)

    def changed_files(self) -> set[str]:
        return set(self.says("git", "diff", "--name-only").split())


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A reader who has applied the diffs and made the reference anew."""
    reader = Reader.with_a_clone(tmp_path_factory.mktemp("tutorial"))
    reader.apply()
    reader.make("reference")
    yield reader
    reader.says("git", "checkout", ".")
    assert reader.says("git", "status", "--porcelain") == ""


def test_it_touches_each_part_once() -> None:
    files = re.findall(r"^\+\+\+ b/(.+)$", "".join(DIFFS), re.MULTILINE)
    assert len(files) == len(set(files)) == len(DIFFS)
    assert {file.split("/")[0] for file in files} == {"cloudformation", "glue", "tests"}
    assert set(DEPLOYED) >= {"cloudformation", "glue"}


def test_its_commands_are_those_that_are_tried_here() -> None:
    pytest_of_the_page = "uv run pytest -n0 tests/glue/processed/test_transforms.py -k accel_magnitude"
    assert [pytest_of_the_page, "make demo", "make reference", "make test"] == COMMANDS
    assert "`git checkout .`" in PAGE


def test_its_query_is_described_as_in_the_template() -> None:
    query = template()["Resources"]["NamedQueryWalkingMinutes"]["Properties"]
    assert f"\n{query['Name']}: {query['Description']}\n" in PAGE


@pytest.mark.tests
def test_the_reference_says_it_on_the_pages_that_are_named(reader: Reader) -> None:
    made = reader.changed_files() - set(re.findall(r"^\+\+\+ b/(.+)$", "".join(DIFFS), re.MULTILINE))
    assert made == MADE
    last = PAGE.split("\n## ")[-1]
    assert all(f"`{name}`" in last for name in made)
    for name in ("README.md", "README.ja.md"):
        assert "round(avg(accel_magnitude), 2) AS mean_acceleration" in (reader.folder / name).read_text()
    row = "| accel_magnitude | double | m/s² | length of the chest acceleration |\n"
    assert row in (reader.folder / "docs" / "columns.md").read_text()


@pytest.mark.tests
def test_who_has_followed_the_page_can_begin_it_anew(reader: Reader) -> None:
    """As the reader of these tests does in a project with the change, before anything else."""
    try:
        assert tutorial.take_back(reader.folder)
        assert reader.changed_files() == MADE
        assert not tutorial.take_back(reader.folder)
    finally:
        reader.apply()


@pytest.mark.tests
@pytest.mark.timeout(600)
def test_its_test_passes_and_those_that_follow_the_change(reader: Reader) -> None:
    """`make test`, as far as it can depend on the change; but for the tests here that change a copy of the project."""
    reported = reader.says(sys.executable, "-m", "pytest", "-q", "-rp", "-n0", "--fast", *FOLLOW)
    assert re.search(r"^\d+ passed", reported.splitlines()[-1]), reported
    # The page's own command selects the new test by a word, and no other of the file's.
    _, _, _, _, file, select, word = COMMANDS[0].split()
    assert select == "-k"
    passed = re.findall(rf"^PASSED ({re.escape(file)}::.+)$", reported, re.MULTILINE)
    assert [test for test in passed if word in test] == [f"{file}::{ITS_TEST}"]
    assert len(passed) > 1
    reader.says(sys.executable, "-m", "tools.checks", "own rules", "ruff format", "ruff lint")
