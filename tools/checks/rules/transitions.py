"""Rules on the graph of the state machine."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from tools.checks.project import Project, texts
from tools.checks.rules.registry import rule


def next_states(state: dict[str, Any]) -> set[str]:
    """The possible next states of a state."""
    followers = {state[key] for key in ("Next", "Default") if key in state}
    followers |= {choice["Next"] for choice in state.get("Choices", [])}
    return followers | {catcher["Next"] for catcher in state.get("Catch", [])}


def reached_from(states: dict[str, dict[str, Any]], start: str, *, avoiding: str = "") -> set[str]:
    """Every state reachable from `start` without `avoiding`, including names of missing states."""
    seen: set[str] = set()
    ahead = {start} - {avoiding}
    while ahead:
        name = ahead.pop()
        seen.add(name)
        ahead |= next_states(states.get(name, {})) - seen - {avoiding}
    return seen


@rule
def transitions_lead_to_states(project: Project) -> Iterable[str]:
    """A transition to a missing state fails the deployment."""
    for name, state in {"StartAt": {"Next": project.definition["StartAt"]}, **project.states}.items():
        for follower in sorted(next_states(state) - set(project.states)):
            yield f"{name} leads to {follower}, which does not exist"


@rule
def states_have_next_or_end(project: Project) -> Iterable[str]:
    """A state without Next or End fails the deployment."""
    for name, state in project.states.items():
        if state.get("Type") not in ("Choice", "Fail", "Pass", "Task", "Wait"):
            yield f"{name} is of the type {state.get('Type')!r}"
        elif state["Type"] in ("Choice", "Fail"):
            if state["Type"] == "Choice" and not (state.get("Choices") and state.get("Default")):
                yield f"{name} needs Choices and a Default: without a match the execution fails"
        elif ("Next" in state) == (state.get("End") is True):
            yield f"{name} needs either Next or End"


@rule
def states_are_reached(project: Project) -> Iterable[str]:
    """A state that is unreachable never runs."""
    for name in sorted(set(project.states) - reached_from(project.states, project.definition["StartAt"])):
        yield f"{name} is unreachable"


@rule
def publication_is_in_order(project: Project) -> Iterable[str]:
    """A snapshot is published after registration and verification, and recorded after its publication."""
    order = ["WhoRefreshesTheCatalog", "VerifySnapshot", "PublishSnapshot", "RecordSuccess"]
    starts = [("ConvertParquet", "GlueTransform", order[0])]  # a snapshot that is published again exists already
    starts += [(project.definition["StartAt"], earlier, later) for earlier, later in pairwise(order)]
    starts.append(("ReadLastCrawl", "RefreshCatalog", order[1]))
    for start, earlier, later in starts:
        if later not in project.states:
            yield f"there is no state {later}"
        elif later in reached_from(project.states, start, avoiding=earlier):
            yield f"{later} can be reached without {earlier}"


@rule
def publishing_again_has_no_loop(project: Project) -> Iterable[str]:
    """A snapshot is published again at most once; a loop would run until the time limit."""
    begin = {"DownloadCSV", "CountForReaders", "WhoRefreshesTheCatalog", "RefreshCatalog", "RegisterAgain"}
    for name in sorted(next_states(project.states.get("PublishSnapshot", {}))):
        for back in sorted(reached_from(project.states, name) & begin):
            yield f"{name}, after PublishSnapshot, leads back to {back}"


@rule
def substitutions_match(project: Project) -> Iterable[str]:
    """A `${Name}` without a substitution is deployed literally."""
    used = set(re.findall(r"\$\{(\w+)\}", str(project.definition)))
    given = set(project.substitutions())
    for name in sorted(used - given):
        yield f"the definition uses ${{{name}}}, which is missing in the template's DefinitionSubstitutions"
    for name in sorted(given - used):
        yield f"DefinitionSubstitutions have {name}, which the definition does not use"


@rule
def formats_get_their_arguments(project: Project) -> Iterable[str]:
    """States.Format with too few or too many arguments fails at run time."""
    for path, text in texts(project.definition):
        for template, arguments in _formats(text):
            # The substituted statements have one placeholder each.
            places = template.count("{}") + len(re.findall(r"\$\{\w*Statement\}", template))
            if places != arguments:
                yield f"{path}: States.Format has {places} placeholders and {arguments} arguments"


def _formats(text: str) -> Iterable[tuple[str, int]]:
    """Template and number of arguments of every top-level States.Format in `text`."""
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
