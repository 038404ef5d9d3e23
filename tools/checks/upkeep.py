"""Checks of files that are not code: GitHub's, Docker's, the citation, and the hooks on all files in git."""

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
"""Schema of check-jsonschema to the files that must be valid by it."""

_EACH = """
import json, sys
from check_jsonschema import main
sys.exit(max(main(arguments, standalone_mode=False) or 0 for arguments in json.loads(sys.argv[1])))
"""
"""check-jsonschema on several lists of arguments, in one process: to start one takes longer than its work."""

_HOOKS_THAT_ARE_CHECKS = "ruff-format,ruff,upkeep,lock"
_FILL_INS = {"GLUE_IMAGE": "image", "UV_VERSION": "0"}
"""The variables that compose.yaml gets from the Makefile."""


def schemas() -> str:
    """Check that every file of `SCHEMAS` is valid by its schema, and that all jobs of workflows have a time limit."""
    found = {schema: sorted(map(str, ROOT.glob(pattern))) for schema, pattern in SCHEMAS.items()}
    if missing := [SCHEMAS[schema] for schema, files in found.items() if not files]:
        raise CheckFailed(f"no such file: {', '.join(missing)}")
    found["custom.github-workflows-require-timeout"] = found["github-workflows"]
    names = {schema: schema if "." in schema else f"vendor.{schema}" for schema in found}
    each = [["--builtin-schema", names[schema], "--color", "never", *files] for schema, files in found.items()]
    command(sys.executable, "-c", _EACH, json.dumps(each))
    return f"{len({file for files in found.values() for file in files})} files"


def actionlint() -> str:
    """Run actionlint on the workflows. Raises CheckSkipped where it is not installed."""
    found = shutil.which("actionlint") or shutil.which("actionlint", path=str(environments.actionlint().parent))
    if found is None:
        raise CheckSkipped("this machine has neither actionlint nor Go to build it")
    # Without the linters of this machine: the same everywhere.
    command(found, "-shellcheck=", "-pyflakes=", "-no-color")
    return f"{len(list(ROOT.glob('.github/workflows/*.yml')))} workflows"


def hadolint() -> str:
    """Run hadolint on the Dockerfile, with all severities."""
    command(str(_TOOLS / "hadolint"), "--no-color", "--failure-threshold", "style", "docker/Dockerfile")
    return "docker/Dockerfile"


def compose() -> Mapping[str, Mapping[str, object]]:
    """The services of compose.yaml, parsed by Docker Compose, which needs no engine. Raises CheckFailed."""
    output = command(
        *(str(_TOOLS / "docker-compose"), "--file", "docker/compose.yaml", "config", "--format", "json"),
        environment={**os.environ, **_FILL_INS},
    )
    services: Mapping[str, Mapping[str, object]] = json.loads(output)["services"]
    return services


def compose_file() -> str:
    """Check that Docker Compose can parse compose.yaml."""
    return f"{len(compose())} services"


def hooks() -> str:
    """Run the hooks of .pre-commit-config.yaml that are not checks already, on all files in git. They may fix files."""
    inside = subprocess.run(["git", "rev-parse", "--is-inside-work-tree"], cwd=ROOT, capture_output=True, check=False)
    if inside.returncode:
        raise CheckSkipped("this folder is not a git repository; the hooks get their list of files from git")
    home = str(environments.CACHE / "pre-commit")
    try:
        output = command(
            *(str(_TOOLS / "pre-commit"), "run", "--all-files", "--color", "never", "--show-diff-on-failure"),
            environment={**os.environ, "PRE_COMMIT_HOME": home, "SKIP": _HOOKS_THAT_ARE_CHECKS},
        )
    except CheckFailed as failure:
        raise CheckFailed(f"{failure}\nHooks have fixed what they could: see git diff.") from None
    return f"{output.count('Passed')} hooks"
