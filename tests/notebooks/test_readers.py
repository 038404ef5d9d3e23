"""The third notebook asks before it starts a run on AWS, and before the readers there get another snapshot."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from tools.paths import NOTEBOOKS

CELLS = [
    "".join(cell["source"])
    for cell in json.loads((NOTEBOOKS / "03_pipeline.ipynb").read_text())["cells"]
    if cell["cell_type"] == "code"
]


@dataclass
class Stack:
    """A stack with two snapshots, and what was typed and asked."""

    connection: Any
    seen: int = 20260102000000
    moves: list[int] = field(default_factory=list)

    def publish(self, snapshot: int) -> None:
        self.moves.append(snapshot)
        self.seen = snapshot

    def run(self, cell: str) -> None:
        """Run the body of a cell of the notebook, without what it defines for its queries."""
        snapshots = pd.DataFrame({"snapshot": [20260102000000, 20260101000000]})
        names = {"mhealth": self.connection, "snapshots": snapshots, "publish": self.publish, "seen": lambda: self.seen}
        for variable in ("newest", "older"):
            if hasattr(self, variable):
                names[variable] = getattr(self, variable)
        exec(cell[cell.index("newest = ") :] if "newest = " in cell else cell, names)
        self.newest = names["newest"]


def stack(monkeypatch: pytest.MonkeyPatch, *, on_aws: bool, typed: str = "") -> tuple[Stack, list[str]]:
    monkeypatch.syspath_prepend(str(NOTEBOOKS))
    from connection import Connection

    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return typed

    monkeypatch.setattr("builtins.input", answer)
    named: Any = SimpleNamespace(name="mhealth-mine")
    return Stack(Connection(named, "", on_aws)), asked


BACK, FORWARD = (next(cell for cell in CELLS if words in cell) for words in ("Rolled back:", "Forward again:"))


@pytest.mark.parametrize("typed", ["", "y", "mhealth"])
def test_nothing_is_moved_on_aws_unless_the_stacks_name_is_typed(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    mine, asked = stack(monkeypatch, on_aws=True, typed=typed)
    mine.run(BACK)
    mine.run(FORWARD)
    assert mine.moves == []
    assert [question.partition(" on AWS")[0] for question in asked] == ["Every reader of the stack mhealth-mine"]


def test_readers_are_moved_back_and_forward_once_the_name_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, asked = stack(monkeypatch, on_aws=True, typed="mhealth-mine ")
    mine.run(BACK)
    mine.run(FORWARD)
    assert mine.moves == [20260101000000, 20260102000000]
    assert len(asked) == 1


def test_the_local_aws_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, asked = stack(monkeypatch, on_aws=False)
    mine.run(BACK)
    assert (mine.moves, asked) == ([20260101000000], [])


START = next(cell for cell in CELLS if "start_execution(" in cell)


def start(mine: Stack, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[str]]:
    """Run the cell that starts a run: the machines that were started, and the executions that were shown."""
    started: list[str] = []

    def start_execution(**given: str) -> dict[str, str]:
        started.append(given["stateMachineArn"])
        return {"executionArn": "the new one"}

    named = mine.connection.stack
    named.session = SimpleNamespace(client=lambda _: SimpleNamespace(start_execution=start_execution))
    named.outputs = {"StateMachineArn": "the machine"}
    shown: list[str] = []
    names = {
        "mhealth": mine.connection,
        "last_execution": lambda stack: "the last one" if stack is named else "",
        "follow": lambda _, execution: shown.append(execution) or [],
        **dict.fromkeys(("Entered", "Left", "Ended"), type),
    }
    exec(START, names)
    return started, shown


@pytest.mark.parametrize("typed", ["", "y", "mhealth"])
def test_no_run_starts_on_aws_unless_the_stacks_name_is_typed(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    mine, asked = stack(monkeypatch, on_aws=True, typed=typed)
    assert start(mine, monkeypatch) == ([], ["the last one"])
    assert [question.partition(" on AWS")[0] for question in asked] == ["A run of the stack mhealth-mine"]


@pytest.mark.parametrize(("on_aws", "questions"), [(True, 1), (False, 0)])
def test_a_run_starts_once_the_name_is_typed_and_on_the_local_aws_unasked(
    monkeypatch: pytest.MonkeyPatch, on_aws: bool, questions: int
) -> None:
    mine, asked = stack(monkeypatch, on_aws=on_aws, typed="mhealth-mine")
    assert start(mine, monkeypatch) == (["the machine"], ["the new one"])
    assert len(asked) == questions


def test_no_other_cell_starts_a_run() -> None:
    assert [cell for cell in CELLS if "start_execution" in cell] == [START]


def test_no_other_cell_publishes() -> None:
    assert [cell for cell in CELLS if "publish(" in cell and cell not in {BACK, FORWARD}] == []
