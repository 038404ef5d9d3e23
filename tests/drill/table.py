"""The drill's table: a pytest plugin (`-p tests.drill.table`) that prints what the tests recorded by `drilled`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Self

import pytest
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Line:
    """A fault or situation, how often it was tried, what was seen, and how many rows or reads were wrong."""

    situation: str
    times: str
    seen: str
    lost: int
    doubled: int
    mixed: int

    @property
    def is_good(self) -> bool:
        return self.lost == self.doubled == self.mixed == 0

    def as_text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of_text(cls, text: str) -> Self:
        return cls(**json.loads(text))


def lines_of(reporter: pytest.TerminalReporter) -> list[Line]:
    """What was recorded, in an order that does not depend on which test ended first."""
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in reporter.stats.get(outcome, [])
        if isinstance(report, pytest.TestReport) and report.when == "call"
    ]
    return [
        Line.of_text(str(value))
        for report in sorted(reports, key=lambda report: report.nodeid)
        for name, value in report.user_properties
        if name == "drilled"
    ]


def rendered(lines: list[Line]) -> Table:
    table = Table(title="Drill", title_justify="left")
    for heading in ("fault or situation", "how often", "what was seen"):
        table.add_column(heading, overflow="fold")
    for heading in ("lost rows", "doubled rows", "mixed reads"):
        table.add_column(heading, justify="right")
    for line in lines:
        style = "" if line.is_good else "bold red"
        counts = (str(line.lost), str(line.doubled), str(line.mixed))
        table.add_row(line.situation, line.times, line.seen, *counts, style=style)
    return table


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = lines_of(terminalreporter)
    console = Console(width=150)
    console.print(rendered(lines))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A drill that recorded nothing, or something wrong, is no success."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(session.config, "workerinput") or reporter is None:
        return
    lines = lines_of(reporter)
    if exitstatus == pytest.ExitCode.OK and not (lines and all(line.is_good for line in lines)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
