"""`mhealth run`: an execution from start to end."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.text import Text

from mhealth_ops.operations.advice import LASTING, advice
from mhealth_ops.operations.errors import OperationFailed
from mhealth_ops.operations.executions import Ended
from mhealth_ops.operations.reports import Report
from mhealth_ops.operations.snapshots import readers_see
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.operations.telling import new_console, print_wrapped
from mhealth_ops.operations.watching import watch_execution


def follow_and_tell(console: Console, stack: Stack, execution: str, options: str) -> bool:
    """Print the stages of an execution and its result; return whether it succeeded.

    `options` are those of this command line that select the stack.
    """
    try:
        ended = watch_execution(console, stack, execution)
    except KeyboardInterrupt:
        print(
            f"Detached; the execution keeps running. To follow it again: mhealth run{options} --follow {execution}",
            file=sys.stderr,
        )
        raise
    if ended.status == "SUCCEEDED":
        console.print(f"{how_it_ended(ended)} ({ended.seconds:.1f} s)", highlight=False, soft_wrap=True)
        return True
    # Not "unchanged": RecordSuccess fails after the view has moved.
    snapshot = readers_see(stack)
    seen = "Nothing is published yet" if snapshot is None else f"Readers see snapshot {snapshot}"
    again = "Afterwards, start it again" if ended.error in LASTING else "To try again"
    errors = new_console(error=True)
    for line in (
        f"{ended.status} after {ended.seconds:.1f} s: {how_it_ended(ended)}",
        *_report(stack, execution, ended, options),
        f"What to do: {advice(ended.error, options)}.",
        f"{seen}. {again}: mhealth run{options}",
    ):
        print_wrapped(errors, Text(line), 2)
    return False


def _report(stack: Stack, execution: str, ended: Ended, options: str) -> list[str]:
    """The line with the address of a failed run's report, none where it has none."""
    found = Report.of_run(execution, ended)
    address = found.address(stack) if found else None
    name = execution.rpartition(":")[2]
    return [f"Report: {address}; to open it: mhealth report{options} --run {name} --open"] if address else []


def execution_named(stack: Stack, name: str) -> str:
    """The ARN of an execution of the stack, by its ARN or its name. Raises OperationFailed if there is none."""
    machine = stack.outputs["StateMachineArn"]
    prefix = machine.replace(":stateMachine:", ":execution:") + ":"
    if name.startswith("arn:") and not name.startswith(prefix):
        raise OperationFailed(f"The execution {name} is not one of the stack {stack.name}, whose are {prefix}NAME.")
    execution = prefix + name.removeprefix(prefix)
    sfn = stack.session.client("stepfunctions")
    try:
        sfn.describe_execution(executionArn=execution)
    except (sfn.exceptions.ExecutionDoesNotExist, sfn.exceptions.InvalidArn):
        raise OperationFailed(f"There is no execution {execution}: mhealth status lists the last ones.") from None
    return execution


def how_it_ended(ended: Ended) -> str:
    """The outcome of an execution as text: the published snapshot, or why there is none, or its error and cause."""
    if ended.status != "SUCCEEDED":
        return ended.reason or "no reason told"
    outcome = ended.output.get("outcome")
    if outcome == "published":
        return f"published snapshot {ended.output['snapshot']}: {int(ended.output['rows']):,} rows"
    if outcome == "published again":
        return f"published snapshot {ended.output['snapshot']} again: {ended.output.get('message', '')}"
    if outcome == "unchanged":
        return f"nothing new: {ended.output.get('message', '')}"
    return f"{outcome}: {ended.output.get('message', '')}"
