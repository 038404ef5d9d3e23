"""Execution environments: a function's processes, each used for one invocation after the other, as Lambda does.

A module's state, /tmp and the role's credentials last as long as the environment. An environment serves one function
with one code and configuration (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html).
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.awslambda.models import LambdaFunction

from local_aws.core.world import World
from local_aws.lambda_.bootstrap import BEGUN, BUSY, READY

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")

_START_LIMIT = 30.0  # seconds until the handler starts; the function's timeout counts from there
_LOOK_EVERY = 1.0  # seconds between two looks whether the process still exists: its end also closes the pipe
_MOST_IDLE = 4  # environments; the one that is idle for longest is ended
_LIFE = 45 * 60.0  # seconds; credentials of STS last an hour


@dataclass(frozen=True)
class Setup:
    """What an environment is made for: it is reused for the same function, role, code and variables only.

    `function` is compared by identity: a function that was deleted and created again is another one.
    """

    function: LambdaFunction
    version: str
    role_id: str
    code: Path
    variables: Mapping[str, str]
    fixed: Mapping[str, str]
    """Variables in which /tmp stays as it is."""
    timeout: float

    def fits(self, other: Setup) -> bool:
        """Whether an environment for `other` may serve this."""
        return self.function is other.function and self._compared() == other._compared()

    def _compared(self) -> tuple[object, ...]:
        return (self.version, self.role_id, self.code, self.variables, self.fixed, self.timeout)


@dataclass(frozen=True)
class Ended:
    """How an invocation ended: `failure` is error type and message if the process was killed or exited."""

    output: str
    answer: dict[str, Any] | None
    failure: tuple[str, str] | None
    begun: bool


class Environment:
    """One process, with its folder: event, result, output, /tmp."""

    def __init__(self, world: World, setup: Setup, credentials: Mapping[str, str]) -> None:
        self._children = world.children
        self.setup = setup
        self.credentials = credentials
        self.stream = f"{datetime.now(UTC):%Y/%m/%d}/[{setup.version}]{uuid.uuid4().hex}"
        self.invocations = 0
        self._busy = self._ended = False
        self._until = time.monotonic() + _LIFE
        self._place = world.folder / "functions" / f"{setup.function.function_name}-{uuid.uuid4()}"
        temporary = self._place / "tmp"
        temporary.mkdir(parents=True)
        self._reports, writing = os.pipe()
        try:
            with (self._place / "output").open("wb") as output:
                self._process = world.children.start(
                    # -I: without the caller's PYTHON* variables, user site or folder. Python then caches its bytecode,
                    # so that the next cold start does not compile the libraries again.
                    [sys.executable, "-I", str(_BOOTSTRAP), str(self._place), str(writing)],
                    environment=self._variables(temporary),
                    folder=setup.code,
                    output=output,
                    keep_open=(writing,),
                )
        except BaseException:
            os.close(self._reports)
            shutil.rmtree(self._place, ignore_errors=True)
            raise
        finally:
            os.close(writing)

    def _variables(self, temporary: Path) -> dict[str, str]:
        own = {name: _moved(value, temporary) for name, value in self.setup.variables.items()}
        return {
            "TMPDIR": str(temporary),
            "HOME": str(temporary),
            "AWS_LAMBDA_LOG_STREAM_NAME": self.stream,
            **own,
            **self.setup.fixed,
            **self.credentials,
        }

    @property
    def usable(self) -> bool:
        """Whether the process lives, and its credentials are valid for another invocation."""
        return self._process.poll() is None and time.monotonic() < self._until

    def run(self, event: bytes, request: str) -> Ended:
        """Run an invocation until its end or its timeout."""
        self.invocations += 1
        result, output = self._place / "result.json", self._place / "output"
        result.unlink(missing_ok=True)
        (self._place / "event.json").write_bytes(event)
        before = output.stat().st_size
        self._busy = True
        timeout = self.setup.timeout
        line = {"request": request, "arn": self.setup.function.function_arn, "timeout": timeout}
        begun = False
        failure: tuple[str, str] | None
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(line).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            failure = _exit(self._process.wait())
        else:
            failure, begun = self._wait(timeout)
        with output.open("rb") as written:
            written.seek(before)
            text = written.read().decode(errors="replace")
        answer = json.loads(result.read_bytes()) if failure is None else None
        return Ended(text, answer, failure, begun)

    def _wait(self, timeout: float) -> tuple[tuple[str, str] | None, bool]:
        """Wait for the report of the end; the failure, and whether the handler was called."""
        deadline, begun = time.monotonic() + _START_LIMIT, False
        reported = select.poll()
        reported.register(self._reports, select.POLLIN)
        while True:
            exited = self._process.poll() is not None
            left = deadline - time.monotonic()
            if reported.poll(1000 * max(0.0, min(left, _LOOK_EVERY))):
                report = os.read(self._reports, 1)
                if report == BEGUN:
                    deadline, begun = time.monotonic() + timeout, True
                elif report in (READY, BUSY):
                    # Without its handler, the process is of no use for another invocation.
                    self._busy = report == BUSY or not begun
                    return None, begun
                elif not self._ends_by(deadline):
                    return _timed_out(timeout), begun
                else:
                    return _exit(self._process.wait()), begun
            elif exited:
                return _exit(self._process.wait()), begun
            elif left <= 0:
                return _timed_out(timeout), begun

    def _ends_by(self, deadline: float) -> bool:
        """Whether the process ends in time, once it has closed its pipe."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, deadline - time.monotonic()))
        return self._process.poll() is not None

    @property
    def reusable(self) -> bool:
        """Whether the last invocation ended, and left nothing that runs on."""
        return not self._busy and self.usable

    def end(self) -> None:
        """Kill the process, including child processes of the handler, and delete its folder."""
        if self._ended:
            return
        self._ended = True
        self._children.end(self._process)
        self._process.wait()
        self._children.finished(self._process)
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        os.close(self._reports)
        shutil.rmtree(self._place, ignore_errors=True)


