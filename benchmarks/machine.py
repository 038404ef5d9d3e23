"""What the figures were measured with, and where they are kept."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import psutil

from benchmarks.places import RESULTS

_PACKAGES = ("duckdb", "pandas", "polars", "pyarrow", "pyspark")


def about() -> dict[str, Any]:
    """When, on what, with which versions."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _PACKAGES},
        "load_before": round(os.getloadavg()[0], 1),
    }


def save(name: str, figures: Mapping[str, Any]) -> None:
    """Keep a measurement's figures as `results/NAME.json`."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(figures, indent=1, sort_keys=False) + "\n"
    (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")


def saved(name: str) -> dict[str, Any] | None:
    """The figures of `results/NAME.json`, None where there are none."""
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
