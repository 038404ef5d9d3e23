"""Deletion of a stack, with its failures."""

from __future__ import annotations

import time

from rich.console import Console

from mhealth_ops.operations.errors import DeletionFailed
from mhealth_ops.operations.failed_events import print_failed_events
from mhealth_ops.operations.stacks import Stack

FAILED_FIRST_DEPLOYMENT = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")
"""The states of a stack that was never deployed. It can only be deleted, and has no data."""

DELETE_SECONDS = 1800
SHORTEST_PAUSE, LONGEST_PAUSE = 0.25, 5.0


def cleanup_failed_stack(console: Console, stack: Stack | None) -> None:
    """Delete the stack of a failed first deployment, which CloudFormation can neither update nor create again."""
    if stack is None or stack.status not in FAILED_FIRST_DEPLOYMENT:
        return
    console.print(
        f"The first deployment of {stack.name} failed and left it in {stack.status}. It has no data: "
        "it is deleted first. Reasons of the failure:",
        highlight=False,
        soft_wrap=True,
    )
    print_failed_events(console, stack.session, stack.stack_id)
    delete(console, stack)


def delete(console: Console, stack: Stack) -> None:
    """Delete the stack and wait for the end. Raises DeletionFailed after printing the reason of every resource."""
    cloudformation = stack.session.client("cloudformation")
    cloudformation.delete_stack(StackName=stack.stack_id)
    deadline, pause = time.monotonic() + DELETE_SECONDS, SHORTEST_PAUSE
    with console.status(f"deleting {stack.name} ..."):
        while (now := Stack.find(stack.stack_id, stack.session)) is not None:
            if now.status == "DELETE_FAILED":
                print_failed_events(console, stack.session, stack.stack_id)
                raise DeletionFailed(
                    f"The stack {stack.name} could not be deleted: the reasons are above. Fix them and try again; "
                    "its data is unchanged."
                )
            if time.monotonic() > deadline:
                raise DeletionFailed(f"The stack {stack.name} is {now.status} after {DELETE_SECONDS // 60} minutes.")
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
    console.print(f"  deleted the stack {stack.name}", highlight=False)
