"""Rules whose judgement is more than a comparison."""

from __future__ import annotations

import pytest

from tools.checks.project import TEMPLATE, Project
from tools.checks.rules.registry import UNREADABLE, problems
from tools.checks.rules.schedule import expression_problem


@pytest.mark.parametrize(
    "expression",
    [
        *("cron(0 8 * * ? *)", "cron(0/15 8-17 ? * MON-FRI *)", "cron(0 12 L * ? 2026-2030)", "cron(0 9 ? * 2#1 *)"),
        *("rate(1 day)", "rate(12 hours)", "at(2026-11-24T08:00:00)"),
    ],
)
def test_expressions_that_scheduler_takes(expression: str) -> None:
    assert expression_problem(expression) is None


@pytest.mark.parametrize(
    "expression",
    [
        *("cron(0 8 * * *)", "cron(0 8 * * * *)", "cron(60 8 * * ? *)", "cron(0 24 * * ? *)", "cron(0 8 ? * 8 *)"),
        *("cron(0 8 * * ? *", "cron(0 8 32 * ? *)", "rate(1 days)", "rate(2 day)", "rate(0 days)", "rate(1 week)"),
        *("at(tomorrow)", "0 8 * * *", ""),
    ],
)
def test_expressions_that_scheduler_refuses(expression: str) -> None:
    assert expression_problem(expression) is not None


def test_a_file_that_cannot_be_read_is_the_one_finding() -> None:
    project = Project.read()
    broken = Project({**project.files, TEMPLATE: "Resources: ["})
    assert list(problems(broken)) == [UNREADABLE]
