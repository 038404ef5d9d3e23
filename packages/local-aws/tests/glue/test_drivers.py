"""Drivers that are forked: each is a process of its own, as if a new Python had been started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.glue import spark_runtime
from local_aws.glue.drivers import Driver, DriverNotStarted, Drivers
from local_aws.glue.quick_python import quick
from local_aws.glue.spark_runtime import own_runtime

RUNTIME = quick(own_runtime())

ABOUT_ITSELF = """
    import json, os, random, signal, sys, threading, __main__
    import pyarrow
    print(json.dumps({
        "path": sys.path, "argv": sys.argv, "environment": dict(os.environ), "folder": os.getcwd(), "name": __name__,
        "file": __file__, "main": sorted(vars(__main__)), "input": sys.stdin.read(), "session": os.getsid(0),
        "pid": os.getpid(), "descriptors": sorted(os.listdir("/proc/self/fd")), "threads": threading.active_count(),
        "child": str(signal.getsignal(signal.SIGCHLD)), "woken": signal.set_wakeup_fd(-1), "packages": pyarrow.__file__,
    }))
"""


@pytest.fixture(scope="module")
def drivers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drivers]:
    made = Drivers(RUNTIME, tmp_path_factory.mktemp("drivers"))
    yield made
    made.end()


Start = Callable[..., Driver]


@pytest.fixture
def start(drivers: Drivers, tmp_path: Path) -> Start:
    """Start a driver of a script, with arguments and variables."""

    def started(script: str, *arguments: str, **variables: str) -> Driver:
        path = tmp_path / "script.py"
        path.write_text(textwrap.dedent(script))
        (tmp_path / "out").touch()
        environment = spark_runtime.environment(RUNTIME) | variables
        return drivers.start([str(path), *arguments], environment, tmp_path, tmp_path / "out")

    return started


def test_a_driver_is_like_a_new_python(start: Start, tmp_path: Path) -> None:
    assert start(ABOUT_ITSELF, "--a", "b", PYTHONPATH="/library.zip:/other", OWN="1").wait() == 0
    forked: dict[str, Any] = json.loads((tmp_path / "out").read_text())
    environment = spark_runtime.environment(RUNTIME) | {"PYTHONPATH": "/library.zip:/other", "OWN": "1"}
    fresh: dict[str, Any] = json.loads(
        subprocess.run(
            [RUNTIME.python, tmp_path / "script.py", "--a", "b"],
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            start_new_session=True,
        ).stdout
    )
    for each in (forked, fresh):
        assert each.pop("session") == each.pop("pid")
        each["main"] = {name for name in each["main"] if not name.startswith("__")}
        each["environment"].pop("LC_CTYPE", None)
        each["environment"].pop("FAKETIME_SHARED", None)  # libfaketime's own, in the environment `leap-day`
    assert forked == fresh


def test_drivers_share_nothing_of_each_other(start: Start, tmp_path: Path) -> None:
    first = "import json, os; json.left = 1; os.environ['LEFT'] = '1'; os.chdir('/')"
    assert start(first).wait() == 0
    second = "import json, os; print(hasattr(json, 'left'), *map(os.environ.get, ['LEFT', 'PYTHONPATH']), os.getcwd())"
    assert start(second).wait() == 0
    assert (tmp_path / "out").read_text() == f"False None None {tmp_path}\n"


@pytest.mark.parametrize(
    ("script", "code", "output"),
    [
        ("import sys; sys.exit(3)", 3, ""),
        ("import sys; sys.exit('why')", 1, "why\n"),
        ("import atexit; atexit.register(print, 'at the end'); print('first', end='; ')", 0, "first; at the end\n"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, ""),
    ],
    ids=["code", "text", "atexit", "signal"],
)
def test_it_ends_like_a_new_python(start: Start, tmp_path: Path, script: str, code: int, output: str) -> None:
    assert start(script).wait() == code
    assert (tmp_path / "out").read_text() == output


@pytest.mark.parametrize(
    "script", ["def f():\n    raise ValueError('no')\n\nf()\n", "def :\n"], ids=["error", "syntax"]
)
def test_an_error_is_printed_as_by_a_new_python(start: Start, tmp_path: Path, script: str) -> None:
    assert start(script).wait() == 1
    fresh = subprocess.run([RUNTIME.python, tmp_path / "script.py"], capture_output=True, text=True, check=False)
    assert (tmp_path / "out").read_text() == fresh.stderr != ""


def test_a_driver_that_is_killed_says_so(start: Start) -> None:
    driver = start("import time; time.sleep(1000)")
    assert driver.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        driver.wait(0)
    os.killpg(driver.pid, signal.SIGKILL)
    assert driver.wait() == -signal.SIGKILL


def test_drivers_end_with_their_server(tmp_path: Path) -> None:
    drivers = Drivers(RUNTIME, tmp_path)
    script = tmp_path / "script.py"
    script.write_text("import time; time.sleep(1000)")
    driver = drivers.start([str(script)], spark_runtime.environment(RUNTIME), tmp_path, tmp_path / "out")
    drivers.end()
    assert driver.wait() == -signal.SIGKILL
    assert not drivers.live
    with pytest.raises(DriverNotStarted):
        drivers.start([str(script)], spark_runtime.environment(RUNTIME), tmp_path, tmp_path / "out")
