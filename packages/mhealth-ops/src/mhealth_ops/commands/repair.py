"""`mhealth restore-table` and `mhealth cleanup-failed-stack`: repairs that CloudFormation does not make by itself."""

from __future__ import annotations

from mhealth_ops.commands.target import Target, with_target


@with_target
def restore_table(target: Target, /) -> None:
    """Create a dropped table again, as the template of this checkout defines it.

    Examples:
    * `mhealth restore-table --aws --region eu-central-1`

    """
    # Imported late: help and completion must not load the AWS libraries.
    from mhealth_ops.operations.restoring import restore_table as restore_table_of
    from mhealth_ops.operations.stacks import Stack
    from mhealth_ops.operations.telling import report_errors

    with report_errors() as console:
        restore_table_of(console, Stack.named(target.stack, target.session()))


@with_target
def cleanup_failed_stack(target: Target, /) -> None:
    """Delete the stack of a failed first deployment, so that the next deployment can start. Changes no other stack.

    Examples:
    * `mhealth cleanup-failed-stack --aws --region eu-central-1`

    """
    from mhealth_ops.operations.deletion import cleanup_failed_stack as clean_up
    from mhealth_ops.operations.stacks import Stack
    from mhealth_ops.operations.telling import report_errors

    with report_errors() as console:
        clean_up(console, Stack.find(target.stack, target.session()))
