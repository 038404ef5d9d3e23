"""The child processes of the local AWS, which end with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

from local_aws.core.environment import moved_clock


class Process(Protocol):
    """A process that leads its own process group."""

    @property
    def pid(self) -> int:
        """The process id, and that of the group."""


class Children:
    """The running child processes: each has its own process group, and `end_all` ends all."""

    def __init__(self) -> None:
        self._running: set[Process] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._at_end: list[Callable[[], None]] = []

    @property
    def closed(self) -> bool:
        """Whether `end_all` was called."""
        return self._closed

    def at_end(self, action: Callable[[], None]) -> None:
        """Call `action` after `end_all` has killed the children."""
        self._at_end.append(action)

    def start(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        output: int | IO[bytes],
        keep_open: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Start `command` in `folder`; all its output goes to `output`, and it gets the descriptors `keep_open`.

        Its variables are `environment`, and those of a moved clock.

        Raises RuntimeError after `end_all`.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError("the local AWS is stopping: no new process is started")
            child = subprocess.Popen(
                list(command),
                env={**environment, **moved_clock()},
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Its own group: Spark's launcher, JVM and Python workers end together.
                start_new_session=True,
                pass_fds=keep_open,
            )
            self._running.add(child)
            return child

    def adopt(self, child: Process) -> None:
        """Take a process that another one started as a child. Raises RuntimeError after `end_all`, and kills it."""
        with self._lock:
            self._running.add(child)
            if not self._closed:
                return
        self.end(child)
        raise RuntimeError("the local AWS is stopping: no new process is started")

    def finished(self, child: Process) -> None:
        """Forget a child that has ended."""
        with self._lock:
            self._running.discard(child)

    def end(self, child: Process) -> None:
        """Kill a child and everything it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)

    def kill_running(self) -> None:
        """Kill the running children and everything that they started; new ones may be started."""
        with self._lock:
            running = list(self._running)
        for child in running:
            self.end(child)

    def end_all(self) -> None:
        """Kill all children and everything that they started; start no new ones."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for child in running:
            self.end(child)
        for action in self._at_end:
            action()
