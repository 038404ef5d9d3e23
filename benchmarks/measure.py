"""Measurement of a command: seconds, CPU seconds, peak memory of all its processes."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psutil

_SAMPLE_SECONDS = 0.25  # each sample costs some milliseconds for a large process
_LAST_LINES = 25


class RunFailed(Exception):
    """A measured process failed or timed out; the message has the end of its log."""


@dataclass(frozen=True)
class Usage:
    """The usage of a command: wall-clock and CPU seconds, and the peak memory of its processes together (bytes).

    Memory is the proportional set size, which counts shared pages once; elsewhere the resident set size.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def run(
    command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path, limit_seconds: float
) -> Usage:
    """Run a command in its own process group, with output to `log`. Raises RunFailed."""
    os.sync()  # pending writes must not slow down this run
    cpu_before = _children_cpu()
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            list(command),
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        watch = _Watch(process.pid)
        watch.start()
        try:
            code = _waited(process, limit_seconds, log)
            seconds = time.perf_counter() - started
        finally:
            watch.stop()
            end_group(process)
    if code:
        raise RunFailed(f"exit status {code} of {_name(command)}:\n{last_lines(log)}")
    # The system counts processes that were waited for, the sampling those that were not.
    cpu_seconds = max(watch.cpu_seconds, _children_cpu() - cpu_before)
    return Usage(round(seconds, 3), round(cpu_seconds, 2), watch.peak_bytes)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the rest of a process group, and wait for its leader."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def last_lines(log: Path) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(encoding="utf-8", errors="backslashreplace").splitlines()[-_LAST_LINES:])


def _waited(process: subprocess.Popen[bytes], limit_seconds: float, log: Path) -> int:
    try:
        return process.wait(timeout=limit_seconds)
    except subprocess.TimeoutExpired as error:
        raise RunFailed(f"not done after {limit_seconds:.0f} s, ended:\n{last_lines(log)}") from error


def _name(command: Sequence[str]) -> str:
    return " ".join(command)[:300]


class _Watch(Thread):
    """Samples a process and its descendants until it is stopped."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root = pid
        self._stopped = Event()
        self._cpu: dict[tuple[int, float], float] = {}
        self.peak_bytes = 0

    @property
    def cpu_seconds(self) -> float:
        """The CPU seconds of all processes, by the last sample."""
        return sum(self._cpu.values())

    def run(self) -> None:
        while not self._stopped.wait(_SAMPLE_SECONDS):
            self._look()

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def _look(self) -> None:
        try:
            root = psutil.Process(self._root)
            processes = [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        together = 0
        for process in processes:
            try:
                times = process.cpu_times()
                self._cpu[process.pid, process.create_time()] = times.user + times.system
                memory = process.memory_full_info()
                together += getattr(memory, "pss", memory.rss)
            except psutil.Error:
                continue
        self.peak_bytes = max(self.peak_bytes, together)
