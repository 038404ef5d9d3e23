"""Rule on promised values: tools/checks/promises/ lists them by hand, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.decode import decode_str

from tools.checks.project import Project, plain
from tools.checks.rules.registry import rule

FOLDER = Path(__file__).parents[1] / "promises"
_NAMES = ("Sid", "Id", "MetricName", "Name")
_NOTHING = object()


@cache
def table(name: str) -> dict[str, Any]:
    """A file of tools/checks/promises/, with intrinsic functions in long form."""
    decoded, problems = decode_str((FOLDER / f"{name}.yaml").read_text())
    if problems or decoded is None:
        raise ValueError(f"{name}.yaml cannot be read: {problems}")
    return {str(path): plain(line) for path, line in decoded.items()}


def at(value: Any, path: str) -> Any:
    """The value at a dotted path; a member of a list is named by its index, Sid, Id, MetricName or Name."""
    found, rest = value, path
    while rest:
        if isinstance(found, dict):
            # Keys may contain dots: the longest match is used.
            fitting = [key for key in found if rest == key or rest.startswith(f"{key}.")]
            if not fitting:
                return _NOTHING
            key = max(fitting, key=len)
            found, rest = found[key], rest[len(key) + 1 :]
        elif isinstance(found, list):
            name, _, rest = rest.partition(".")
            named = [each for each in found if isinstance(each, dict) and name in (each.get(key) for key in _NAMES)]
            numbered = found[int(name) : int(name) + 1] if name.isdigit() else []
            if len(named or numbered) != 1:
                return _NOTHING
            (found,) = named or numbered
        else:
            return _NOTHING
    return found


def holds(found: Any, promised: Any) -> bool:
    """Whether a value matches the promise; a mapping may have further keys."""
    if isinstance(promised, dict) and isinstance(found, dict):
        return all(key in found and holds(found[key], each) for key, each in promised.items())
    if isinstance(promised, list) and isinstance(found, list):
        return len(found) == len(promised) and all(map(holds, found, promised))
    return type(found) is type(promised) and bool(found == promised)


@rule
def promises_are_kept(project: Project) -> Iterable[str]:
    """A removed or changed limit, size or argument fails no other check."""
    properties = {name: each.get("Properties") for name, each in project.template["Resources"].items()}
    states = {**project.definition, **project.states}
    for file, whole in (("template", {**properties, **project.template}), ("states", states)):
        for path, (promised, why) in table(file).items():
            found = at(whole, path)
            if not holds(found, promised):
                shown = "gone" if found is _NOTHING else repr(found)
                yield f"{path} is {shown}, promised in tools/checks/promises/{file}.yaml is {promised!r}: {why}"
