"""Drivers of job runs, forked from a process that has imported pyspark, pyarrow and boto3 already."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from local_aws.glue import spark_runtime
from local_aws.glue.spark_runtime import SparkRuntime

_SERVER = Path(__file__).with_name("forking") / "driver_server.py"

_START_LIMIT = 60.0
"""The timeout of a driver's start in seconds."""


class DriverNotStarted(Exception):
    """The process that forks drivers does not respond."""


class Driver:
    """A driver's process, with the parts of subprocess.Popen that a job run needs."""

    stdin: IO[bytes] | None = None

    def __init__(self) -> None:
        self.pid = 0
        self.returncode: int | None = None
        self._started = threading.Event()
        self._ended = threading.Event()

    def started(self, pid: int) -> None:
        """Set the process id."""
        self.pid = pid
        self._started.set()

    def ended(self, code: int) -> None:
        """Set the exit code."""
        self.returncode = code
        self._started.set()
        self._ended.set()

    def wait_for_start(self) -> None:
        """Wait until the process exists. Raises DriverNotStarted."""
        self._started.wait(_START_LIMIT)
        if not self.pid:
            raise DriverNotStarted("No driver was forked. The run uses a new Python instead.")

    def poll(self) -> int | None:
        """The exit code, None as long as the process runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; the exit code. Raises subprocess.TimeoutExpired."""
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired([str(self.pid)], timeout or 0)
        assert self.returncode is not None
        return self.returncode


class Drivers:
    """The process that forks the drivers of one Spark's runs."""

    def __init__(self, runtime: SparkRuntime, folder: Path) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._starting: dict[int, Driver] = {}
        self._running: dict[int, Driver] = {}
        reading, writing = os.pipe()
        packages = sorted((runtime.home / "python" / "lib").glob("*.zip"))
        try:
            self._process = subprocess.Popen(
                [runtime.python, _SERVER, str(writing)],
                env={**spark_runtime.environment(runtime), "PYTHONPATH": os.pathsep.join(map(str, packages))},
                cwd=folder,
                stdin=subprocess.PIPE,  # it ends when this is closed, at the latest with this process
                stdout=subprocess.DEVNULL,
                pass_fds=(writing,),
                start_new_session=True,
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._listener = threading.Thread(target=self._listen, args=(reading,), name="drivers", daemon=True)
        self._listener.start()

    @property
    def live(self) -> bool:
        """Whether the process exists."""
        return self._process.poll() is None

    def start(self, command: Sequence[str], environment: Mapping[str, str], folder: Path, output: Path) -> Driver:
        """Start a driver with `command`, a script and its arguments. Raises DriverNotStarted."""
        driver = Driver()
        with self._lock:
            number = next(self._numbers)
            self._starting[number] = driver
            order = {
                "number": number,
                "command": list(command),
                "environment": dict(environment),
                "folder": str(folder),
                "output": str(output),
            }
            try:
                assert self._process.stdin is not None
                self._process.stdin.write(json.dumps(order).encode() + b"\n")
                self._process.stdin.flush()
            except (OSError, ValueError) as broken:  # ValueError: it was ended here
                del self._starting[number]
                raise DriverNotStarted("The process that forks drivers has ended.") from broken
        driver.wait_for_start()
        return driver

    def _listen(self, reading: int) -> None:
        with os.fdopen(reading, "rb") as reports:
            for line in reports:
                told = json.loads(line)
                if "started" in told:
                    driver = self._starting.pop(told["started"])
                    self._running[told["pid"]] = driver
                    driver.started(told["pid"])
                else:
                    self._running.pop(told["ended"]).ended(told["code"])
        # Its drivers have nobody who could tell how they end.
        for pid, driver in self._running.items():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            driver.ended(-signal.SIGKILL)
        for driver in self._starting.values():
            driver.ended(-signal.SIGKILL)

    def end(self) -> None:
        """End the process, and the drivers that run."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