class Environments:
    """The idle environments of one local AWS. They end with it."""

    def __init__(self, world: World) -> None:
        self._lock = threading.Lock()
        self._idle: list[Environment] = []
        self._closed = False
        world.children.at_end(self._close)

    def take(self, setup: Setup) -> Environment | None:
        """An idle environment for `setup`, or None; environments that can serve nothing any more are ended."""
        taken, gone = None, []
        with self._lock:
            for each in self._idle[::-1]:
                fits = setup.fits(each.setup)
                # An environment of the same function with another code or configuration has had its time.
                if not each.usable or (each.setup.function is setup.function and not fits):
                    gone.append(each)
                elif fits and taken is None:
                    taken = each
            self._idle = [each for each in self._idle if each is not taken and each not in gone]
        for each in gone:
            each.end()
        return taken

    def give_back(self, environment: Environment) -> None:
        """Keep an environment for the next invocation, if it can serve one."""
        gone = [environment]
        with self._lock:
            if environment.reusable and not self._closed:
                self._idle.append(environment)
                gone, self._idle = self._idle[:-_MOST_IDLE], self._idle[-_MOST_IDLE:]
        for each in gone:
            each.end()

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            gone, self._idle = self._idle, []
        for each in gone:
            each.end()


def _exit(code: int) -> tuple[str, str]:
    """Error type and message of a process that exited."""
    if code < 0:
        return "Runtime.ExitError", f"Runtime exited with error: signal: {-code}"
    if code > 0:
        return "Runtime.ExitError", f"Runtime exited with error: exit status {code}"
    return "Runtime.ExitError", "Runtime exited without providing a reason"


def _timed_out(timeout: float) -> tuple[str, str]:
    return "Sandbox.Timedout", f"Task timed out after {timeout:.2f} seconds"


def _moved(value: str, temporary: Path) -> str:
    """Map a path below /tmp to the environment's folder; other values are unchanged."""
    if value == "/tmp" or value.startswith("/tmp/"):  # noqa: S108 - the text of the template
        return str(temporary) + value.removeprefix("/tmp")  # noqa: S108
    return value
