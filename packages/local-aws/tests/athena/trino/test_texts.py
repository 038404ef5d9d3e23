"""Values of Trino's protocol as Athena's text, and as JSON for DuckDB. Values as a Trino 476 sent them (2026-11-30)."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.athena.trino.engine import csv_row
from local_aws.athena.trino.texts import json_of, text_of, with_milliseconds
from local_aws.athena.trino_types import parse_type


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("double", "1.0E10", "1.0E10"),
        ("double", "NaN", "NaN"),
        ("boolean", False, "false"),
        ("varbinary", "Cv8=", "0a ff"),
        ("timestamp(0)", "2020-01-02 03:04:05", "2020-01-02 03:04:05.000"),
        ("timestamp(6) with time zone", "2020-01-02 03:04:05.123456 UTC", "2020-01-02 03:04:05.123456 UTC"),
        ("time(0) with time zone", "03:04:05+02:00", "03:04:05.000+02:00"),
        ("array(array(integer))", [[1, None], None], "[[1, null], null]"),
        ("map(double, boolean)", {"1.0": True, "2.0": None}, "{1.0=true, 2.0=null}"),
        ("row(a integer, varbinary)", [1, "AA=="], "{a=1, field1=00}"),
        ("bigint", None, None),
    ],
)
def test_text(kind: str, value: Any, text: str | None) -> None:
    assert text_of(parse_type(kind))(value) == text


def test_what_is_no_time_stays() -> None:
    assert with_milliseconds("at noon") == "at noon"


def test_json_has_names_for_a_row_and_escapes_for_bytes() -> None:
    kind = parse_type("array(row(a map(integer, varbinary), integer))")
    assert json_of(kind)([[{"1": "Cv8="}, 2], None]) == [{"a": {"1": "\\x0A\\xFF"}, "field1": 2}, None]


def test_a_line_quotes_every_value_but_null() -> None:
    assert csv_row(["a", 'say "b", c', None, ""]) == '"a","say ""b"", c",,""\n'
