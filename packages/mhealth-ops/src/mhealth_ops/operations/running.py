"""`mhealth run`: an execution from start to end."""

from __future__ import annotations

import sys

from rich.console import Console

from mhealth_ops.operations.advice import advice
from mhealth_ops.operations.executions import Ended
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.operations.watching import start, watch_execution


def run_and_tell(console: Console, stack: Stack, dataset_version: int | None, *, again: str) -> bool:
    """Start an execution, print its steps and its result; return whether it succeeded. `again` is the command line."""
    execution = start(stack, dataset_version)
    try:
        ended = watch_execution(console, stack, execution)
    except KeyboardInterrupt:
        print(f"Detached; the execution keeps running: {execution}", file=sys.stderr)
        raise
    if ended.status == "SUCCEEDED":
        console.print(f"{how_it_ended(ended)} ({ended.seconds:.1f} s)", highlight=False, soft_wrap=True)
        return True
    print(f"{ended.status} after {ended.seconds:.1f} s: {how_it_ended(ended)}", file=sys.stderr)
    print(f"What to do: {advice(ended.error)}.", file=sys.stderr)
    print(f"The published snapshot is unchanged. To try again: {again}", file=sys.stderr)
    return False


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
