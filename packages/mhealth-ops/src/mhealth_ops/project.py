"""Where this project's files are: commands that need the template or the notebooks run in a checkout of it."""

from __future__ import annotations

from pathlib import Path


def _root() -> Path:
    """The checkout that this package lies in; else the current folder, where it is one."""
    own = Path(__file__).parents[4]
    return next((folder for folder in (own, Path.cwd()) if (folder / _TEMPLATE).is_file()), own)


_TEMPLATE = Path("cloudformation") / "template.yaml"

ROOT = _root()
"""The checkout."""

TEMPLATE = ROOT / _TEMPLATE
STACK = "mhealth"
"""What the stack is called unless somebody names it otherwise."""
