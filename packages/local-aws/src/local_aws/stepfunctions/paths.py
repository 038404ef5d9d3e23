"""JSONPath in Step Functions: a definite path returns a value, any other path a list."""

from __future__ import annotations

import functools
import re
from typing import Any

from jsonpath_ng.ext.parser import parse
from moto.stepfunctions.parser.asl.utils import json_path
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

from local_aws.core.patching import replace_everywhere

_MANY = re.compile(r"\[(?:\*|\?|[^\]'\"]*[:,])|\.\.|\.\*")
"""The parts that make a path indefinite: a wildcard, a filter, a slice, a union, a descent."""

_QUOTED = re.compile(r"\['(?:\\.|[^'\\])*'\]|\[\"(?:\\.|[^\"\\])*\"\]")

_ORIGINAL = json_path.extract_json


@functools.lru_cache(maxsize=1024)
def _parsed(path: str) -> Any:
    return parse(path)


@functools.lru_cache(maxsize=1024)
def _single_part(path: str) -> str | None:
    """The definite beginning of an indefinite path, None for a definite path."""
    unquoted = _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), path)
    match = _MANY.search(unquoted)
    return path[: match.start()] if match else None


def extract_json(path: str, data: Any) -> Any:
    """The value or the values at a path. Raises NoSuchJsonPathError for a definite path without a value."""
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
    """Install the corrections of paths."""
    replace_everywhere("moto.stepfunctions", _ORIGINAL, extract_json)
