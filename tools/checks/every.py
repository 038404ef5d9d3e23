"""Every check, in the order in which they start: long ones first, so that none of them runs alone at the end."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from tools.checks import environments, linters, upkeep
from tools.checks.mutations.catching import caught, faults
from tools.checks.mutations.table import stale
from tools.checks.packaging import function, glue_code, sam
from tools.checks.packaging.workshop import Workshop
from tools.checks.project import TEMPLATE, Project
from tools.checks.rules.registry import every_rule, problems
from tools.checks.runner import Check, CheckFailed, command
from tools.checks.witnesses import actions, documented, errors

_TOOLS = Path(sys.executable).parent


class Witness(Protocol):
    """A module of tools/checks/witnesses: `NAME` is the external source, `problems` its differences to the project."""

    NAME: str

    def problems(self, project: Project) -> Iterator[str]:
        """A line for each difference between the external source and the project."""


def every_check(workshop: Workshop) -> list[Check]:
    """The checks; those of the packages share `workshop`."""
    return [
        Check("sam build", lambda: sam.build(workshop)),
        Check("mypy", lambda: _first_number(_tool("mypy"), "files")),
        Check("sam package", lambda: sam.package(workshop), ("sam build",)),
        Check("packaged template deploys", lambda: sam.deploy_packaged(workshop), ("sam package",)),
        Check(
            "function in Lambda's environment",
            lambda: function.lands_the_dataset(workshop),
            ("packaged template deploys",),
        ),
        Check(
            "Glue code in Glue's environment",
            lambda: glue_code.makes_the_snapshot(workshop),
            ("packaged template deploys",),
            ("function in Lambda's environment",),
        ),
        Check("mutations", _mutations),
        Check("report in Lambda's environment", lambda: function.renders_the_report(workshop), ("sam build",)),
        Check("sam deploy", lambda: sam.deploy(workshop), ("sam build",)),
        Check("import contracts", _import_contracts),
        Check("sam validate", sam.validate),
        Check("checkov", _checkov),
        Check("cfn-lint", _cfn_lint),
        Check("asl-validator", _asl_validator),
        Check("own rules", _own_rules),
        Check("witness of rights", lambda: _witness(actions)),
        Check("witness of roles", lambda: _witness(documented)),
        Check("witness of error names", lambda: _witness(errors)),
        Check("ruff format", lambda: _first_number(_tool("ruff", "format", "--check", "."), "files")),
        Check("ruff lint", lambda: _tool("ruff", "check", ".").strip().lower()),
        Check("lock file", _lock_file),
        Check("hooks", upkeep.hooks),
        Check("schemas", upkeep.schemas),
        Check("actionlint", upkeep.actionlint),
        Check("hadolint", upkeep.hadolint),
        Check("compose file", upkeep.compose_file),
    ]


def _tool(name: str, *arguments: str) -> str:
    return command(str(_TOOLS / name), *arguments)


def _import_contracts() -> str:
    """The contracts of pyproject.toml, by import-linter."""
    paths = os.pathsep.join(("glue", "lambda_ingest", "lambda_report"))
    output = command(str(_TOOLS / "lint-imports"), "--no-cache", environment={**os.environ, "PYTHONPATH": paths})
    kept = re.search(r"(\d+) kept", output)
    return f"{kept[1]} kept" if kept else output


def _first_number(output: str, what: str) -> str:
    found = re.search(r"\d+", output)
    return f"{found[0]} {what}" if found else output.strip()


def _lock_file() -> str:
    output = command(environments.uv(), "lock", "--check", "--color", "never")
    return _first_number(output, "packages")


def _listed(found: list[str]) -> None:
    if found:
        raise CheckFailed("\n".join(found))


def _cfn_lint() -> str:
    project = Project.read()
    _listed(linters.cfn_lint(project.files[TEMPLATE]))
    return f"{len(project.template['Resources'])} resources"


def _checkov() -> str:
    _listed(linters.checkov({"template": Project.read().files[TEMPLATE]})["template"])
    skipped = re.findall(r"^  - (CKV\w+)$", linters.CHECKOV_SETTINGS.read_text(), re.MULTILINE)
    return f"{len(skipped)} checks skipped, with their reasons in checkov.yaml"


def _asl_validator() -> str:
    project = Project.read()
    _listed(linters.asl_validator({"definition": linters.filled(project)})["definition"])
    return f"{len(project.states)} states"


def _own_rules() -> str:
    found = problems(Project.read())
    _listed([f"{rule}: {problem}" for rule, each in found.items() for problem in each])
    return f"{len(every_rule())} rules"


def _witness(witness: Witness) -> str:
    _listed(list(witness.problems(Project.read())))
    return witness.NAME


def _mutations() -> str:
    found = caught(Project.read(), ask_every_tool=False)
    wrong = faults(found, every_rule())
    if old := stale(found):
        wrong += ["the table in docs/checks.md is stale, run `make mutations`:", *old]
    _listed(wrong)
    return f"{len(found) - 1} mutants, each detected"
