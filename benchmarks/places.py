"""Where the benchmarks read and write: all below the repository, nothing of it needed to run the project."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "bench"
"""Datasets (kept) and what the measured processes write (removed)."""

RESULTS = Path(__file__).resolve().parent / "results"
"""The measured figures, in git: docs/performance.md is made from them."""

TRIALS = CACHE / "results"
"""Figures of runs at other sizes than the published ones."""

PICTURES = ROOT / "docs" / "performance"
