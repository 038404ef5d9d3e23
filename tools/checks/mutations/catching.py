"""Which checks notice a mutation."""

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
"""The name of a mutation -> the checks that found something: a rule's name, or a tool with the ids it reported."""

SLOW_TOOLS = ("cfn-lint", "checkov")


def caught(project: Project, mutations: Sequence[Mutation] = MUTATIONS, *, ask_every_tool: bool) -> Found:
    """What catches each mutation; the project as it is comes first, under an empty name.

    cfn-lint and checkov take a second for each template: without `ask_every_tool` they are asked only about what the
    rules and asl-validator let pass, and about the project as it is. Raises MutationMisfits or LinterFailed.
    """
    broken = {"": project, **{each.name: each.applied(project) for each in mutations}}
    found: Found = {name: sorted(problems(each)) for name, each in broken.items()}
    for name, reported in _by_place(broken, filled, asl_validator).items():
        if reported:
            found[name].append("asl-validator")
    changed = {name: each for name, each in broken.items() if each.files[TEMPLATE] != project.files[TEMPLATE]}
    asked = {"": project, **{name: each for name, each in changed.items() if ask_every_tool or not found[name]}}
    linters = {"cfn-lint": _linted, "checkov": checkov}
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
    """What a linter says about a part of each project; it gets names that do for files."""
    places = {f"m{place:03}": name for place, name in enumerate(projects)}
    reported = linter({place: part(projects[name]) for place, name in places.items()})
    return {name: reported[place] for place, name in places.items()}


def _linted(templates: Mapping[str, str]) -> dict[str, list[str]]:
    if len(templates) < 8:
        return {name: cfn_lint(text) for name, text in templates.items()}
    # Two processes: it is Python all through. A fresh interpreter each: forking a process with threads may hang.
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        return dict(zip(templates, pool.map(cfn_lint, templates.values(), chunksize=4), strict=True))


def faults(found: Found, rules: Iterable[str]) -> list[str]:
    """What is wrong with the checks themselves: something found in the project, a mutation or a rule left over."""
    seen = {check for name, checks in found.items() if name for check in checks}
    return [
        *(f"the project as it is: {check} finds something" for check in found[""]),
        *(f"nothing catches {name!r}" for name, checks in found.items() if name and not checks),
        *(f"the rule {rule} catches no mutation: does it find anything at all?" for rule in rules if rule not in seen),
    ]
