"""docs/cli.md, generated from the commands' help: `python -m tools.docs.cli` (`make reference`) writes it."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tools.paths import DOCS, ROOT

PAGE = DOCS / "cli.md"

_HEAD = """# Command line

This page is generated from the commands' help texts by `make reference`. A test fails if the two differ. Run the
command as `uv run mhealth` (or `.venv/bin/mhealth`) in the project's folder. [README](../README.md#command-line) shows
real output.

Exit statuses: 0 success, 1 failure (standard error says why, and what to do), 2 wrong usage, 130 ended by Ctrl-C.
"""


def page() -> str:
    """The page as text."""
    made = subprocess.run(
        [sys.executable, "-m", "typer", "mhealth_ops.cli", "utils", "docs", "--name", "mhealth"],
        env={name: value for name, value in os.environ.items() if name != "LOCAL_AWS_ENDPOINT"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    # A page has one title: typer's headings are moved one level down.
    lower = re.sub(r"^(#+ `)", r"#\1", made.strip(), flags=re.MULTILINE)
    return f"{_HEAD}\n{lower}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
