"""Paths in the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
NOTEBOOKS = ROOT / "notebooks"
TEMPLATE = ROOT / "cloudformation" / "template.yaml"
DEFINITION = ROOT / "cloudformation" / "pipeline.asl.json"
