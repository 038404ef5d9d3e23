"""Partition projection: the partitions of a table follow from its parameters, and the catalog's own ones do not count.

A partition without objects has no rows: so only those are told whose folders hold something, and no list is made of
all that the parameters describe. Source: the user guide's "Supported types for partition projection" (2026-11).
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.athena.errors import QueryFailedError, not_supported
from local_aws.athena.files import s3, split_location

_FIELDS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_DIGITS = {"%Y": r"\d{4}"}
_TOKEN = re.compile(r"'([^']*)'|yyyy|MM|dd|HH|mm|ss|([A-Za-z]+)")
_NOW = re.compile(r"NOW(?:\s*([+-])\s*(\d+)\s*([A-Z]+?)S?)?$")
_VARIABLE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class _Column:
    """A partition column: a pattern of its values' text, and whether a value is one of those it has."""

    pattern: str
    has: Callable[[str], bool]


def is_projected(parameters: Mapping[str, str]) -> bool:
    """Whether a table's partitions follow from its parameters."""
    return str(parameters.get("projection.enabled", "")).lower() == "true"


def projected(described: Mapping[str, Any], region: str) -> list[tuple[tuple[str, ...], str]]:
    """Values and location of every partition that holds an object. Raises QueryFailedError for wrong parameters."""
    keys = [key["Name"].lower() for key in described.get("PartitionKeys") or []]
    parameters = described.get("Parameters") or {}
    columns = {key: _column(key, parameters) for key in keys}
    location = described["StorageDescriptor"]["Location"].rstrip("/")
    default = "/".join([location, *(f"{key}=${{{key}}}" for key in keys)])
    template = parameters.get("storage.location.template", default).rstrip("/") + "/"
    bucket, prefix = split_location(template.partition("${")[0])
    pattern = re.compile(_folder_pattern(template.removeprefix(f"s3://{bucket}/"), columns))
    found: dict[tuple[str, ...], str] = {}
    for name in list(s3(region).get_bucket(bucket).keys):
        match = pattern.match(name) if name.startswith(prefix) else None
        if match and all(columns[key].has(match[f"k{place}"]) for place, key in enumerate(keys)):
            found[tuple(match[f"k{place}"] for place in range(len(keys)))] = f"s3://{bucket}/{match.group(0)}"
    return sorted(found.items())


def _folder_pattern(template: str, columns: Mapping[str, _Column]) -> str:
    """A regular expression for a partition's folder, with a group `kN` for the N-th key."""
    places = {key: place for place, key in enumerate(columns)}
    made, seen, end = "", set(), 0
    for variable in _VARIABLE.finditer(template):
        key = variable[1].lower()
        if key not in columns:
            raise _wrong(f"storage.location.template names ${{{variable[1]}}}, which is no partition key")
        made += re.escape(template[end : variable.start()])
        made += f"(?P=k{places[key]})" if key in seen else f"(?P<k{places[key]}>{columns[key].pattern})"
        seen.add(key)
        end = variable.end()
    if missing := sorted(columns.keys() - seen):
        raise _wrong(f"storage.location.template does not name {', '.join(missing)}")
    return made + re.escape(template[end:])


def _column(key: str, parameters: Mapping[str, str]) -> _Column:
    def of(name: str, default: str | None = None) -> str:
        found = parameters.get(f"projection.{key}.{name}", default)
        if found is None:
            raise _wrong(f"the parameter projection.{key}.{name} is missing")
        return str(found)

    kind = of("type")
    if kind == "enum":
        values = [value.strip() for value in of("values").split(",")]
        return _Column("|".join(map(re.escape, values)), values.__contains__)
    if kind == "integer":
        return _integer(of("range"), int(of("interval", "1")), int(of("digits", "1")))
    if kind == "date":
        return _date(key, of)
    if kind == "injected":
        raise not_supported(f"partition projection of type injected (key {key}): use enum, or register the partitions")
    raise _wrong(f"projection.{key}.type is {kind!r}, not enum, integer, date or injected")


def _integer(asked: str, interval: int, digits: int) -> _Column:
    first, last = (int(part) for part in asked.split(","))

    def has(text: str) -> bool:
        value = int(text)
        return first <= value <= last and (value - first) % interval == 0 and text == f"{value:0{digits}d}"

    return _Column(r"-?\d+", has)


def _date(key: str, of: Callable[..., str]) -> _Column:
    form = of("format")
    strptime, pattern = _format(key, form)
    first, last = (_moment(key, part.strip(), strptime) for part in of("range").split(","))
    finest = "HOURS" if "HH" in form else "DAYS" if "dd" in form else "MONTHS" if "MM" in form else "YEARS"
    interval, unit = int(of("interval", "1")), of("interval.unit", finest).upper()
    allowed: set[str] | None = None
    if (interval, unit) != (1, finest):
        allowed = {moment.strftime(strptime) for moment in _steps(first, last, interval, unit)}

    def has(text: str) -> bool:
        if allowed is not None:
            return text in allowed
        try:
            return first <= datetime.datetime.strptime(text, strptime) <= last
        except ValueError:
            return False

    return _Column(pattern, has)


def _format(key: str, form: str) -> tuple[str, str]:
    """A format of Java as strptime's, and a regular expression of what it prints."""
    strptime, pattern, end = "", "", 0
    for token in _TOKEN.finditer(form):
        between = form[end : token.start()]
        if token[2]:
            raise not_supported(
                f"{token[2]} in projection.{key}.format ({form}): the local Athena knows {', '.join(_FIELDS)}"
            )
        field = _FIELDS.get(token[0])
        strptime += between + (field or token[1])
        pattern += re.escape(between) + (_DIGITS.get(field, r"\d{2}") if field else re.escape(token[1]))
        end = token.end()
    return strptime + form[end:], pattern + re.escape(form[end:])


def _moment(key: str, text: str, strptime: str) -> datetime.datetime:
    """A border of a range: a date in the column's format, or NOW with a distance."""
    found = _NOW.match(text)
    if found is None:
        try:
            return datetime.datetime.strptime(text, strptime)
        except ValueError as wrong:
            raise _wrong(f"projection.{key}.range: {wrong}") from wrong
    now = datetime.datetime.now(tz=datetime.UTC).replace(tzinfo=None)
    if not found[1]:
        return now
    return _moved(now, int(found[2]) * (1 if found[1] == "+" else -1), f"{found[3]}S")


def _moved(start: datetime.datetime, count: int, unit: str) -> datetime.datetime:
    if unit in ("YEARS", "MONTHS"):
        months = start.year * 12 + start.month - 1 + count * (12 if unit == "YEARS" else 1)
        return start.replace(year=months // 12, month=months % 12 + 1, day=min(start.day, 28))
    if unit not in ("WEEKS", "DAYS", "HOURS", "MINUTES", "SECONDS"):
        raise _wrong(f"{unit} is no unit of time")
    return start + datetime.timedelta(**{unit.lower(): count})


def _steps(first: datetime.datetime, last: datetime.datetime, interval: int, unit: str) -> Iterator[datetime.datetime]:
    for count in itertools.count():
        moment = _moved(first, count * interval, unit)
        if moment > last:
            return
        yield moment


def _wrong(message: str) -> QueryFailedError:
    return QueryFailedError("INVALID_TABLE_PROPERTY", message)
