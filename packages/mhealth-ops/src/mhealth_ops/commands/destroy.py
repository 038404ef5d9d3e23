"""`mhealth destroy`: delete a stack, or the data of a deleted stack, after confirmation."""

from __future__ import annotations

from typing import Annotated

import typer

from mhealth_ops.commands.target import Target, with_target


@with_target
def destroy(
    target: Target,
    /,
    *,
    confirm: Annotated[str, typer.Option(metavar="NAME", help="The stack's name, to confirm without a prompt.")] = "",
    delete_data: Annotated[bool, typer.Option("--delete-data", help="Also empty and delete the data bucket.")] = False,
    bucket: Annotated[
        str, typer.Option(metavar="BUCKET", help="The bucket of a deleted stack; with --delete-data.")
    ] = "",
) -> None:
    """Delete a stack after you confirm its name. Keeps the data unless `--delete-data` is given.

    Exits with 1, and deletes nothing, if the stack is not this project's, the bucket is not the stack's, or an
    execution runs.

    Examples:
    * `mhealth destroy`

    * `mhealth destroy --aws --stack mhealth --region eu-central-1`

    """
    # Imported late: help and completion must not load the AWS libraries.
    from mhealth_ops.operations.destroy import destroy as destroy_stack
    from mhealth_ops.operations.destroy import destroy_data
    from mhealth_ops.operations.errors import NoSuchStack, OperationFailed
    from mhealth_ops.operations.stacks import Stack
    from mhealth_ops.operations.telling import report_errors

    again = f"mhealth destroy{target.options()}"
    with report_errors() as console:
        account = target.session()
        if bucket:
            if not delete_data:
                raise OperationFailed(
                    f"--bucket {bucket} selects data to delete. Add --delete-data (make: DELETE_DATA=1). "
                    "Nothing was deleted."
                )
            destroy_data(console, account, target.stack, bucket, confirm=confirm)
            return
        found = Stack.find(target.stack, account)
        if found is None:
            raise NoSuchStack(
                f"There is no stack {target.stack} in {account.region_name} {target.where()}: nothing was deleted. "
                f"To delete its bucket: {again} --bucket its-name --delete-data"
            )
        destroy_stack(console, found, confirm=confirm, delete_data=delete_data, again=again)
