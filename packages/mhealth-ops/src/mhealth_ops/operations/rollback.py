"""Rollback to an older snapshot by the stack's named query RollBack, after checks and confirmation."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from mhealth_ops.operations.errors import NotConfirmed, OperationFailed
from mhealth_ops.operations.queries import named_query, run_query
from mhealth_ops.operations.snapshots import Snapshot, readers_see, recorded, require_complete, written
from mhealth_ops.operations.stacks import Stack

NAMED_QUERY, PLACEHOLDER = "RollBack", "YYYYMMDDHHMMSS"
"""The named query, and its placeholder for the snapshot's number."""


@dataclass(frozen=True)
class Plan:
    """A planned rollback; `now` is None where no snapshot is published."""

    now: int | None
    to: Snapshot
    statement: str


def roll_back(console: Console, stack: Stack, to: int | None, *, confirmed: bool, undo: str) -> None:
    """Publish the snapshot `to`, or the one before the published one, after confirmation unless `yes`.

    `undo` is the command that publishes the current one again, without the snapshot's number at its end. Raises
    OperationFailed if there is no other snapshot, it is incomplete, or an execution runs; NotConfirmed.
    """
    found = plan(stack, to)
    if found is None:
        console.print(f"Snapshot {to} is published already: nothing to do.", highlight=False)
        return
    new = found.to
    subjects = f"{new.subjects} subject{'' if new.subjects == 1 else 's'}"
    now = "none: there is no view, or it names no snapshot" if found.now is None else f"snapshot {found.now}"
    undoing = f"\nto undo           {undo} {found.now}" if found.now else ""
    console.print(
        f"published now     {now}\n"
        f"after rollback    snapshot {new.number}: {new.rows:,} rows of {subjects}, dataset version "
        f"{new.raw_version}\n"
        f"statement         {found.statement}\n"
        f"in effect         until a run has something new to publish: a newer version of the dataset, or other code"
        f"{undoing}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    if not confirmed:
        _require_confirmation(console)
    run_query(stack, found.statement)
    seen = readers_see(stack)
    if seen != new.number:
        raise OperationFailed(f"The view shows snapshot {seen}, not {new.number}: another one was published meanwhile.")
    console.print(f"Snapshot {seen} is published.", highlight=False)


def plan(stack: Stack, to: int | None) -> Plan | None:
    """The plan, None if `to` is published already. Raises OperationFailed as `roll_back` does."""
    now, published = readers_see(stack), recorded(stack)
    if now is None and not published:
        raise OperationFailed("Nothing is published yet, so there is nothing to roll back: start mhealth run.")
    if to is not None and to == now:
        return None
    target = _target(written(stack), published, now, to)
    if running := stack.running_executions():
        raise OperationFailed(
            f"An execution is running: {running[0]}. It may publish, or delete the snapshot that you "
            "choose. Wait for its end and try again. Nothing was changed."
        )
    require_complete(stack, target)
    return Plan(now, target, named_query(stack, NAMED_QUERY).statement.replace(PLACEHOLDER, str(target.number)))


def _target(kept: list[Snapshot], published: set[int], now: int | None, to: int | None) -> Snapshot:
    """The snapshot to publish, one of those that were published earlier."""
    offered = [snapshot for snapshot in kept if snapshot.number in published and snapshot.number != now]
    others = ", ".join(str(snapshot.number) for snapshot in offered) or "none"
    choice = f"{f'Besides {now}, which is published, these' if now else 'These'} were published and are kept: {others}."
    if to is None:
        if now is None:
            raise OperationFailed(f"No snapshot is published, so none is before it: choose one with --to. {choice}")
        older = [snapshot for snapshot in offered if snapshot.number < now]
        if older:
            return older[-1]
        raise OperationFailed(f"There is no snapshot before {now}, the published one. {choice}")
    for snapshot in offered:
        if snapshot.number == to:
            return snapshot
    there = any(snapshot.number == to for snapshot in kept)
    why = f"Snapshot {to} was never published: its run failed, or refused it" if there else f"There is no snapshot {to}"
    raise OperationFailed(f"{why}. {choice} Nothing was changed.")


def _require_confirmation(console: Console) -> None:
    if not sys.stdin.isatty():
        raise NotConfirmed("Confirmation required: pass --yes. Nothing was changed.")
    if console.input(Text("Do it? [y/N] ")).strip().lower() not in {"y", "yes"}:
        raise NotConfirmed("Nothing was changed.")
