"""What is told of a process: its time, its work, its memory and that of its children."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchmarks.measure import RunFailed, Usage, run
from tools.waiting import HANG

MB = 1_000_000
HOLD = "import time; held = bytearray({size}); held[::4096] = b'x' * len(held[::4096]); time.sleep(1)"


def python(script: str, folder: Path, limit_seconds: float = 60) -> Usage:
    return run(
        [sys.executable, "-c", script],
        environment=dict(os.environ),
        folder=folder,
        log=folder / "log",
        limit_seconds=limit_seconds,
    )


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_memory_of_children_counts(tmp_path: Path) -> None:
    child = HOLD.format(size=150 * MB)
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    usage = python(script, tmp_path)
    assert 150 * MB < usage.peak_bytes < 250 * MB
    assert usage.seconds >= 1


def test_waiting_is_time_and_no_work(tmp_path: Path) -> None:
    usage = python("import time; time.sleep(1.5)", tmp_path)
    assert usage.seconds >= 1.5
    assert usage.cpu_seconds < 1


def test_work_of_children_counts(tmp_path: Path) -> None:
    busy = "import time\nwhile time.process_time() < 1: pass"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    assert python(script, tmp_path).cpu_seconds >= 1


def test_a_failure_ends_with_the_log(tmp_path: Path) -> None:
    with pytest.raises(RunFailed, match=r"exit status 3 of .*\nthe reason$"):
        python("import sys; print('the reason'); sys.exit(3)", tmp_path)


def test_a_run_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    script = f"""
import pathlib, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(6000)"])
pathlib.Path({str(begun)!r}).write_text(str(child.pid))
child.wait()
"""
    for seconds in (1, 5, 25, 125):  # on a slow machine the child begins late
        with pytest.raises(RunFailed, match=f"not done after {seconds} s, ended"):
            python(script, tmp_path, limit_seconds=seconds)
        if begun.exists() and begun.read_text():
            break
    deadline = time.monotonic() + HANG
    while lives(int(begun.read_text())):
        assert time.monotonic() < deadline, "the child goes on"
        time.sleep(0.02)
