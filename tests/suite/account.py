"""The output of `--account`: the slowest tests, the seconds of each folder with its budget, skipped tests.

The seconds of the files are left in .cache/seconds.toml, as tests/suite/seconds.toml has them.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.suite.order import SECONDS

MEASURED = Path(__file__).parents[2] / ".cache" / "seconds.toml"
_SLOWEST = 10
_WORTH_A_PLACE = 5.0
"""Seconds from which on it matters when a file begins."""


def budgets() -> dict[str, float]:
    """The budget of each folder in seconds, on two idle cores."""
    seconds: dict[str, float] = tomllib.loads(SECONDS.read_text())["folders"]
    return seconds


def file_of(nodeid: str) -> str:
    """The test's file: its path, without `tests/` at its begin."""
    return nodeid.partition("::")[0].removeprefix("tests/")


def folder_of(nodeid: str) -> str:
    """The test's folder below tests/, or its package."""
    folder, *rest = file_of(nodeid).split("/")
    if folder == "packages":
        return f"{folder}/{rest[0]}"
    return folder if rest else "tests"


def added(seconds: Mapping[str, float], group: str = "") -> Counter[str]:
    """The seconds of tests (by node id) as those of their files or folders."""
    total: Counter[str] = Counter()
    for nodeid, took in seconds.items():
        total[folder_of(nodeid) if group == "folders" else file_of(nodeid)] += took  # type: ignore[assignment]
    return total


def account(
    seconds: Mapping[str, float], skipped: Iterable[tuple[str, str]], budget: Mapping[str, float]
) -> Iterator[str]:
    """The lines of the account: `seconds` by node id, and node id and reason of skipped tests.

    The cases of one test that were skipped for the same reason have one line, with their number.
    """
    yield f"slowest {_SLOWEST}"
    for nodeid, took in sorted(seconds.items(), key=lambda each: -each[1])[:_SLOWEST]:
        yield f"  {took:6.1f} s  {nodeid}"
    yield "seconds by folder (of all workers together), and their budget"
    for folder, took in added(seconds, "folders").most_common():
        allowed = budget.get(folder)
        over = "   over its budget" if allowed is not None and took > allowed else ""
        yield f"  {took:6.0f} s  {'of ' + format(allowed, '.0f') if allowed else '':8} {folder}{over}"
    cases = Counter((nodeid.partition("[")[0], reason) for nodeid, reason in skipped)
    for (nodeid, reason), number in sorted(cases.items()):
        yield f"skipped {nodeid}{f' ({number} cases)' if number > 1 else ''}: {reason}"


def as_toml(seconds: Mapping[str, float]) -> str:
    """The files that take long, the longest first."""
    long = [(file, took) for file, took in added(seconds).most_common() if took >= _WORTH_A_PLACE]
    return "[files]\n" + "".join(f'"{file}" = {took:.0f}\n' for file, took in long)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--account`."""
    parser.addoption("--account", action="store_true", help="end with the slowest tests, seconds by folder, and skips")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the account."""
    if not config.getoption("--account"):
        return
    reports = [
        report for each in terminalreporter.stats.values() for report in each if isinstance(report, pytest.TestReport)
    ]
    seconds: Counter[str] = Counter()
    for report in reports:
        seconds[report.nodeid] += report.duration  # type: ignore[assignment]
    skipped = [
        (report.nodeid, str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr))
        for report in reports
        if report.skipped
    ]
    terminalreporter.section("account")
    for line in account(seconds, skipped, budgets()):
        terminalreporter.write_line(line)
    if MEASURED.parent.is_dir():
        MEASURED.write_text(as_toml(seconds))
