"""How checks run and what is printed."""

from __future__ import annotations

import io
import threading

import pytest
from rich.console import Console

from tools.checks.runner import Check, CheckFailed, CheckSkipped, command, run, with_needed
from tools.waiting import HANG


def fails(text: str) -> str:
    raise CheckFailed(text)


def printed(*checks: Check) -> tuple[bool, list[str]]:
    out = io.StringIO()
    passed = run(checks, Console(file=out, width=60))
    return passed, out.getvalue().splitlines()


def test_each_check_has_a_line_with_its_fact() -> None:
    passed, lines = printed(
        Check("first", lambda: "12 files"), Check("second", lambda: "a fact that is longer than a line " * 3)
    )
    assert passed
    assert len(lines) == 3
    for line, start, end in zip(
        sorted(lines[:2]), ("ok     first", "ok     second"), ("12 files", "line "), strict=True
    ):
        assert line.startswith(start)
        assert line.endswith(end)
    assert lines[2].startswith("all 2 checks passed")


def test_a_failure_shows_what_the_tool_said_and_the_others_still_run() -> None:
    passed, lines = printed(Check("bad", lambda: fails("one\n[two]")), Check("good", lambda: "fine"))
    assert not passed
    place = next(place for place, line in enumerate(lines) if line.startswith("FAILED bad"))
    assert lines[place + 1 : place + 3] == ["       one", "       [two]"]
    assert any(line.startswith("ok     good") for line in lines)
    assert lines[-1].startswith("1 of 2 checks failed")


def test_what_can_not_be_done_here_is_told_and_counted() -> None:
    def lacks() -> str:
        raise CheckSkipped("no Go is on this machine")

    passed, lines = printed(Check("lacking", lacks), Check("good", lambda: "fine"))
    assert passed
    assert any(line.startswith("skip   lacking") and line.endswith("no Go is on this machine") for line in lines)
    assert lines[-1].startswith("1 checks passed, 1 skipped, in ")


def test_what_needs_a_check_that_can_not_be_done_here_is_not_done_either() -> None:
    def lacks() -> str:
        raise CheckSkipped("no sam is on this machine")

    passed, lines = printed(Check("build", lacks), Check("deploy", lambda: fails("it ran"), ("build",)))
    assert passed
    assert any(line.startswith("skip   deploy") and line.endswith("not run: it needs build") for line in lines)
    assert lines[-1].startswith("0 checks passed, 2 skipped, in ")


def test_a_check_that_breaks_has_failed() -> None:
    passed, lines = printed(Check("broken", lambda: str(1 // 0)))
    assert not passed
    assert "       ZeroDivisionError: integer division or modulo by zero" in lines


def test_what_needs_a_failed_check_is_not_run() -> None:
    ran: list[str] = []
    passed, lines = printed(
        Check("last", lambda: ran.append("last") or "", ("middle",)),
        Check("middle", lambda: ran.append("middle") or "", ("first",)),
        Check("first", lambda: fails("no")),
    )
    assert not passed
    assert ran == []
    assert "       not run: it needs first" in lines
    assert "       not run: it needs middle" in lines


def test_no_more_than_two_run_at_a_time() -> None:
    running, most, lock = 0, 0, threading.Lock()
    meeting = threading.Barrier(2, timeout=HANG)

    def job() -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        meeting.wait()  # goes on only when another one runs
        with lock:
            running -= 1
        return ""

    passed, _ = printed(*(Check(f"check {number}", job) for number in range(6)))
    assert passed
    assert most == 2


def test_a_named_check_brings_what_it_needs() -> None:
    checks = [Check("a", str), Check("b", str, ("a",)), Check("c", str, ("b",)), Check("d", str)]
    assert [check.name for check in with_needed(checks, ["c"])] == ["a", "b", "c"]
    with pytest.raises(KeyError):
        with_needed(checks, ["e"])


def test_a_command_that_fails_tells_its_output() -> None:
    assert command("sh", "-c", "echo fine") == "fine\n"
    with pytest.raises(CheckFailed, match=r"^out\nerr$"):
        command("sh", "-c", "echo out; echo err >&2; exit 3")
    with pytest.raises(CheckFailed, match="exited with status 3"):
        command("sh", "-c", "exit 3")
