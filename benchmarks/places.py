"""The folders of the benchmarks. The project does not need them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "bench"
"""Datasets (kept) and output of measured processes (deleted)."""

RESULTS = Path(__file__).resolve().parent / "results"
"""The measured figures, in git: docs/performance.md is generated from them."""

TRIALS = CACHE / "results"
"""Figures of runs at other sizes than the published ones."""

JAVA_OPTIONS = "BENCH_JAVA_OPTIONS"
"""The environment variable with options of Java for a trial, whose figures are never published."""

PICTURES = ROOT / "docs" / "performance"
