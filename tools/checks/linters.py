"""External linters for the template and the definition; each takes many copies in one call."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cfnlint.api import ManualArgs, lint

from tools.checks import environments
from tools.checks.project import DEFINITION, Project

CHECKOV_SETTINGS = Path(__file__).with_name("checkov.yaml")
_CFN_LINT = ManualArgs(regions=["us-east-1"])


class LinterFailed(Exception):
    """A tool failed without a result; the message is its output."""


def cfn_lint(template: str) -> list[str]:
    """Run cfn-lint on a template, in this process; return findings as `E1234 line 5: message`."""
    return [f"{match.rule.id} line {match.linenumber}: {match.message}" for match in lint(template, config=_CFN_LINT)]


def checkov(templates: Mapping[str, str]) -> dict[str, list[str]]:
    """Run checkov on templates by name, in one process; return `CKV_AWS_1 Resource: message`. Raises LinterFailed."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in templates.items():
            (Path(folder) / f"{name}.yaml").write_text(text)
        command = [
            *(str(environments.checkov()), "--config-file", str(CHECKOV_SETTINGS)),
            *("--directory", ".", "--output", "json", "--soft-fail"),
        ]
        done = subprocess.run(
            command, cwd=folder, env=environments.tool_environment(), capture_output=True, text=True, check=False
        )
        try:
            report = json.loads(done.stdout)
        except ValueError:
            raise LinterFailed(done.stdout + done.stderr) from None
    found: dict[str, list[str]] = {name: [] for name in templates}
    results = report.get("results", {})
    for each in results.get("failed_checks", []):
        name = Path(each["file_path"]).stem
        found[name].append(f"{each['check_id']} {each['resource']}: {each['check_name']}")
    for path in results.get("parsing_errors", []):
        found[Path(path).stem].append("cannot be parsed")
    if done.returncode or report.get("summary", report).get("resource_count", 0) == 0:
        raise LinterFailed(f"checkov checked no resource:\n{done.stdout}{done.stderr}")
    return found


def asl_validator(definitions: Mapping[str, str]) -> dict[str, list[str]]:
    """Run asl-validator on definitions by name, in one process; return findings. Raises LinterFailed."""
    found: dict[str, list[str]] = {}
    parsed = {}
    for name, text in definitions.items():
        try:
            parsed[name] = json.loads(text)
        except ValueError as error:
            found[name] = [f"is no JSON: {error}"]
    done = subprocess.run(
        [str(environments.node()), "validate.js"],
        cwd=environments.asl_validator(),
        input=json.dumps(parsed),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LinterFailed(done.stderr)
    problems: dict[str, list[str]] = json.loads(done.stdout)
    return found | problems


def filled(project: Project) -> str:
    """The definition with a plausible value for each of the template's DefinitionSubstitutions."""
    text = project.files[DEFINITION]
    for name in project.substitutions():
        text = re.sub(rf"\$\{{{name}\}}", _plausible(name), text)
    return text


def _plausible(name: str) -> str:
    if name == "Partition":
        return "aws"
    if name.endswith("Arn"):
        return f"arn:aws:service:us-east-1:000000000000:{name}"
    return "2" if name.endswith(("Seconds", "Dpus")) else name
