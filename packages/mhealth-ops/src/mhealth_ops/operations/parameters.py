"""`mhealth set`: a parameter of a running local stack."""

from __future__ import annotations

from collections.abc import Mapping

from botocore.exceptions import ClientError, WaiterError
from rich.console import Console

from mhealth_ops.operations.errors import OperationFailed
from mhealth_ops.operations.stacks import Stack


def set_parameters(console: Console, stack: Stack, values: Mapping[str, str]) -> None:
    """Update the stack with other values of parameters, and print the changes. Raises OperationFailed."""
    unknown = sorted(values.keys() - stack.parameters.keys())
    if unknown:
        raise OperationFailed(
            f"The stack has no parameter {', '.join(unknown)}. It has: {', '.join(sorted(stack.parameters))}."
        )
    changed = {name: value for name, value in values.items() if stack.parameters[name] != value}
    for name in sorted(values.keys() - changed.keys()):
        console.print(f"{name} is {values[name]!r} already", highlight=False, markup=False, soft_wrap=True)
    if not changed:
        return
    if running := stack.running_executions():
        raise OperationFailed(f"An execution is running: {running[0]}. Wait for its end. Nothing was changed.")
    cloudformation = stack.session.client("cloudformation")
    try:
        cloudformation.update_stack(
            StackName=stack.stack_id,
            UsePreviousTemplate=True,
            Parameters=[
                {"ParameterKey": name, "ParameterValue": changed[name]}
                if name in changed
                else {"ParameterKey": name, "UsePreviousValue": True}
                for name in stack.parameters
            ],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        cloudformation.get_waiter("stack_update_complete").wait(
            StackName=stack.stack_id, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
        )
    except ClientError as error:
        reason = error.response["Error"].get("Message", "").rstrip(".")
        raise OperationFailed(f"{reason}. Nothing was changed.") from None
    except WaiterError as error:
        raise OperationFailed(f"The stack could not be updated ({error}): mhealth explain says why.") from None
    for name, value in changed.items():
        was = stack.parameters[name]
        console.print(f"{name}: {was!r} -> {value!r}", highlight=False, markup=False, soft_wrap=True)
