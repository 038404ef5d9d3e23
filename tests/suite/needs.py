"""Markers of tests that start something slow.

`--fast` leaves out whatever has one of these markers, and a test that starts such a thing without saying so fails.
Of a test with the marker `sample` it runs some of the cases only.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

NEEDS = {
    "local_aws": "needs a whole local AWS, with the jobs and functions that run there",
    "spark_process": "needs Spark in a process of its own; the SparkSession of the tests' process is none",
    "browser": "needs a browser",
    "tests": "runs tests in a process of its own",
    "volume": "needs data of a size that takes seconds",
    "environment": "needs an environment of its own, with packages installed into it",
    "many_runs": "runs the whole pipeline many times, though within the tests' process",
}
_WHOLLY_SLOW = re.compile(rf"^pytestmark = .*\bpytest\.mark\.({'|'.join(NEEDS)})\b", re.MULTILINE)
"""The line of a module of which no test is fast."""
_MODULES = ("mhealth_ops.cli", "local_aws.cli")
_PROGRAMS = ("bin/mhealth", "bin/local-aws")
_COMMANDS = ("up", "demo", "notebook")


class Undeclared(Exception):
    """A fast test started something slow."""


def needed(event: str, arguments: Sequence[Any]) -> str | None:
    """The entry of NEEDS of an audit event (https://docs.python.org/3/library/audit_events.html)."""
    if event == "local_aws.start":
        return "local_aws"
    if event != "subprocess.Popen":
        return None
    command = arguments[1]
    words = [str(word) for word in ([command] if isinstance(command, str | bytes | Path) else command)]
    if any(word.endswith("bin/spark-submit") for word in words):
        return None if "pyspark-shell" in words else "spark_process"
    if "pytest" in words:
        return "tests"
    if words[1:3] == ["pip", "install"]:
        return "environment"
    if "run-driver" in words and any("playwright" in word for word in words):
        return "browser"
    ours = any(word in _MODULES or word.endswith(_PROGRAMS) for word in words)
    if ours and any(word in words for word in _COMMANDS):
        return "local_aws"
    return None


class Guard:
    """Fail tests that start something slow without a marker."""

    def __init__(self) -> None:
        self._in_a_test = False
        self._undeclared: list[str] = []
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._in_a_test or not event.startswith(("subprocess.", "local_aws.")):
            return
        need = needed(event, arguments)
        if need is None:
            return
        reported = f"a fast test starts what {NEEDS[need]} (mark it {need}): {arguments!r:.300}"
        self._undeclared.append(reported)
        raise Undeclared(reported)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Watch from a test's first fixture to its last."""
        self._in_a_test, self._undeclared = True, []
        try:
            return (yield)
        finally:
            self._in_a_test = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Fail the test also where the refusal was caught, as in a thread of the local AWS."""
        result = yield
        undeclared, self._undeclared = self._undeclared, []
        if undeclared:
            raise Undeclared("\n".join(undeclared))
        return result


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--fast`."""
    parser.addoption(
        "--fast", action="store_true", help=f"leave out what needs {', '.join(NEEDS)}; let no test start it"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known, and watch the fast tests."""
    for name, need in NEEDS.items():
        config.addinivalue_line("markers", f"{name}: {need}")
    config.addinivalue_line("markers", "sample(number): --fast runs that number of its cases, spread evenly")
    if config.getoption("--fast"):
        config.pluginmanager.register(Guard())


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import no module of which `--fast` leaves out every test."""
    if not config.getoption("--fast") or collection_path.suffix != ".py":
        return None
    return True if _WHOLLY_SLOW.search(collection_path.read_text()) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests that use the browser; deselect slow ones with `--fast`."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    if config.getoption("--fast"):
        slow = {item for item in items if any(item.get_closest_marker(name) for name in NEEDS)} | _beside_samples(items)
        config.hook.pytest_deselected(items=[item for item in items if item in slow])
        items[:] = [item for item in items if item not in slow]


def _beside_samples(items: Sequence[pytest.Item]) -> set[pytest.Item]:
    """The cases of samples that are left out. Those that are run are spread evenly."""
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("sample"):
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left = set()
    for of_one_test in cases.values():
        (number,) = of_one_test[0].get_closest_marker("sample").args  # type: ignore[union-attr]
        step = max(1.0, (len(of_one_test) - 1) / max(1, number - 1))
        taken = {round(step * place) for place in range(number)}
        left |= {item for place, item in enumerate(of_one_test) if place not in taken}
    return left
