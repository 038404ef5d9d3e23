"""Glue jobs of type pythonshell: one Python process, without Spark.

It is the Python that runs the local AWS, with its packages: what `--additional-python-modules` names has to be
installed there. As on Glue the script is given the job's arguments, but no JOB_NAME, and finds `awsglue.utils`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from moto.glue.models import FakeJob

COMMAND = "pythonshell"

_PACKAGES = Path(__file__).with_name("python_shell_packages")
"""What Glue has beside Python's own packages: awsglue.utils."""


def is_python_shell(job: FakeJob) -> bool:
    """Whether the job runs without Spark."""
    command: Any = job.command
    return bool(command and command.get("Name") == COMMAND)


def command(script: Path, arguments: Mapping[str, str]) -> list[str]:
    """The command that runs the script."""
    return [sys.executable, str(script), *(word for pair in arguments.items() for word in pair)]


def environment(libraries: Sequence[Path]) -> dict[str, str]:
    """Nothing of the caller's variables; archives of `--extra-py-files` can be imported."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "PYTHONNOUSERSITE": "1",
        "PYTHONPATH": os.pathsep.join([*map(str, libraries), str(_PACKAGES)]),
    }
