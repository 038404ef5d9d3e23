"""How many examples the property tests try, failures told at once, the record of what a long test saw, a browser."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.drill.table import PROPERTY, Line

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest_plugins = [
    "pytester",
    "tests.suite.order",
    "tests.suite.account",
    "tests.suite.needs",
    "tests.suite.kept",
    "tests.suite.loader",
    "tests.suite.clients",
]

# Where the suite runs in the background of a shell, Ctrl-C is ignored, by the commands that the tests start, too:
# a process inherits that. Those of a person heed it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: a machine under load is no fault. No database: a run must not depend on the one before.
_COMMON = settings(
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)

# A few with every run of the tests: the same code meets the same examples on every machine.
settings.register_profile("test", _COMMON, max_examples=100, derandomize=True)
# Many in the drill, which gives hypothesis its seed (tests/drill/table.py). Where CI is set, hypothesis would take
# no seed if it were not told to.
settings.register_profile("drill", _COMMON, max_examples=1500, derandomize=False)
# The first of these, in the loop of a developer.
settings.register_profile("fast", _COMMON, max_examples=20, derandomize=True)
settings.load_profile("test")


class _FailuresAtOnce:
    """Tells a failure when it happens: a run that is ended from outside never comes to the list of them."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._terminal.write_line(f"\n{report.when} of {report.nodeid} failed:\n{report.longreprtext[-2000:]}")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take few examples where the tests shall be fast; have failures told at once by the process with the terminal."""
    os.environ.pop("PYTEST_ADDOPTS", None)  # the options of this run are not those of runs that its tests start
    if config.getoption("--fast"):
        settings.load_profile("fast")
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_FailuresAtOnce(terminal))


@pytest.fixture
def drilled(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Records a line of the drill's table, and fails the test where rows were lost, doubled or mixed."""

    def record(situation: str, times: int, seen: str, *, unit: str = "times", **wrong: int) -> None:
        line = Line(situation, times, seen, unit=unit, **wrong)
        record_property(PROPERTY, line.as_text())
        assert line.is_good, line

    return record


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    from tools.browser import NoChromium, running  # most tests need none, and Playwright is slow to load

    try:
        with running() as started:
            yield started
    except NoChromium as missing:
        pytest.skip(f"no headless Chromium: {missing}")
