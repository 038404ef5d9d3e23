"""Rules on paths: a state reads only what earlier states have written to the document and the variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tools.checks.project import Project
from tools.checks.rules.registry import rule

Shape = Mapping[str, Any] | None
"""The keys that a value is guaranteed to have, each with its shape; None for any value."""

VARIABLES = "\0variables"
"""The key of the variables in a document's shape; no document has it."""

_PATH = re.compile(r"\$\$?[A-Za-z_]\w*(?:[.\[][\w\]]+)*|\$\$?(?:\.\.?[A-Za-z_][\w-]*|\[\d+\])+")
_CONTEXT = {"Execution.Id", "Execution.StartTime", "Execution.Input", "State.Name", "State.EnteredTime"}
"""The used parts of the context object (Step Functions Developer Guide, "Context object")."""

_INTRINSICS = {"States.Format", "States.Array", "States.MathAdd", "States.StringToJson", "States.JsonToString"}
_INTRINSICS |= {"States.ArrayGetItem", "States.StringSplit"}
_PATH_FIELDS = {"Variable", "SecondsPath", "ErrorPath", "CausePath", "InputPath", "OutputPath"}


def dynamic_fields(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Position and text of every field that AWS evaluates: keys ending in `.$` or `Path`, and a choice's Variable."""
    if isinstance(value, dict):
        for key, member in value.items():
            place = f"{path}.{key}" if path else key
            evaluated = key.endswith(".$") or key in _PATH_FIELDS or re.fullmatch(r"[A-Z]\w+(?:Equals|Than)Path", key)
            if evaluated:
                yield place, str(member)
            elif key not in ("Retry", "Catch"):
                yield from dynamic_fields(member, place)
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from dynamic_fields(member, f"{path}[{number}]")


def paths_in(text: str) -> list[str]:
    """The paths in a field that AWS evaluates, without `$`, the whole input, which always exists.

    Raises ValueError for neither a path nor an intrinsic function.
    """
    if text == "$":
        return []
    bare = re.sub(r"'(?:[^'\\]|\\.)*'", "''", text)  # quoted parts are literals
    if _PATH.fullmatch(bare):
        return [bare]
    call = re.fullmatch(r"(States\.\w+)\((.*)\)", bare)
    if call is None or call[1] not in _INTRINSICS:
        raise ValueError(f"{text!r} is neither a path nor a function")
    found = []
    for argument in filter(None, re.split(r",\s*(?![^(]*\))", call[2])):
        if argument != "''" and not re.fullmatch(r"-?\d+(?:\.\d+)?|true|false|null", argument):
            found += paths_in(argument)
    return found


@rule
def paths_are_well_formed(project: Project) -> Iterable[str]:
    """An invalid path or function fails the deployment, or the execution with an error that cannot be caught."""
    for name, state in project.states.items():
        for place, text in (*dynamic_fields(state), *_result_paths(state)):
            try:
                paths = paths_in(text)
            except ValueError as error:
                yield f"{name}: {place}: {error}"
                continue
            for path in paths:
                if path.startswith("$$") and path.removeprefix("$$.") not in _CONTEXT:
                    yield f"{name}: {place}: the context object has no {path}"


@rule
def paths_are_written_before_they_are_read(project: Project) -> Iterable[str]:
    """A path without a value is States.Runtime, which fails the execution, cannot be caught and sends no notice."""
    before = _before(project.states, project.definition["StartAt"])
    for name, state in project.states.items():
        if name not in before:
            continue
        reading = {key: value for key, value in state.items() if key not in ("ResultSelector", "Assign")}
        for place, text in dynamic_fields(reading):
            for path in _readable(text):
                # IsPresent tests the field itself.
                if "IsPresent" in str(state.get("Choices")) or path.startswith("$$"):
                    path = path.rpartition(".")[0] or "$"
                if not _has(before[name], path):
                    yield f"{name}: {place} reads {path}, which not every path to the state has written"


def _result_paths(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for each in (state, *state.get("Catch", [])):
        if each.get("ResultPath", "$") not in (None, "$"):
            yield "ResultPath", each["ResultPath"]


def _readable(text: str) -> list[str]:
    try:
        return paths_in(text)
    except ValueError:
        return []  # another rule reports it


def _before(states: Mapping[str, Any], start: str) -> dict[str, Mapping[str, Any]]:
    """The shape of the input of every reachable state: the keys that every path to it has written."""
    before: dict[str, Mapping[str, Any]] = {}
    ahead: list[tuple[str, Mapping[str, Any]]] = [(start, {VARIABLES: {}})]
    while ahead:
        name, coming = ahead.pop()
        merged = coming if name not in before else _both(before[name], coming)
        if name not in states or before.get(name) == merged:
            continue
        before[name] = merged or {}
        ahead += _after(states[name], before[name])
    return before


def _after(state: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    made: Shape = {}
    if state["Type"] in ("Task", "Pass"):
        selected = state.get("ResultSelector") if state["Type"] == "Task" else state.get("Parameters")
        made = _shape(selected) if isinstance(selected, dict) else None
        if state["Type"] == "Pass" and selected is None and "Result" not in state:
            made = document
    written = _assigned(document, state)
    if state["Type"] in ("Task", "Pass"):
        written = _written(written, state.get("ResultPath", "$"), made)
    for key in ("Next", "Default"):
        if key in state:
            yield state[key], written
    for choice in state.get("Choices", []):
        if "Next" in choice:
            yield choice["Next"], _asked(_assigned(document, choice), choice)
    for catcher in state.get("Catch", []):
        failure = {"Error": None, "Cause": None}
        yield catcher.get("Next", ""), _written(_assigned(document, catcher), catcher.get("ResultPath", "$"), failure)


def _asked(document: Mapping[str, Any], choice: Mapping[str, Any]) -> Mapping[str, Any]:
    """The shape after a choice, with the keys that it has tested for presence."""
    for each in choice.get("And", [choice]):
        if each.get("IsPresent") is True and not _has(document, each["Variable"]):
            document = _written(document, each["Variable"], None)
    return document


def _assigned(document: Mapping[str, Any], state: Mapping[str, Any]) -> Mapping[str, Any]:
    names = {key.removesuffix(".$"): None for key in state.get("Assign", {})}
    return {**document, VARIABLES: {**document[VARIABLES], **names}}


def _shape(template: Any) -> Shape:
    if not isinstance(template, dict):
        return None
    return {
        key.removesuffix(".$"): _shape(member) if not key.endswith(".$") else None for key, member in template.items()
    }


def _written(document: Mapping[str, Any], path: str | None, made: Shape) -> Mapping[str, Any]:
    if path is None:
        return document
    if path == "$":
        # The response of a service contains none of our keys.
        return {VARIABLES: document[VARIABLES], **(made or {})}
    head, _, rest = path.removeprefix("$.").partition(".")
    inner = document.get(head) or {}
    return {**document, head: _written({VARIABLES: {}, **inner}, f"$.{rest}", made) if rest else made}


def _both(one: Shape, other: Shape) -> Any:
    """The keys that both have."""
    if one is None or other is None:
        return None
    return {key: _both(one[key], other[key]) for key in one.keys() & other.keys()}


def _has(document: Mapping[str, Any], path: str) -> bool:
    """Whether a path of the document, or a variable, is guaranteed to exist."""
    if path.startswith("$$"):
        return True
    found: Shape = document
    if variable := re.match(r"\$([A-Za-z_]\w*)", path):
        return variable[1] in document[VARIABLES]
    for key in re.findall(r"[\w-]+", path.removeprefix("$")):
        if found is None:
            return True
        if key not in found:
            return False
        found = found[key]
    return True
