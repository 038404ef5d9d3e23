"""The runner: runs checks, two at a time, and prints a line for each when it ends."""

from __future__ import annotations

import subprocess
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import TopologicalSorter

from rich.console import Console
from rich.text import Text

AT_ONCE = 2
_NAME_WIDTH = 34


class CheckFailed(Exception):
    """A check has findings; the message is printed below its line."""


class CheckSkipped(Exception):
    """A check cannot run on this machine; the message says what is missing. This is not a failure."""


@dataclass(frozen=True)
class Check:
    """A named check.

    `run` returns a short summary, or raises CheckFailed or CheckSkipped; any other exception fails the check too.
    `needs` and `after` are the checks whose results it uses: it runs after them, and not if one of them failed. Of a
    check in `needs` that was skipped there is no result; one in `after` leaves what this check needs all the same.
    """

    name: str
    run: Callable[[], str]
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """The result of a check: its summary or findings, and its seconds."""

    passed: bool
    text: str
    seconds: float
    skipped: bool = False


def command(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a tool; return its output. Raises CheckFailed with the output where the exit status is not 0."""
    done = subprocess.run(
        arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise CheckFailed(done.stdout.rstrip() or f"{arguments[0]} exited with status {done.returncode}")
    return done.stdout


def with_needed(checks: Sequence[Check], names: Sequence[str]) -> list[Check]:
    """The named checks and those that they need, in order. Raises KeyError for an unknown name."""
    known = {check.name: check for check in checks}
    wanted: set[str] = set()
    ahead = list(names)
    while ahead:
        check = known[ahead.pop()]
        wanted.add(check.name)
        ahead += [*check.needs, *check.after]
    return [check for check in checks if check.name in wanted]


def run(checks: Sequence[Check], console: Console) -> bool:
    """Run all checks, also after a failure; return whether all passed."""
    known = {check.name: check for check in checks}
    ahead = {check.name: [each for each in (*check.needs, *check.after) if each in known] for check in checks}
    order = TopologicalSorter(ahead)
    order.prepare()
    failed: set[str] = set()
    left_out: set[str] = set()
    started = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running: dict[Future[Outcome], str] = {}
        ready: list[str] = []
        while order.is_active():
            ready += order.get_ready()
            # The first check that can start does: the checks that others need are early in the list.
            ready.sort(key=list(known).index)
            while ready and len(running) < AT_ONCE:
                name = ready.pop(0)
                lacking = [need for need in (*known[name].needs, *known[name].after) if need in failed]
                absent = [need for need in known[name].needs if need in left_out]
                job = _not_run(CheckFailed, lacking) if lacking else known[name].run
                job = _not_run(CheckSkipped, absent) if absent else job
                running[pool.submit(_outcome, job)] = name
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(future)
                outcome = future.result()
                if outcome.skipped:
                    left_out.add(name)
                if not outcome.passed:
                    failed.add(name)
                _print(console, name, outcome)
                order.done(name)
    seconds = time.monotonic() - started
    passed = f"all {len(checks)} checks passed" if not left_out else f"{len(checks) - len(left_out)} checks passed"
    verdict = f"{len(failed)} of {len(checks)} checks failed" if failed else passed
    verdict += f", {len(left_out)} skipped," if left_out else ""
    console.print(Text(f"{verdict} in {seconds:.0f} s", style="bold red" if failed else "bold green"))
    return not failed


def _not_run(kind: type[Exception], lacking: Sequence[str]) -> Callable[[], str]:
    def job() -> str:
        raise kind(f"not run: it needs {', '.join(lacking)}")

    return job


def _outcome(job: Callable[[], str]) -> Outcome:
    started = time.monotonic()
    try:
        return Outcome(True, job(), time.monotonic() - started)
    except CheckFailed as failure:
        return Outcome(False, str(failure), time.monotonic() - started)
    except CheckSkipped as reason:
        return Outcome(True, str(reason), time.monotonic() - started, skipped=True)
    except Exception:  # noqa: BLE001 - a check that breaks has failed, and the others go on
        return Outcome(False, traceback.format_exc(), time.monotonic() - started)


def _word(outcome: Outcome) -> tuple[str, str]:
    if outcome.skipped:
        return "skip   ", "yellow"
    return ("ok     ", "green") if outcome.passed else ("FAILED ", "bold red")


def _print(console: Console, name: str, outcome: Outcome) -> None:
    line = Text.assemble(
        _word(outcome),
        f"{name:<{_NAME_WIDTH}}",
        (f"{outcome.seconds:6.1f} s", "dim"),
    )
    if outcome.passed:
        line.append(f"   {outcome.text}")
    console.print(line, soft_wrap=True)
    if not outcome.passed:
        console.print(Text("\n".join(f"       {each}" for each in outcome.text.splitlines())), soft_wrap=True)
