"""Which of Trino's functions a call means. functions.tsv has what Trino's SHOW FUNCTIONS lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.expressions.trino_types import (
    SOME_VARCHAR,
    UNKNOWN,
    VARCHAR,
    WHOLE,
    Type,
    as_decimal,
    can_coerce,
    common,
    parse_type,
)

_VARIABLES = {*"tekvursl", *(f"{letter}{place}" for letter in "tkv" for place in range(1, 6))}
_VARIADIC = {"concat", "concat_ws", "map_concat", "greatest", "least"}
_FROM_TEXT = {"joniregexp", "jsonpath", "codepoints"}


@dataclass(frozen=True)
class Signature:
    """A function of Trino: `key` is its name with its arguments as Trino lists them."""

    name: str
    arguments: str
    result: str
    kind: str

    @property
    def key(self) -> str:
        """The name and the arguments."""
        return f"{self.name}({self.arguments})"


@dataclass(frozen=True)
class Resolved:
    """A call's function, the types that its arguments are converted to (None: a lambda), the types of the variables."""

    signature: Signature
    arguments: tuple[Type | None, ...]
    variables: dict[str, Any]


@cache
def signatures() -> dict[str, list[Signature]]:
    """All functions by name."""
    text = (resources.files(__package__) / "functions.tsv").read_text(encoding="utf-8")
    found: dict[str, list[Signature]] = {}
    for line in text.splitlines():
        made = Signature(*line.split("\t"))
        found.setdefault(made.name, []).append(made)
    return found


@cache
def patterns(arguments: str) -> tuple[Type, ...]:
    """The types of a signature's list, in which names are variables."""
    return parse_type(f"function({arguments})").args if arguments else ()


def resolve(name: str, given: Sequence[Type | None], position: tuple[int, int] | None) -> Resolved:
    """The function that a call means; an argument of None is a lambda. Raises QueryFailedError (FUNCTION_NOT_FOUND)."""
    offered = signatures().get(name, [])
    candidates: list[Resolved] = []
    for exact in (True, False):
        for signature in offered:
            if (made := _bound(signature, given, exact=exact)) is not None:
                candidates.append(made)
        if candidates:
            break
    if not candidates:
        shown = ", ".join(str(kind) if kind else "function" for kind in given)
        expected = ", ".join(f"{one.name}({one.arguments})" for one in offered)
        words = f"Unexpected parameters ({shown}) for function {name}. Expected: {expected}"
        raise QueryFailedError("FUNCTION_NOT_FOUND", words, position)
    best = [one for one in candidates if all(_narrower(one, other) for other in candidates)]
    if not best:
        raise not_supported(f"{name} with arguments that fit several of its forms", position)
    return best[0]


def _narrower(one: Resolved, other: Resolved) -> bool:
    pairs = zip(one.arguments, other.arguments, strict=True)
    return all(
        mine is None or its is None or can_coerce(mine, its) or (mine in WHOLE and its.name == "decimal")
        for mine, its in pairs
    )


def _bound(signature: Signature, given: Sequence[Type | None], *, exact: bool) -> Resolved | None:
    wanted_types = patterns(signature.arguments)
    if signature.name in _VARIADIC and wanted_types and len(given) > len(wanted_types):
        wanted_types = (*wanted_types, *[wanted_types[-1]] * (len(given) - len(wanted_types)))
    if len(wanted_types) != len(given):
        return None
    variables: dict[str, Any] = {}
    for pattern, kind in zip(wanted_types, given, strict=True):
        if (kind is None) != (pattern.name == "function"):
            return None
        if kind is not None and not _match(pattern, kind, variables, exact=exact):
            return None
    wanted = tuple(
        None if kind is None else substituted(pattern, variables)
        for pattern, kind in zip(wanted_types, given, strict=True)
    )
    if not all(
        w is None or g is None or g == w or can_coerce(g, w) or w.name == "varchar" == g.name
        for g, w in zip(given, wanted, strict=True)
    ):
        return None
    return Resolved(signature, wanted, variables)


def _match(pattern: Type, kind: Type, variables: dict[str, Any], *, exact: bool) -> bool:
    if pattern.name in _VARIABLES and not pattern.args:
        known = variables.get(pattern.name)
        made = kind if known is None else common(known, kind)
        if made is None or (exact and known is not None and made not in (known, kind)):
            return False
        variables[pattern.name] = made
        return True
    if pattern.name in _FROM_TEXT:
        return kind.name in ("varchar", "unknown")
    if kind == UNKNOWN:
        return not exact
    if pattern.name == "decimal" and isinstance(pattern.args[0], Type):
        known_decimal = kind if kind.name == "decimal" else None if exact else as_decimal(kind)
        if known_decimal is None:
            return False
        return _bind_numbers(pattern, known_decimal, variables)
    if pattern.name == kind.name:
        if pattern.name == "row":
            parts = [one for _, one in pattern.args], [one for _, one in kind.args]
            return len(parts[0]) == len(parts[1]) and all(
                _match(one, other, variables, exact=exact) for one, other in zip(*parts, strict=True)
            )
        if pattern.name in ("array", "map"):
            return all(
                _match(one, other, variables, exact=exact) for one, other in zip(pattern.args, kind.args, strict=True)
            )
        return _bind_numbers(pattern, kind, variables)
    if exact or pattern.name in ("array", "map", "row"):
        return False
    if pattern.args and isinstance(pattern.args[0], Type):
        # timestamp(p) from a date, timestamp(p) with time zone from either
        precision = kind.args[0] if kind.name.startswith("timestamp") else 0
        if not can_coerce(kind, Type(pattern.name, (precision,))):
            return False
        return _bind_numbers(pattern, Type(pattern.name, (precision,)), variables)
    return can_coerce(kind, pattern)


def _bind_numbers(pattern: Type, kind: Type, variables: dict[str, Any]) -> bool:
    if pattern.name == "varchar" and pattern.args and isinstance(pattern.args[0], int):
        return bool(kind.args) and -1 < kind.args[0] <= pattern.args[0]
    for one, value in zip(pattern.args, kind.args or (None,) * len(pattern.args), strict=False):
        if isinstance(one, Type):
            known = variables.get(one.name)
            variables[one.name] = value if known is None or (value is not None and value > known) else known
    return True


def substituted(pattern: Type, variables: dict[str, Any]) -> Type:
    """A signature's type with its variables replaced; a length that Trino computes is unknown here."""
    if pattern.name in _VARIABLES and not pattern.args:
        made: Type = variables.get(pattern.name, UNKNOWN)
        return made
    if pattern.name in _FROM_TEXT:
        return VARCHAR
    if pattern.name == "row":
        return Type("row", tuple((name, substituted(one, variables)) for name, one in pattern.args))
    if pattern.name in ("array", "map"):
        return Type(pattern.name, tuple(substituted(one, variables) for one in pattern.args))
    if pattern.name == "varchar" and pattern.args and isinstance(pattern.args[0], Type):
        if pattern.args[0].name not in variables:
            return SOME_VARCHAR
        length = variables[pattern.args[0].name]
        return VARCHAR if length is None else Type("varchar", (length,))
    if pattern.args and isinstance(pattern.args[0], Type):
        if any(one.name not in variables for one in pattern.args):
            raise not_supported(f"a result of type {pattern}")
        return Type(pattern.name, tuple(variables[one.name] for one in pattern.args))
    return pattern
