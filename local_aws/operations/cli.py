"""The commands of an operator. `make deploy`, `make verify` and `make destroy` call them."""

from __future__ import annotations

from typing import Annotated

import typer

from local_aws.operations.account import session
from local_aws.operations.deletion import make_way as make_way_for
from local_aws.operations.destroy import destroy as destroy_stack
from local_aws.operations.destroy import destroy_data
from local_aws.operations.errors import NoSuchStack, OperationFailed
from local_aws.operations.explain import explain as explain_failure
from local_aws.operations.restoring import restore_table as restore_table_of
from local_aws.operations.stacks import Stack
from local_aws.operations.telling import FAILED, told
from local_aws.operations.verify import verify as verify_stack

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

StackName = Annotated[str, typer.Option("--stack", help="The stack's name.")]
Region = Annotated[str, typer.Option(help="The region; that of the environment or the profile unless named.")]


@app.callback()
def commands() -> None:
    """Operate a deployed stack, on AWS or, with AWS_ENDPOINT_URL, on a local one."""


@app.command()
def verify(stack: StackName = "mhealth", region: Region = "") -> None:
    """Start an execution, watch it, and check the deployment. The exit status is 0 only when every check holds."""
    with told() as console:
        if not verify_stack(console, Stack.named(stack, session(region))):
            raise typer.Exit(FAILED)


@app.command()
def explain(stack: StackName = "mhealth", region: Region = "") -> None:
    """Print why the last deployment or run failed: failed resources, the run's error, and refused requests."""
    with told() as console:
        explain_failure(console, session(region), stack)


@app.command()
def restore_table(stack: StackName = "mhealth", region: Region = "") -> None:
    """Make the table again that somebody dropped, as the template at hand defines it."""
    with told() as console:
        restore_table_of(console, Stack.named(stack, session(region)))


@app.command()
def make_way(stack: StackName = "mhealth", region: Region = "") -> None:
    """Delete what a failed first deployment left, so that the next one can go on. Leaves any other stack alone."""
    with told() as console:
        make_way_for(console, Stack.find(stack, session(region)))


@app.command()
def destroy(
    *,
    stack: StackName = "mhealth",
    region: Region = "",
    confirm: Annotated[str, typer.Option(help="The stack's name again, where nobody can be asked.")] = "",
    delete_data: Annotated[bool, typer.Option(help="Empty and delete the data bucket, too.")] = False,
    bucket: Annotated[str, typer.Option(help="The bucket of a stack that is gone; with --delete-data.")] = "",
) -> None:
    """Delete a stack after its name was said again. The data stays unless --delete-data says otherwise."""
    with told() as console:
        account = session(region)
        if bucket:
            if not delete_data:
                raise OperationFailed(
                    f"BUCKET={bucket} names data to remove. Say DELETE_DATA=1, too. Nothing was deleted."
                )
            destroy_data(console, account, stack, bucket, confirm=confirm)
            return
        found = Stack.find(stack, account)
        if found is None:
            raise NoSuchStack(
                f"There is no stack {stack} in {account.region_name}: nothing was deleted. Is its bucket left? "
                f"make destroy STACK={stack} BUCKET=its-name DELETE_DATA=1"
            )
        destroy_stack(console, found, confirm=confirm, delete_data=delete_data)
