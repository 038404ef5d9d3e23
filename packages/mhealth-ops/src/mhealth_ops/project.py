"""Where this project's files are: commands that need the template or the notebooks run in a checkout of it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[4]
"""The checkout."""

TEMPLATE = ROOT / "cloudformation" / "template.yaml"
STACK = "mhealth"
"""What the stack is called unless somebody names it otherwise."""
