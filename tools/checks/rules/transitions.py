"""The state machine as a graph."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from tools.checks.project import Project, texts
from tools.checks.rules.registry import rule


def next_states(state: dict[str, Any]) -> set[str]:
    """Where a state can lead."""
    followers = {state[key] for key in ("Next", "Default") if key in state}
    followers |= {choice["Next"] for choice in state.get("Choices", [])}
    return followers | {catcher["Next"] for catcher in state.get("Catch", [])}


def reached_from(states: dict[str, dict[str, Any]], start: str, *, avoiding: str = "") -> set[str]:
    """Every state that can come at or after `start` when `avoiding` is taken out; names of no state among them."""
    seen: set[str] = set()
    ahead = {start} - {avoiding}
    while ahead:
        name = ahead.pop()
        seen.add(name)
        ahead |= next_states(states.get(name, {})) - seen - {avoiding}
    return seen


@rule
def transitions_lead_to_states(project: Project) -> Iterable[str]:
    """A transition to a name that is no state is refused by AWS, in the middle of a deployment."""
    for name, state in {"StartAt": {"Next": project.definition["StartAt"]}, **project.states}.items():
        for follower in sorted(next_states(state) - set(project.states)):
            yield f"{name} leads to {follower}, which is no state"


@rule
def states_go_on_or_end(project: Project) -> Iterable[str]:
    """A state that says neither where it goes on nor that it ends is refused by AWS."""
    for name, state in project.states.items():
        if state.get("Type") not in ("Choice", "Fail", "Pass", "Task", "Wait"):
            yield f"{name} is of the type {state.get('Type')!r}"
        elif state["Type"] in ("Choice", "Fail"):
            if state["Type"] == "Choice" and not (state.get("Choices") and state.get("Default")):
                yield f"{name} needs Choices and a Default: a Choice that nothing fits fails the execution"
        elif ("Next" in state) == (state.get("End") is True):
            yield f"{name} needs either Next or End"


@rule
def states_are_reached(project: Project) -> Iterable[str]:
    """A state that nothing leads to is work that somebody believes is done."""
    for name in sorted(set(project.states) - reached_from(project.states, project.definition["StartAt"])):
        yield f"nothing leads to {name}"


@rule
def publication_is_in_order(project: Project) -> Iterable[str]:
    """Readers may meet only what was catalogued and counted; what is recorded as published must be published."""
    order = ["WhoRefreshesTheCatalog", "VerifySnapshot", "PublishSnapshot", "RecordSuccess"]
    starts = [("ConvertParquet", "GlueTransform", order[0])]  # what is published again has been made before
    starts += [(project.definition["StartAt"], earlier, later) for earlier, later in pairwise(order)]
    starts.append(("ReadLastCrawl", "RefreshCatalog", order[1]))
    for start, earlier, later in starts:
        if later not in project.states:
            yield f"there is no state {later}"
        elif later in reached_from(project.states, start, avoiding=earlier):
            yield f"{later} can be reached without {earlier}"


@rule
def publishing_again_is_a_straight_line(project: Project) -> Iterable[str]:
    """What readers do not see is published again once; a circle would run, and cost, until the time limit."""
    begin = {"DownloadCSV", "CountForReaders", "WhoRefreshesTheCatalog", "RefreshCatalog", "RegisterAgain"}
    for name in sorted(next_states(project.states.get("PublishSnapshot", {}))):
        for back in sorted(reached_from(project.states, name) & begin):
            yield f"{name}, behind PublishSnapshot, leads back to {back}"


@rule
def substitutions_match(project: Project) -> Iterable[str]:
    """A `${Name}` that the template does not give reaches AWS as these characters."""
    used = set(re.findall(r"\$\{(\w+)\}", str(project.definition)))
    given = set(project.substitutions())
    for name in sorted(used - given):
        yield f"the definition uses ${{{name}}}, the template's DefinitionSubstitutions lack it"
    for name in sorted(given - used):
        yield f"DefinitionSubstitutions give {name}, the definition does not use it"


@rule
def formats_get_their_arguments(project: Project) -> Iterable[str]:
    """States.Format with too few or too many arguments fails at run time, often while it explains a failure."""
    for path, text in texts(project.definition):
        for template, arguments in _formats(text):
            # The statements are substituted for a name and have one place each.
            places = template.count("{}") + len(re.findall(r"\$\{\w*Statement\}", template))
            if places != arguments:
                yield f"{path}: States.Format has {places} places and {arguments} arguments"


def _formats(text: str) -> Iterable[tuple[str, int]]:
    """Template and number of arguments of every States.Format in `text` that is not nested in another."""
    for call in re.finditer(r"States\.Format\(\s*'((?:[^'\\]|\\.)*)'", text):
        depth, arguments, quoted = 1, 0, False
        for character in text[call.end() :]:
            if character == "'":
                quoted = not quoted
            elif not quoted:
                depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(character, 0)
                arguments += character == "," and depth == 1
            if depth == 0:
                break
        yield call[1], arguments
