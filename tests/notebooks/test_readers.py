"""The third notebook asks before the readers of a stack on AWS get another snapshot."""

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


def test_no_other_cell_publishes() -> None:
    assert [cell for cell in CELLS if "publish(" in cell and cell not in {BACK, FORWARD}] == []
