"""What the pipeline writes for itself to manifests/: read as that, or refused by name with the key to look at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingest.errors import StateUnreadable
from ingest.texts import cut

CONFLICTS = ("PreconditionFailed", "ConditionalRequestConflict")
"""How S3 tells that a conditional write came too late (412), or beside another one that is under way (409)."""


@dataclass(frozen=True)
class Shape:
    """What a JSON object must have: names of its values with their types; `advice` is what to do where it has not."""

    values: Mapping[str, type]
    advice: str


LOCK = Shape({"execution": str}, "See that no execution is running, then delete the object.")
RAW_MANIFEST = Shape(
    {"dataset": str, "raw_version": int, "landed": int, "files": list},
    "Delete the object: the next execution lands that version of the dataset again.",
)
_FILE = {
    **dict.fromkeys(("name", "source", "layout", "sha256", "raw_key"), str),
    **dict.fromkeys(("bytes", "lines"), int),
    "columns": list,
}


def parsed(body: bytes, where: str, shape: Shape) -> dict[str, Any]:
    """Return the JSON object in `body`, read from `where`. Raises StateUnreadable where it is none of `shape`."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _unreadable(where, shape, f"is no JSON: {error}") from None
    if wrong := _wrong(content, shape.values):
        raise _unreadable(where, shape, f"has {wrong}")
    if shape is RAW_MANIFEST:
        for number, file in enumerate(content["files"]):
            if wrong := _wrong(file, _FILE):
                raise _unreadable(where, shape, f"has, in file {number} of its list, {wrong}")
    return dict(content)


def _wrong(content: object, values: Mapping[str, type]) -> str | None:
    """Tell the first thing that is not as it must be."""
    if not isinstance(content, dict):
        return f"no object but {cut(repr(content), 80)}"
    for name, kind in values.items():
        if name not in content:
            return f"no {name}"
        if type(content[name]) is not kind:
            return f"{cut(repr(content[name]), 80)} as {name}, where a value of type {kind.__name__} belongs"
    return None


def _unreadable(where: str, shape: Shape, found: str) -> StateUnreadable:
    return StateUnreadable(
        f"{where} {found}. Expected what the pipeline writes there: an object with {', '.join(shape.values)}. "
        f"{shape.advice} Not retryable."
    )
