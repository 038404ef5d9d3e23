"""JSONPath as Step Functions reads it: a path to one place gives the value there, any other path gives a list."""

from __future__ import annotations

import functools
import re
from typing import Any

from jsonpath_ng.ext.parser import parse
from moto.stepfunctions.parser.asl.utils import json_path
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

from local_aws.core.patching import replace_everywhere

_MANY = re.compile(r"\[(?:\*|\?|[^\]'\"]*[:,])|\.\.|\.\*")
"""Where a path begins to lead to more than one place: a wildcard, a filter, a slice, a union, a descent."""

_QUOTED = re.compile(r"\['(?:\\.|[^'\\])*'\]|\[\"(?:\\.|[^\"\\])*\"\]")

_ORIGINAL = json_path.extract_json


@functools.lru_cache(maxsize=1024)
def _parsed(path: str) -> Any:
    return parse(path)


@functools.lru_cache(maxsize=1024)
def _single_part(path: str) -> str | None:
    """The part of a path up to where it leads to many places, None where it never does."""
    unquoted = _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), path)
    match = _MANY.search(unquoted)
    return path[: match.start()] if match else None


def extract_json(path: str, data: Any) -> Any:
    """The value or the values at a path. Raises NoSuchJsonPathError where a path to one place leads nowhere."""
    single = _single_part(path)
    if single is None:
        found = _parsed(path).find(data)
        if not found:
            raise NoSuchJsonPathError(json_path=path, data=data)
        return found[0].value
    if not _parsed(single).find(data):
        raise NoSuchJsonPathError(json_path=path, data=data)
    return [match.value for match in _parsed(path).find(data)]


def install() -> None:
    """Correct the paths."""
    replace_everywhere("moto.stepfunctions", _ORIGINAL, extract_json)
