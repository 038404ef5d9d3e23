"""`python -m benchmarks.competitors NAME convert|transform IN OUT TARGET`: one step in its own process."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from benchmarks.competitors.target import Target


def main(name: str, hop: str, source: str, result: str, target: str) -> None:
    """Run one step of one competitor."""
    competitor = importlib.import_module(f"benchmarks.competitors.{name}")
    Path(result).mkdir(parents=True)
    getattr(competitor, hop)(Path(source), Path(result), Target.read(Path(target)))


if __name__ == "__main__":
    main(*sys.argv[1:])
