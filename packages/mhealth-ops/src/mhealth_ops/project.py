"""Paths of the project's files, for commands that need the template or the notebooks from a checkout."""

from __future__ import annotations

from pathlib import Path


def _root() -> Path:
    """The checkout that contains this package, else the current folder if it is a checkout."""
    own = Path(__file__).parents[4]
    return next((folder for folder in (own, Path.cwd()) if (folder / _TEMPLATE).is_file()), own)


_TEMPLATE = Path("cloudformation") / "template.yaml"

ROOT = _root()
"""The checkout."""

TEMPLATE = ROOT / _TEMPLATE
STACK = "mhealth"
"""The default name of the stack."""
