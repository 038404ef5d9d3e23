"""Completion of values in a shell: names of the stack. It never fails, and never connects to AWS without `--aws`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from mhealth_ops.commands.target import Target
    from mhealth_ops.operations.stacks import Stack


def _target(context: typer.Context, stack: str | None = None) -> Target:
    from mhealth_ops.commands.target import Target
    from mhealth_ops.project import STACK

    given = context.params
    return Target(
        on_aws=bool(given.get("on_aws")),
        stack=stack or str(given.get("stack") or STACK),
        region=str(given.get("region") or ""),
        profile=str(given.get("profile") or ""),
        endpoint=str(given.get("endpoint") or os.environ.get("LOCAL_AWS_ENDPOINT", "")),
    )


def _values(
    context: typer.Context, incomplete: str, find: Callable[[Stack], Iterable[tuple[str, str]]]
) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    with contextlib.suppress(Exception):
        found = [each for each in find(_target(context).find()) if each[0].startswith(incomplete)]
    return found


def named_queries(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The names of the stack's named queries, with their descriptions."""

    def find(stack: Stack) -> Iterable[tuple[str, str]]:
        from mhealth_ops.operations.queries import named_queries as all_of

        return ((each.name, each.description) for each in all_of(stack))

    return _values(context, incomplete, find)


def snapshots(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The snapshots that were published and are kept, with their rows."""

    def find(stack: Stack) -> Iterable[tuple[str, str]]:
        from mhealth_ops.operations.snapshots import recorded, written

        published = recorded(stack)
        return (
            (str(each.number), f"version {each.raw_version}, {each.rows:,} rows")
            for each in reversed(written(stack))
            if each.number in published
        )

    return _values(context, incomplete, find)


def executions(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The names of the last executions, with their start and status."""

    def find(stack: Stack) -> Iterable[tuple[str, str]]:
        listed = stack.session.client("stepfunctions").list_executions(
            stateMachineArn=stack.outputs["StateMachineArn"], maxResults=20
        )
        return (
            (each["name"], f"{each['startDate']:%Y-%m-%d %H:%M:%S} {each['status']}") for each in listed["executions"]
        )

    return _values(context, incomplete, find)


def stacks(context: typer.Context, incomplete: str) -> list[str]:
    """The names of this project's stacks."""
    found: list[str] = []
    with contextlib.suppress(Exception):
        from mhealth_ops.operations.stacks import names_of_stacks

        found = [name for name in names_of_stacks(_target(context, "any").session()) if name.startswith(incomplete)]
    return found


def stages_with_logs(incomplete: str) -> list[str]:
    """The states that have a log."""
    from mhealth_ops.operations.logs import STAGES_WITH_LOGS

    return [stage for stage in STAGES_WITH_LOGS if stage.startswith(incomplete)]
