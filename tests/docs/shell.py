"""A page's commands in a shell of their own, without the person's settings of AWS."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LIMIT = 500.0
"""Seconds that only a hang takes."""


def run_in_bash(script: str, folder: Path, **more: str) -> str:
    """Run a bash script until the first command that fails, which must not happen; returns what it prints.

    `more` are further variables of its environment. PATH is this one's, behind the environment of the tests.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{script}"],
        cwd=folder,
        env={**kept, **more, "PATH": path, "AWS_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout
