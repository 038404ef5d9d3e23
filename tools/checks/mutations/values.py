"""Mutations of every value of the template and of the state machine: removed, duplicated, emptied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tools.checks.project import Project

Part = Literal["template", "definition"]
Path = tuple[str | int, ...]

_NAMES = ("Sid", "Id", "MetricName", "Name")
"""The keys that name a member of a list, so that its path does not change with its index."""


@dataclass(frozen=True)
class Broken:
    """One value of one file, mutated in one way."""

    part: Part
    path: Path
    names: tuple[str, ...]
    how: str

    @property
    def name(self) -> str:
        """The name in survivors.yaml: `template Resources.DataKey.Properties.Tags removed`."""
        return f"{self.part} {'.'.join(self.names)} {self.how}"

    def applied(self, project: Project) -> Project:
        """The mutated project."""
        whole = getattr(project, self.part)
        return project.with_data(self.part, _replaced(whole, self.path, self.how))


def every_value(project: Project) -> Iterator[Broken]:
    """Every mutation of the two files, in the order of the files."""
    for part in ("template", "definition"):
        for path, names, value in _walk(getattr(project, part), (), ()):
            for how in _ways(value):
                yield Broken(part, path, names, how)


def _walk(value: Any, path: Path, names: tuple[str, ...]) -> Iterator[tuple[Path, tuple[str, ...], Any]]:
    if path:
        yield path, names, value
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _walk(member, (*path, key), (*names, str(key)))
    elif isinstance(value, list):
        for place, member in enumerate(value):
            yield from _walk(member, (*path, place), (*names, _name_in_list(member, place)))


def _name_in_list(member: Any, place: int) -> str:
    named = [str(member[key]) for key in _NAMES if key in member] if isinstance(member, dict) else []
    return named[0] if named else str(place)


def _ways(value: Any) -> Iterator[str]:
    yield "removed"
    for how in ("doubled", "emptied"):
        changed = _changed(value, how)
        if changed != value or type(changed) is not type(value):
            yield how


def _changed(value: Any, how: str) -> Any:
    """The mutated value; the value itself where the mutation does not apply."""
    if isinstance(value, bool):
        return (not value) if how == "doubled" else value
    if isinstance(value, int | float):
        return value * 2 if how == "doubled" else 0
    if isinstance(value, dict):
        # Emptying a value of one function gives the same result as removing the function.
        return value if how == "doubled" or len(value) == 1 else {}
    if isinstance(value, str | list):
        return value * 2 if how == "doubled" else type(value)()
    return value


def _replaced(value: Any, path: Path, how: str) -> Any:
    """A copy with a new value at the path; everything else is shared."""
    key, *rest = path
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        copy[key] = _replaced(value[key], tuple(rest), how)
    elif how == "removed":
        del copy[key]
    else:
        copy[key] = _changed(value[key], how)
    return copy
