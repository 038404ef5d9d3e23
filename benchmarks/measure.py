"""Runs a command and measures it: seconds, CPU seconds, peak memory of all its processes."""

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

_SAMPLE_SECONDS = 0.25  # each look costs the system some milliseconds for a large process
_LAST_LINES = 25


class RunFailed(Exception):
    """A measured process failed or took too long; the message holds the end of its log."""


@dataclass(frozen=True)
class Usage:
    """What a command took: wall-clock and CPU seconds, and the most memory that its processes held together (bytes).

    Memory is the proportional set size, in which pages that several processes share count once; where the system tells
    none, the resident set size.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def run(
    command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path, limit_seconds: float
) -> Usage:
    """Run a command in a process group of its own, its output to `log`. Raises RunFailed."""
    os.sync()  # what was written before must not be paid by this run
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
    # The system knows of every process that was waited for, the watch of those that nobody waited for.
    cpu_seconds = max(watch.cpu_seconds, _children_cpu() - cpu_before)
    return Usage(round(seconds, 3), round(cpu_seconds, 2), watch.peak_bytes)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a process that leads a group, and wait for it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def last_lines(log: Path) -> str:
    """The end of a log."""
    return "\n".join(log.read_text(encoding="utf-8", errors="backslashreplace").splitlines()[-_LAST_LINES:])


def _waited(process: subprocess.Popen[bytes], limit_seconds: float, log: Path) -> int:
    try:
        return process.wait(timeout=limit_seconds)
    except subprocess.TimeoutExpired as error:
        raise RunFailed(f"not done after {limit_seconds:.0f} s, ended:\n{last_lines(log)}") from error


def _name(command: Sequence[str]) -> str:
    return " ".join(command)[:300]


class _Watch(Thread):
    """Looks at a process and its descendants until it is stopped."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root = pid
        self._stopped = Event()
        self._cpu: dict[tuple[int, float], float] = {}
        self.peak_bytes = 0

    @property
    def cpu_seconds(self) -> float:
        """Of all processes, as last seen."""
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
