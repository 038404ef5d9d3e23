"""Mutation tests of the functions and the jobs by Cosmic Ray.

`python -m tools.code_mutants [NUMBER [SEED]] [--only WORD]` breaks a copy of the project NUMBER times (200), each time
at one random place (SEED) of lambda_ingest/ or glue/, and runs the tests of that module, then of its folder. Survivors
are printed with their line; the exit status is the number of survivors without a reason in tools/code_mutants.yaml.

It runs in its own environment (`make mutations-code`), because the project itself does not need Cosmic Ray.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import yaml
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkResult

from tools.guarantees import copy
from tools.paths import ROOT

REASONS = Path(__file__).with_suffix(".yaml")
FOLDERS = ("lambda_ingest", "glue")
"""Folders with modules to mutate. Their tests are in the same subfolders of tests/."""

_LEFT_OUT = ("core/NumberReplacer", "core/ReplaceBinaryOperator_BitOr_", "core/RemoveDecorator")
# Numbers are mostly buffer sizes and exit codes; `X | None` in an annotation is not an operator; a dataclass without
# its decorator fails everywhere.

_MODULE_SECONDS, _FOLDER_SECONDS = 300, 1200


def drawn(number: int, seed: int, word: str) -> list[MutationSpec]:
    """At most `number` random mutations of the project in the working directory."""
    modules = [path for folder in FOLDERS for path in sorted(Path(folder).rglob("*.py")) if word in str(path)]
    with tempfile.TemporaryDirectory() as folder, use_db(f"{folder}/session.sqlite", WorkDB.Mode.create) as session:
        init(modules, session, {})
        every = [item.mutations[0] for item in session.work_items]
    wanted = [each for each in every if not each.operator_name.startswith(_LEFT_OUT)]
    wanted.sort(key=lambda each: (str(each.module_path), each.start_pos, each.operator_name, each.occurrence))
    return random.Random(seed).sample(wanted, min(number, len(wanted)))


def commands(module: Path) -> Iterator[tuple[str, int]]:
    """The commands for the tests of a module, then of its whole folder, each with a time limit in seconds."""
    folder = f"tests/{module.parts[0]}"
    pytest = f"{shlex.quote(str(ROOT / '.venv/bin/python'))} -m pytest -x -q -p no:cacheprovider"
    rooms = module.parts[2:-1]  # below the folder and its package
    own = "/".join((folder, *rooms, f"test_{module.stem}.py"))
    if Path(own).exists():
        yield f"{pytest} -n0 {own}", _MODULE_SECONDS
    yield f"{pytest} {folder} tests/input", _FOLDER_SECONDS


def lives(mutation: MutationSpec) -> WorkResult | None:
    """Cosmic Ray's result of a mutation that survived; None where a test detected it."""
    for command, seconds in commands(mutation.module_path):
        result = mutate_and_test([mutation], command, seconds)
        if result.test_outcome != TestOutcome.SURVIVED:
            return None
    return result


def described(mutation: MutationSpec, result: WorkResult) -> str:
    """Module and changed lines: `glue/mhealth/stage/metadata.py: if a < b: -> if a <= b:`."""
    lines = (result.diff or "").splitlines()
    before = [line[1:].strip() for line in lines if line.startswith("-") and not line.startswith("---")]
    after = [line[1:].strip() for line in lines if line.startswith("+") and not line.startswith("+++")]
    return f"{mutation.module_path}: {' '.join(before)} -> {' '.join(after)}"


def main() -> int:
    """Run the mutations; return the number of survivors without a reason."""
    parser = argparse.ArgumentParser(prog="python -m tools.code_mutants", description=__doc__)
    parser.add_argument("number", nargs="?", type=int, default=200)
    parser.add_argument("seed", nargs="?", type=int, default=1)
    parser.add_argument("--only", default="", metavar="WORD", help="modules with this in their path")
    asked = parser.parse_args()
    reasons = yaml.safe_load(REASONS.read_text()) or {}
    unexplained = living = 0
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(copy(Path(folder))):
        os.environ.pop("VIRTUAL_ENV", None)
        mutations = drawn(asked.number, asked.seed, asked.only)
        for number, mutation in enumerate(mutations, 1):
            started = time.monotonic()
            result = lives(mutation)
            seconds = time.monotonic() - started
            if result is None:
                print(
                    f"{number:4} noticed {seconds:5.0f} s  {mutation.module_path}:{mutation.start_pos[0]}", flush=True
                )
                continue
            living += 1
            line = described(mutation, result)
            reason = reasons.get(line)
            unexplained += reason is None
            print(f"{number:4} LIVES   {seconds:5.0f} s  {line}{f' ({reason})' if reason else ''}", flush=True)
    print(f"{len(mutations)} mutants, {len(mutations) - living} noticed, {living} live, {unexplained} without a reason")
    return min(unexplained, 100)


if __name__ == "__main__":
    sys.exit(main())
