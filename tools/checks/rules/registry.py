"""Every rule by its name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from pathlib import Path

from tools.checks.project import Project

Rule = Callable[[Project], Iterable[str]]

_rules: dict[str, Rule] = {}


def rule(function: Rule) -> Rule:
    """Register a function as a rule."""
    name = function.__name__
    if name in _rules and _rules[name].__module__ != function.__module__:
        raise ValueError(f"two rules are named {name}")
    _rules[name] = function
    return function


def every_rule() -> dict[str, Rule]:
    """All rules, ordered by module and line."""
    for module in sorted(each.name for each in pkgutil.iter_modules([str(Path(__file__).parent)])):
        importlib.import_module(f"{__package__}.{module}")
    return dict(_rules)


def problems(project: Project) -> dict[str, list[str]]:
    """The findings of each rule; rules without findings are left out.

    If a file is not valid YAML, JSON or TOML, that is the only finding.
    """
    unreadable = list(_unreadable(project))
    if unreadable:
        return {UNREADABLE: unreadable}
    found = {name: list(check(project)) for name, check in every_rule().items()}
    return {name: problems for name, problems in found.items() if problems}


UNREADABLE = "files_can_be_read"


def _unreadable(project: Project) -> Iterable[str]:
    for part in ("template", "definition", "samconfig"):
        try:
            getattr(project, part)
        except ValueError as error:
            yield f"the {part} cannot be read: {error}"
