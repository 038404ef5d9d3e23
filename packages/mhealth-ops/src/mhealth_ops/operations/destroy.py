"""Deletion of a stack, and of its data on request, after confirmation of its name."""

from __future__ import annotations

import sys

import boto3
from rich.console import Console

from mhealth_ops.operations import data, deletion
from mhealth_ops.operations.errors import BucketNotOwnedByStack, NoSuchStack, NotConfirmed
from mhealth_ops.operations.stacks import Stack

_OURS = "Custom::GlueCode"
"""A resource that identifies this project's template."""


def destroy(console: Console, stack: Stack, *, confirm: str, delete_data: bool, again: str) -> None:
    """Delete the stack. Its bucket and key are retained, or deleted with `delete_data`.

    `confirm` is the stack's name; if it is empty, the user is asked. `again` is the command line.
    Raises NotConfirmed, NoSuchStack for a stack that is not this project's, BucketNotOwnedByStack, DeletionFailed.
    """
    _require_this_projects(stack)
    # Before the deletion: afterwards the stack's bucket is unknown.
    kept = data.of_stack(stack)
    if kept and delete_data:
        data.require_owned_by(stack.session, kept.bucket, stack.name, stack.stack_id)
    if running := stack.running_executions():
        raise NotConfirmed(
            f"An execution is running: {running[0]}. Wait for its end, or stop it (aws stepfunctions stop-execution "
            f"--execution-arn {running[0]}), and try again. Nothing was deleted."
        )
    where = f"stack {stack.name} in {stack.session.region_name}"
    if kept is None:
        what = f"This deletes the {where}; it has no data bucket."
    elif delete_data:
        what = f"This deletes the {where}, AND ALL ITS DATA in {kept.bucket}, every version."
    else:
        what = f"This deletes the {where}. Its bucket {kept.bucket} and its key {kept.key} are kept."
    _require_confirmation(console, what, stack.name, confirm)
    deletion.delete(console, stack)
    if kept and delete_data:
        data.remove(
            stack.session, kept, lambda reported: console.print(f"  {reported}", highlight=False, soft_wrap=True)
        )
    elif kept:
        console.print(
            f"  kept the data: s3://{kept.bucket}, encrypted with the key {kept.key}\n"
            f"  to remove both: {again} --bucket {kept.bucket} --delete-data",
            highlight=False,
            soft_wrap=True,
        )


def destroy_data(console: Console, session: boto3.Session, name: str, bucket: str, *, confirm: str) -> None:
    """Delete the retained bucket and key of a deleted stack called `name`.

    Raises BucketNotOwnedByStack for a bucket of another or of an existing stack, NotConfirmed, DeletionFailed.
    """
    owner = data.require_owned_by(session, bucket, name, None)
    if Stack.find(owner, session) is not None:
        raise BucketNotOwnedByStack(
            f"The bucket {bucket} belongs to the stack {name}, which exists: delete that first, without --bucket. "
            "Nothing was deleted."
        )
    what = f"This deletes ALL DATA in {bucket}, every version, which the stack {name} retained."
    _require_confirmation(console, what, name, confirm)
    left = data.Data(bucket, data.key_of(session, bucket, owner))
    data.remove(session, left, lambda reported: console.print(f"  {reported}", highlight=False, soft_wrap=True))


def _require_this_projects(stack: Stack) -> None:
    """Require that the stack has this project's template: a mistyped name must not delete another stack."""
    template = stack.session.client("cloudformation").get_template(StackName=stack.stack_id)["TemplateBody"]
    if _OURS not in str(template):
        raise NoSuchStack(f"The stack {stack.name} was not made from this project's template: nothing was deleted.")


def _require_confirmation(console: Console, what: str, name: str, confirm: str) -> None:
    console.print(what, highlight=False, markup=False, soft_wrap=True)
    if not confirm:
        if not sys.stdin.isatty():
            raise NotConfirmed(
                f"Confirmation required: pass --confirm {name} (make: CONFIRM={name}). Nothing was deleted."
            )
        confirm = console.input(f"Type the name of the stack ({name}) to continue: ")
    if confirm != name:
        raise NotConfirmed(f"{confirm!r} is not {name!r}. Nothing was deleted.")
