"""A command that ends with its parent, however the parent ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from local_aws.athena.trino import supervise
from local_aws_harness.waiting import HANG

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, sys.argv[1], sys.executable, "-c",
    "import os, time; print(os.getpid(), flush=True); time.sleep(600)"], stdin=subprocess.PIPE, start_new_session=True)
child.wait()
"""


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.notices("packages/local-aws/src/local_aws/athena/trino/supervise.py", "    child.kill()", "    pass")
def test_a_killed_parent_takes_the_command_along() -> None:
    command = [sys.executable, "-c", PARENT, str(supervise.__file__)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert lives(pid)
        parent.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + HANG
        while lives(pid):
            assert time.monotonic() < deadline, "the command outlives its parent"
            time.sleep(0.02)


def test_the_status_is_that_of_the_command() -> None:
    for code, status in (("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 137)):
        command = [sys.executable, str(supervise.__file__), sys.executable, "-c", code]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            assert process.wait(timeout=HANG) == status
