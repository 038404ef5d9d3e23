"""Functions whose pattern must be known before the query runs: formats of times, regular expressions, format()."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from local_aws.athena.errors import not_supported
from local_aws.athena.expressions.casts import as_text
from local_aws.athena.expressions.python_functions import MYSQL_LETTERS, PARSED_LETTERS, joda_parts
from local_aws.athena.expressions.trino_types import BOOLEAN, DATE, DOUBLE, VARCHAR, WHOLE
from local_aws.athena.expressions.typed import Typed, coerced, made
from local_aws.athena.position import Position


@dataclass(frozen=True)
class Form:
    """The place of an argument that must be a literal, and whether its text is known here."""

    place: int
    known: Callable[[str], bool]


def _letters(known: frozenset[str]) -> Callable[[str], bool]:
    def check(pattern: str) -> bool:
        return all(letter in known for letter in re.findall(r"%(.?)", pattern, flags=re.DOTALL))

    return check


_UNIT_NAMES = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")


def _unit(text: str) -> bool:
    return text.lower() in _UNIT_NAMES


_CLASS = r"\[\^?(?:[A-Za-z0-9 _.,/=@#%<>:;-]|\\[d.\\-])+\]"
_ATOM = rf"(?:[A-Za-z0-9 _/=@#%&<>,;:!~\"'`-]|\.|\\[dDnt.\\/()\[\]{{}}*+?|^$-]|{_CLASS})"
_SAFE = re.compile(rf"\^?(?:{_ATOM}(?:[*+?]|\{{\d{{1,3}}(?:,\d{{0,3}})?\}})?\??|\((?!\?)|\(\?:|\)[*+?]?|\|)*\$?")


def is_safe_pattern(pattern: str) -> bool:
    """Whether a regular expression means the same to Joni (Trino) and to RE2 (DuckDB)."""
    if (
        not pattern
        or not _SAFE.fullmatch(pattern)
        or re.search(r"[*+?}]\?[*+?{]|[*+?}]{2}(?!\?)|\{\d*,?\d*\}[*+{]", pattern)
    ):
        return False
    if re.search(r"\(\)|\|\||\(\||\|\)|^\||\|$|\)\?\?|\(\?:\)", pattern):
        return False
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def check_pattern(name: str, parts: Sequence[Typed], position: Position | None) -> None:
    """What more a function asks of a safe pattern. Raises QueryFailedError."""
    pattern = re.compile(parts[1].literal or "")
    optional = "|" in pattern.pattern or re.search(r"\)[*?{]", pattern.pattern)
    if name in ("regexp_replace", "regexp_extract_all", "regexp_count") and pattern.match(""):
        raise not_supported(f"{name} with a pattern that matches an empty text", position)
    if name == "regexp_extract" and len(parts) > 2:
        group = parts[2].literal
        if group is None or (optional and group != "0"):
            raise not_supported("regexp_extract of a group that may be missing", position)
        if int(group) < 0 or int(group) > pattern.groups:
            raise not_supported(f"group {group} of this pattern", position)
    if name == "regexp_replace" and len(parts) > 2:
        text = parts[2].literal
        if text is None or optional or re.search(r"\\|\$(?!\d(?!\d))", text):
            raise not_supported("regexp_replace with this replacement", position)
        if any(int(number) > pattern.groups for number in re.findall(r"\$(\d)", text)):
            raise not_supported("regexp_replace with a group that the pattern has not", position)


FORMS = {
    "date_format": Form(1, _letters(MYSQL_LETTERS)),
    "date_parse": Form(1, _letters(PARSED_LETTERS)),
    "format_datetime": Form(1, lambda pattern: bool(pattern) and joda_parts(pattern) is not None),
    "date_trunc": Form(0, lambda text: _unit(text) and text.lower() != "millisecond"),
    "date_add": Form(0, _unit),
    "date_diff": Form(0, _unit),
    "regexp_like": Form(1, is_safe_pattern),
    "regexp_extract": Form(1, is_safe_pattern),
    "regexp_extract_all": Form(1, is_safe_pattern),
    "regexp_replace": Form(1, is_safe_pattern),
    "regexp_count": Form(1, is_safe_pattern),
}
"""By function, or by one form of it."""

_DIRECTIVE = re.compile(r"%(?:%|([-,0]*)(\d*)(?:\.(\d{1,2}))?([sdf]))")


def formatted(parts: Sequence[Typed], position: Position | None) -> Typed:
    """format(): each directive becomes a text of its own."""
    pattern, values = parts[0].literal, list(parts[1:])
    if pattern is None or not values:
        raise not_supported("format with a pattern that is not a literal", position)
    if "%" in _DIRECTIVE.sub("", pattern):
        raise not_supported(f"format with '{pattern}'", position)
    pieces, last = [], 0
    for found in _DIRECTIVE.finditer(pattern):
        pieces.append(_piece(pattern[last : found.start()]))
        last = found.end()
        if found.group() == "%%":
            pieces.append(_piece("%"))
            continue
        if not values:
            raise not_supported("format with fewer values than directives", position)
        pieces.append(_directive(found, values.pop(0), position))
    pieces.append(_piece(pattern[last:]))
    pieces = [piece for piece in pieces if piece is not None]
    joined = " || ".join(f"{{{place}}}" for place in range(len(pieces))) or "''"
    return made(f"({joined})", VARCHAR, *(piece for piece in pieces if piece is not None))


def _piece(text: str) -> Typed | None:
    return Typed(exp.Literal.string(text), VARCHAR) if text else None


def _directive(found: re.Match[str], value: Typed, position: Position | None) -> Typed:
    flags, width, digits, kind = found.groups()
    number = value.type in WHOLE or value.type.name == "decimal"
    if kind == "s":
        if (
            flags
            or width
            or digits
            or not (number or value.type in (DOUBLE, BOOLEAN, DATE) or value.type.name == "varchar")
        ):
            raise not_supported(f"format with '{found.group()}' of {value.type}", position)
        text = value if value.type.name == "varchar" else as_text(value)
        return made("coalesce({0}, 'null')", VARCHAR, coerced(text, VARCHAR))
    known = value.type in WHOLE if kind == "d" else value.type == DOUBLE or value.type.name == "decimal"
    clash = ("-" in flags and "0" in flags) or len(set(flags)) < len(flags) or (not width and set(flags) & {"-", "0"})
    if not known or clash or (kind == "d" and digits) or ("," in flags and "0" in flags):
        raise not_supported(f"format with '{found.group()}' of {value.type}", position)
    return made(f"athena_format_number({{0}}, '{found.group()}')", VARCHAR, as_text(value))
