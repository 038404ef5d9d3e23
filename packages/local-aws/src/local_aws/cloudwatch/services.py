"""The metrics that Lambda and Step Functions publish about themselves."""

from __future__ import annotations

from local_aws.cloudwatch.metrics import add


def invoked(region: str, function: str, *, failed: bool, milliseconds: float) -> None:
    """Record the metrics of an invocation that has ended."""
    of = {"FunctionName": function}
    add(region, "AWS/Lambda", "Invocations", of, 1.0, "Count")
    add(region, "AWS/Lambda", "Errors", of, float(failed), "Count")
    add(region, "AWS/Lambda", "Duration", of, milliseconds, "Milliseconds")


def execution(machine: str, what: str, seconds: float | None = None) -> None:
    """Record the metrics of an execution that has `Started`, `Succeeded`, `Failed`, `TimedOut` or was `Aborted`.

    `seconds` is its duration, if it has ended.
    """
    region, of = machine.split(":")[3], {"StateMachineArn": machine}
    add(region, "AWS/States", f"Executions{what}", of, 1.0, "Count")
    if seconds is not None:
        add(region, "AWS/States", "ExecutionTime", of, seconds * 1000, "Milliseconds")
