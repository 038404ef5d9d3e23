"""The mutations of every value that no check detects, and those that are accepted."""

from __future__ import annotations

import fnmatch
import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import yaml

from tools.checks.linters import asl_validator, cfn_lint, filled
from tools.checks.mutations.values import Broken, every_value
from tools.checks.project import TEMPLATE, Project
from tools.checks.rules.registry import every_rule

REASONS = Path(__file__).with_name("survivors.yaml")
_AT_ONCE = 2


def is_noticed(broken: Project) -> bool:
    """Whether a rule has a finding, or cannot read the project."""
    for rule in every_rule().values():
        try:
            if any(True for _ in rule(broken)):
                return True
        except Exception:  # noqa: BLE001 - a rule that breaks fails the check, too
            return True
    return False


def survivors(project: Project, known: Mapping[str, str]) -> tuple[list[str], int]:
    """The mutations that neither the rules nor asl-validator nor cfn-lint detect, and the number of mutations.

    cfn-lint takes a second per template: it runs only for mutations that the others do not detect and `known` does not
    accept.
    """
    mutations = list(every_value(project))
    shares = [mutations[share::_AT_ONCE] for share in range(_AT_ONCE)]
    with ProcessPoolExecutor(_AT_ONCE, mp_context=multiprocessing.get_context("spawn")) as pool:
        unseen = {name for found in pool.map(_unnoticed, shares) for name in found}
        left = [each for each in mutations if each.name in unseen]
        states = {each.name: filled(each.applied(project)) for each in left if each.part == "definition"}
        refused = {name for name, found in asl_validator(states).items() if found}
        puzzling = [each for each in left if each.part == "template" and not _fitting(each.name, known)]
        linted = pool.map(cfn_lint, [each.applied(project).files[TEMPLATE] for each in puzzling], chunksize=4)
        refused |= {each.name for each, found in zip(puzzling, linted, strict=True) if found}
    return [each.name for each in left if each.name not in refused], len(mutations)


def _unnoticed(mutations: Sequence[Broken]) -> list[str]:
    project = Project.read()
    return [each.name for each in mutations if not is_noticed(each.applied(project))]


def reasons() -> dict[str, str]:
    """Pattern of mutation names to the reason why they are accepted."""
    found: dict[str, str] = yaml.safe_load(REASONS.read_text())
    return found


def unexplained(living: Sequence[str], known: Mapping[str, str]) -> Iterator[str]:
    """Survivors without a reason, and reasons without a survivor."""
    used = set()
    for name in living:
        fitting = _fitting(name, known)
        used |= fitting
        if not fitting:
            yield f"no check detects {name}: add a promise or a rule, or a reason in survivors.yaml"
    for pattern in known:
        if pattern not in used:
            yield f"survivors.yaml has a reason for {pattern!r}, which matches no survivor: remove it"


def _fitting(name: str, known: Mapping[str, str]) -> set[str]:
    """The patterns that match a name; `*` matches any text."""
    return {pattern for pattern in known if fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))}
