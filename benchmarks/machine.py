"""The environment of a measurement, and the storage of its figures."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from benchmarks.places import JAVA_OPTIONS, RESULTS, ROOT, TRIALS

_PACKAGES = ("duckdb", "pandas", "polars", "pyarrow", "pyspark")


def about() -> dict[str, Any]:
    """Date, machine and versions."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _PACKAGES},
        "commit": _commit(),
        "load_before": round(os.getloadavg()[0], 1),
    }


def _commit() -> str:
    """The commit of the code that is measured, with a plus where the tree has changes."""
    git = shutil.which("git")
    if git is None:
        return ""

    def says(*words: str) -> str:
        return subprocess.run([git, *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    # The measurements of a day write their results meanwhile.
    changed = says("status", "--porcelain", "--", ".", ":!benchmarks/results", ":!docs")
    return says("rev-parse", "--short", "HEAD") + ("+" if changed else "")


def save(name: str, figures: Mapping[str, Any], *, published: bool = True) -> Path:
    """Store a measurement's figures as NAME.json; return the path.

    `published` figures of docs/performance.md go to benchmarks/results, others to the cache; so do all of a trial with
    its own options of Java.
    """
    folder = RESULTS if published and JAVA_OPTIONS not in os.environ else TRIALS
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return path


def saved() -> dict[str, dict[str, Any]]:
    """The published figures by name of measurement."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))}
