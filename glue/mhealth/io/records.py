"""Dataclasses that the jobs store as JSON: type checks when they are read back."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

UNREADABLE = (ValueError, KeyError, TypeError, RecursionError)
"""The errors of json.loads, of access to its result, and of `typed`, where an object is not what the jobs write."""

Record = typing.TypeVar("Record")


def typed(record: Record) -> Record:
    """Check a dataclass that was made from JSON. Raises TypeError where a value is not of the type of its field."""
    kind: Any = type(record)
    for name, kinds, members in _kinds(kind):
        value = getattr(record, name)
        if type(value) not in kinds or (members and not all(type(one) is members for one in value)):
            raise TypeError(f"{name} is {repr(value)[:80]}, expected {' or '.join(kind.__name__ for kind in kinds)}")
    return record


@functools.cache
def _kinds(record: type[Any]) -> tuple[tuple[str, tuple[type, ...], type | None], ...]:
    """For each field: name, types that a value may have, type of a tuple's members."""
    hints = typing.get_type_hints(record)
    found = []
    for one in fields(record):
        hint = hints[one.name]
        origin = typing.get_origin(hint)
        if origin is types.UnionType:
            found.append((one.name, typing.get_args(hint), None))
        elif origin is tuple:
            found.append((one.name, (tuple,), typing.get_args(hint)[0]))
        else:
            found.append((one.name, (dict if origin in (Mapping, dict) else hint,), None))
    return tuple(found)
