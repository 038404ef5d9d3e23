"""`mhealth verify` and `mhealth explain`: check a deployed stack, and explain a failure."""

from __future__ import annotations

import typer

from mhealth_ops.commands.target import Target, with_target


@with_target
def verify(target: Target, /) -> None:
    """Start an execution, follow it, and check the deployment.

    Exits with 0 only if every check passes.

    Examples:
    * `mhealth verify`

    * `mhealth verify --aws --region eu-central-1`

    """
    # Imported late: help and completion must not load the AWS libraries.
    from mhealth_ops.operations.stacks import Stack
    from mhealth_ops.operations.telling import FAILED, report_errors
    from mhealth_ops.operations.verify import verify as verify_stack

    with report_errors() as console:
        if not verify_stack(console, Stack.named(target.stack, target.session())):
            raise typer.Exit(FAILED)


@with_target
def explain(target: Target, /) -> None:
    """Print why the last deployment or run failed: failed resources, the run's error, and denied requests.

    Examples:
    * `mhealth explain --aws --region eu-central-1`

    """
    from mhealth_ops.operations.explain import explain as explain_failure
    from mhealth_ops.operations.telling import report_errors

    with report_errors() as console:
        explain_failure(console, target.session(), target.stack)
