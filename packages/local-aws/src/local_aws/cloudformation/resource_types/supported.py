"""Which resource types and properties work here: what a template may not say, told before anything is made."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from local_aws.cloudformation.resource_types.api import as_text

OTHER = "the local AWS has nothing of this"
"""Why a property is refused where no reason of its own is written down."""

WAY_OUT = (
    "Leave it out, or keep it for AWS alone: !If [IsLocal, !Ref AWS::NoValue, ...], with a parameter that says where."
)

WAY_OUT_OF_A_TYPE = "Leave it out, or give it a Condition that is false here."


@dataclass(frozen=True)
class Support:
    """What the local AWS does with the properties of one type. Names with dots are properties inside of another one."""

    works: tuple[str, ...]
    kept: tuple[str, ...]
    refused: Mapping[str, str]
    only: Mapping[str, str]


def _read(types: Mapping[str, Any]) -> dict[str, Support]:
    return {
        name: Support(
            works=tuple(reported.get("works", ())),
            kept=tuple(reported.get("kept", ())),
            refused={**dict.fromkeys(reported.get("other", ()), OTHER), **reported.get("why", {})},
            only=reported.get("only", {}),
        )
        for name, reported in types.items()
        if "::" in name
    }


_FILE = tomllib.loads(Path(__file__).with_name("supported.toml").read_text(encoding="utf-8"))

SUPPORTED = _read(_FILE)
"""By resource type."""

REFUSED_TYPES: Mapping[str, str] = _FILE["refused"]
"""Usual types that the local AWS does not have, with the way out; a star stands for anything."""


def why_refused(type_name: str) -> str:
    """What to do without a resource type that the local AWS does not have, empty where nothing is written down."""
    return next((why for pattern, why in REFUSED_TYPES.items() if fnmatchcase(type_name, pattern)), "")


def problems(type_name: str, properties: Any) -> Iterator[str]:
    """What the local AWS does not do of a resource's properties, a sentence each.

    A value that is known only later, by a function of the template, is not looked at.
    """
    support = SUPPORTED.get(type_name)
    if support is None:
        return
    for path, why in support.refused.items():
        if any(True for _ in _at(properties, _steps(path))):
            works = ", ".join(_siblings(support, path))
            it_has = f"; what works: {works}" if works else ""
            yield f"{shown(path)}: {why}{it_has}"
    for path, pattern in support.only.items():
        for value in _at(properties, _steps(path)):
            if isinstance(value, str | bool) and not re.fullmatch(pattern, as_text(value)):
                yield f"{shown(path)} is {value!r}: only {pattern} works here"


def _steps(path: str) -> list[str]:
    """The names of a path; a dot that belongs to a name has a backslash before it."""
    return [step.replace("\\.", ".") for step in re.split(r"(?<!\\)\.", path)]


def shown(path: str) -> str:
    """A path as a person reads it."""
    return path.replace("\\.", ".")


def _siblings(support: Support, path: str) -> list[str]:
    """The properties that work; for one inside of another there is no such list."""
    return [] if "." in path else sorted(support.works)


def _at(value: Any, steps: list[str]) -> Iterator[Any]:
    """What stands at a path, in each member of a list on the way."""
    if isinstance(value, list):
        for member in value:
            yield from _at(member, steps)
    elif not steps:
        yield value
    elif isinstance(value, Mapping) and steps[0] in value:
        yield from _at(value[steps[0]], steps[1:])
