"""The project keeps every rule of tools/checks/rules/."""

from __future__ import annotations

import pytest

from tools.checks.project import Project
from tools.checks.rules.registry import Rule, every_rule


@pytest.fixture(scope="module")
def project() -> Project:
    return Project.read()


@pytest.mark.parametrize("rule", every_rule().values(), ids=every_rule())
def test_rule_is_kept(project: Project, rule: Rule) -> None:
    assert list(rule(project)) == []
