"""What looks at the files that are no code: GitHub's, Docker's, the citation, and the state of every file in git."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.checks import environments
from tools.checks.runner import CheckFailed, CheckSkipped, command
from tools.paths import ROOT

_TOOLS = Path(sys.executable).parent

SCHEMAS = {
    "github-workflows": ".github/workflows/*.yml",
    "github-actions": ".github/actions/*/action.yml",
    "github-issue-forms": ".github/ISSUE_TEMPLATE/[!c]*.yml",
    "github-issue-config": ".github/ISSUE_TEMPLATE/config.yml",
    "dependabot": ".github/dependabot.yml",
    "citation-file-format": "CITATION.cff",
    "compose-spec": "docker/compose.yaml",
}
"""The files, by the schema of check-jsonschema's own that they have to follow."""

_HOOKS_THAT_ARE_CHECKS = "ruff-format,ruff,upkeep,lock"
_FILL_INS = {"GLUE_IMAGE": "image", "UV_VERSION": "0"}
"""What compose.yaml wants from the Makefile."""


def schemas() -> str:
    """Every file of `SCHEMAS` follows its schema, and every workflow's jobs have a time limit."""
    found = {schema: sorted(map(str, ROOT.glob(pattern))) for schema, pattern in SCHEMAS.items()}
    if missing := [SCHEMAS[schema] for schema, files in found.items() if not files]:
        raise CheckFailed(f"no such file: {', '.join(missing)}")
    found["custom.github-workflows-require-timeout"] = found["github-workflows"]
    for schema, files in found.items():
        name = schema if "." in schema else f"vendor.{schema}"
        command(str(_TOOLS / "check-jsonschema"), "--builtin-schema", name, "--color", "never", *files)
    return f"{len({file for files in found.values() for file in files})} files"


def actionlint() -> str:
    """What actionlint says of the workflows. Raises CheckSkipped where neither it nor a Go to make it with is here."""
    found = shutil.which("actionlint") or shutil.which("actionlint", path=str(environments.actionlint().parent))
    if found is None:
        raise CheckSkipped("neither actionlint nor Go, which it is made with, is on this machine")
    # Not with what else lies on this machine: the same everywhere.
    command(found, "-shellcheck=", "-pyflakes=", "-no-color")
    return f"{len(list(ROOT.glob('.github/workflows/*.yml')))} workflows"


def hadolint() -> str:
    """What hadolint says of the Dockerfile, down to its slightest remarks."""
    command(str(_TOOLS / "hadolint"), "--no-color", "--failure-threshold", "style", "docker/Dockerfile")
    return "docker/Dockerfile"


def compose() -> Mapping[str, Mapping[str, object]]:
    """The services of compose.yaml as Docker Compose itself reads it, which needs no engine. Raises CheckFailed."""
    told = command(
        *(str(_TOOLS / "docker-compose"), "--file", "docker/compose.yaml", "config", "--format", "json"),
        environment={**os.environ, **_FILL_INS},
    )
    services: Mapping[str, Mapping[str, object]] = json.loads(told)["services"]
    return services


def compose_file() -> str:
    """Docker Compose can read compose.yaml."""
    return f"{len(compose())} services"


def hooks() -> str:
    """The hooks of .pre-commit-config.yaml that are no checks already, on all files in git. They mend what they can."""
    inside = subprocess.run(["git", "rev-parse", "--is-inside-work-tree"], cwd=ROOT, capture_output=True, check=False)
    if inside.returncode:
        raise CheckSkipped("this folder is in no git repository, and the hooks take their list of files from git")
    home = str(environments.CACHE / "pre-commit")
    try:
        told = command(
            *(str(_TOOLS / "pre-commit"), "run", "--all-files", "--color", "never", "--show-diff-on-failure"),
            environment={**os.environ, "PRE_COMMIT_HOME": home, "SKIP": _HOOKS_THAT_ARE_CHECKS},
        )
    except CheckFailed as failure:
        raise CheckFailed(f"{failure}\nWhat a hook could mend is mended: look at it with git diff.") from None
    return f"{told.count('Passed')} hooks"
