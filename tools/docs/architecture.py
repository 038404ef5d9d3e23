"""The diagram in docs/architecture.md, from the state machine: `python -m tools.docs.architecture` writes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tools.paths import DEFINITION, DOCS

PAGE = DOCS / "architecture.md"

_BOX, _CHOICE, _END = ('["', '"]'), ('{"', '"}'), ('(["', '"])')
_PICTURE = re.compile(r"(?<=<!-- picture: written by `make reference` -->\n\n)```mermaid\n.*?```", re.DOTALL)


def picture(definition: dict[str, Any]) -> str:
    """A Mermaid flowchart: the states of an execution and its ends.

    Transitions after failures, which are the same for every state, are left out.
    """
    states = definition["States"]
    drawn: list[str] = []
    edges: list[tuple[str, str]] = []
    ahead = [definition["StartAt"]]
    while ahead:
        name = ahead.pop(0)
        if name in drawn:
            continue
        drawn.append(name)
        following = list(dict.fromkeys(_following(states[name])))
        edges += [(name, each) for each in following]
        ahead += following
    lines = ["flowchart TD"]
    for name in drawn:
        state = states[name]
        ends = state["Type"] == "Fail" or state.get("End")
        opening, closing = _CHOICE if state["Type"] == "Choice" else _END if ends else _BOX
        lines.append(f"  {name}{opening}{name}{_service(state)}{closing}")
    lines += [f"  {before} --> {after}" for before, after in edges]
    return "```mermaid\n" + "\n".join(lines) + "\n```"


def _following(state: dict[str, Any]) -> Iterator[str]:
    """The next states without those after a failure."""
    yield from (choice["Next"] for choice in state.get("Choices", []))
    yield from (state[key] for key in ("Default", "Next") if key in state)


def _service(state: dict[str, Any]) -> str:
    """The service and action of a task, as a second line of its label."""
    found = re.search(r"states:::(?:aws-sdk:)?(\w+):(\w+)", state.get("Resource", ""))
    return f"<br/>{found[1]}:{found[2]}" if found else ""


def page(text: str, definition: dict[str, Any]) -> str:
    """The page with the diagram of this definition."""
    made, count = _PICTURE.subn(lambda _: picture(definition), text)
    if count != 1:
        raise LookupError(f"{PAGE.name} has {count} diagrams after its marker, expected one")
    return made


def definition() -> dict[str, Any]:
    """The project's state machine."""
    read: dict[str, Any] = json.loads(DEFINITION.read_text())
    return read


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(), definition()))
