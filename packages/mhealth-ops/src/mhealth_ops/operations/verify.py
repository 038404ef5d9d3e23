"""`mhealth verify`: one execution, then the checks of a deployed stack."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from mhealth_ops.operations.checks import Check, Verdict, checks
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.operations.watching import watch

_STYLES = {Verdict.HOLDS: "green", Verdict.WARNING: "yellow", Verdict.FAILS: "bold red"}


def verify(console: Console, stack: Stack) -> bool:
    """Run an execution, print every check with its expected and actual result; return whether all passed."""
    console.rule(f"One execution of {stack.name}", align="left")
    ended = watch(console, stack)
    console.print(f"  {ended.status} after {ended.seconds:.1f} s\n", highlight=False)
    console.rule("What must hold", align="left")
    verdicts = []
    for check in checks(stack, ended):
        show(console, check)
        verdicts.append(check.verdict)
    failed = verdicts.count(Verdict.FAILS)
    warnings = verdicts.count(Verdict.WARNING)
    console.print()
    if failed:
        console.print(f"{failed} of {len(verdicts)} checks failed.", style="bold red", highlight=False)
    else:
        reported = f", {warnings} with a warning" if warnings else ""
        console.print(f"All {len(verdicts)} checks hold{reported}.", style="bold green", highlight=False)
    return failed == 0


def show(console: Console, check: Check) -> None:
    """Print a check as one line, and its advice as another."""
    style = _STYLES[check.verdict]
    console.print(
        f"  [{style}]{check.verdict.value:<8}[/{style}] {check.name:<26} "
        f"expected {escape(check.expected)}; found {escape(check.found)}",
        highlight=False,
        soft_wrap=True,
    )
    if check.advice:
        console.print(f"           {escape(check.advice)}", style="dim", highlight=False, soft_wrap=True)
