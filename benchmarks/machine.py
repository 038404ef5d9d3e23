"""The environment of a measurement, and the storage of its figures."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from benchmarks.places import RESULTS, TRIALS

_PACKAGES = ("duckdb", "pandas", "polars", "pyarrow", "pyspark")


def about() -> dict[str, Any]:
    """Date, machine and versions."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _PACKAGES},
        "load_before": round(os.getloadavg()[0], 1),
    }


def save(name: str, figures: Mapping[str, Any], *, published: bool = True) -> Path:
    """Store a measurement's figures as NAME.json; return the path.

    `published` figures of docs/performance.md go to benchmarks/results, others to the cache.
    """
    folder = RESULTS if published else TRIALS
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return path


def saved() -> dict[str, dict[str, Any]]:
    """The published figures by name of measurement."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))}
