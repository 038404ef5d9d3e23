"""The drill's table: a pytest plugin (`-p tests.drill.table`) that prints what the tests recorded by `drilled`.

It makes the property tests try many examples, from the drill's seed, and gives each of them a line, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import pytest
from rich.console import Console
from rich.table import Table

from .seed import drill_seed

PROPERTY = "drilled"
"""The name under which a test's report carries a line."""


@dataclass(frozen=True)
class Line:
    """A fault or situation, how often it was tried, what was seen, and how many rows or reads were wrong."""

    situation: str
    times: int
    seen: str
    lost: int = 0
    doubled: int = 0
    mixed: int = 0
    unit: str = "times"

    @property
    def how_often(self) -> str:
        return "once" if (self.times, self.unit) == (1, "times") else f"{self.times:,} {self.unit}"

    @property
    def is_good(self) -> bool:
        return self.lost == self.doubled == self.mixed == 0

    def as_text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of_text(cls, text: str) -> Self:
        return cls(**json.loads(text))

    def joined(self, other: Line) -> Line:
        """Both as one line: the numbers are added."""
        numbers = ("times", "lost", "doubled", "mixed")
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in numbers})


def joined(lines: Iterable[Line]) -> list[Line]:
    """One line for all that tell of the same situation, unit and outcome, at the place of the first of them."""
    found: dict[tuple[str, str, str], Line] = {}
    for line in lines:
        key = (line.situation, line.unit, line.seen)
        found[key] = found[key].joined(line) if key in found else line
    return list(found.values())


def lines_of(reporter: pytest.TerminalReporter) -> list[Line]:
    """What was recorded, in an order that does not depend on which test ended first."""
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in reporter.stats.get(outcome, [])
        if isinstance(report, pytest.TestReport) and report.when == "call"
    ]
    return joined(
        Line.of_text(str(value)) if report.passed else replace(Line.of_text(str(value)), seen="FAILED")
        for report in sorted(reports, key=lambda report: report.nodeid)
        for name, value in report.user_properties
        if name == PROPERTY
    )


def rendered(lines: list[Line], seed: int) -> Table:
    table = Table(title=f"Drill with SEED={seed}", title_justify="left")
    for heading in ("fault or situation", "how often", "what was seen"):
        table.add_column(heading, overflow="fold")
    for heading in ("lost rows", "doubled rows", "mixed reads"):
        table.add_column(heading, justify="right")
    for line in lines:
        style = "" if line.is_good and line.seen != "FAILED" else "bold red"
        counts = (str(line.lost), str(line.doubled), str(line.mixed))
        table.add_row(line.situation, line.how_often, line.seen, *counts, style=style)
    return table


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let hypothesis have the examples of the drill, from the drill's seed."""
    config.option.hypothesis_profile = config.option.hypothesis_profile or "drill"
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = drill_seed()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A property test has its line without a word."""
    if item.get_closest_marker("hypothesis"):
        tried: Any = item.obj._hypothesis_internal_use_settings  # type: ignore[attr-defined]
        situation = item.name.removeprefix("test_").replace("_", " ")
        line = Line(situation, tried.max_examples, "as the reference says", unit="examples")
        item.user_properties.append((PROPERTY, line.as_text()))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    console = Console(width=150)
    console.print(rendered(lines_of(terminalreporter), drill_seed()))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A drill that recorded nothing, or something wrong, is no success."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(session.config, "workerinput") or reporter is None:
        return
    lines = lines_of(reporter)
    if exitstatus == pytest.ExitCode.OK and not (lines and all(line.is_good for line in lines)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
