"""Which checks detect a mutation."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor

from tools.checks.linters import asl_validator, cfn_lint, checkov, filled
from tools.checks.mutations.edit import Mutation
from tools.checks.mutations.pipeline import PROMISES, SETTINGS, SUBSTITUTIONS, TRANSITIONS
from tools.checks.mutations.resources import GLUE, LIFE, OPERATION, SCHEDULE
from tools.checks.mutations.security import ENCRYPTION, PERMISSIONS
from tools.checks.project import TEMPLATE, Project
from tools.checks.rules.registry import problems

MUTATIONS = (
    *TRANSITIONS,
    *PROMISES,
    *SUBSTITUTIONS,
    *SETTINGS,
    *GLUE,
    *SCHEDULE,
    *PERMISSIONS,
    *ENCRYPTION,
    *LIFE,
    *OPERATION,
)

Found = dict[str, list[str]]
"""Mutation name to the checks that detected it: a rule's name, or a tool with the ids that it reported."""

SLOW_TOOLS = ("cfn-lint", "checkov")


def caught(project: Project, mutations: Sequence[Mutation] = MUTATIONS, *, ask_every_tool: bool) -> Found:
    """Find the checks that detect each mutation; the unchanged project is first, with an empty name.

    cfn-lint and checkov take seconds: without `ask_every_tool` they run only for mutations that the rules and
    asl-validator do not detect. What they say of the unchanged project are checks of their own. Raises MutationOutdated
    or LinterFailed.
    """
    broken = {"": project, **{each.name: each.applied(project) for each in mutations}}
    found: Found = {name: sorted(problems(each)) for name, each in broken.items()}
    for name, reported in _by_place(broken, filled, asl_validator).items():
        if reported:
            found[name].append("asl-validator")
    changed = {name: each for name, each in broken.items() if each.files[TEMPLATE] != project.files[TEMPLATE]}
    asked = {"": project, **changed} if ask_every_tool else {k: each for k, each in changed.items() if not found[k]}
    linters = {"cfn-lint": _linted, "checkov": checkov} if asked else {}
    for tool, linter in linters.items():
        for name, reported in _by_place(asked, lambda each: each.files[TEMPLATE], linter).items():
            ids = sorted({each.split()[0] for each in reported})
            if ids:
                found[name].append(f"{tool} {' '.join(ids)}")
    return found


def _by_place(
    projects: Mapping[str, Project],
    part: Callable[[Project], str],
    linter: Callable[[Mapping[str, str]], Mapping[str, list[str]]],
) -> dict[str, list[str]]:
    """Run a linter on a part of each project, once where it is the same text, under names that are valid file names."""
    texts = {name: part(project) for name, project in projects.items()}
    places = {text: f"m{place:03}" for place, text in enumerate(dict.fromkeys(texts.values()))}
    reported = linter({place: text for text, place in places.items()})
    return {name: reported[places[text]] for name, text in texts.items()}


def _linted(templates: Mapping[str, str]) -> dict[str, list[str]]:
    if len(templates) < 8:
        return {name: cfn_lint(text) for name, text in templates.items()}
    # Two processes, because cfn-lint is pure Python; new interpreters, because forking a process with threads may hang.
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        return dict(zip(templates, pool.map(cfn_lint, templates.values(), chunksize=4), strict=True))


def faults(found: Found, rules: Iterable[str]) -> list[str]:
    """Faults of the checks: a finding in the unchanged project, an undetected mutation, a rule that detects none."""
    seen = {check for name, checks in found.items() if name for check in checks}
    return [
        *(f"the unchanged project: {check} has findings" for check in found[""]),
        *(f"nothing catches {name!r}" for name, checks in found.items() if name and not checks),
        *(f"the rule {rule} detects no mutation: add one that it detects" for rule in rules if rule not in seen),
    ]
