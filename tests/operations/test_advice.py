"""The advice for an error, and that docs/errors.md gives the same."""

from __future__ import annotations

import re

import pytest

from ingest import errors as errors_of_the_function
from mhealth import errors as errors_of_the_jobs
from mhealth_ops.operations.advice import ADVICE, GENERAL, LASTING, advice
from mhealth_ops.project import ROOT

PAGE = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| (?P<names>[^|]+) \| [^|]+ \| [^|]+ \| (?P<advice>[^|]+) \|$", re.MULTILINE)
_LINK = re.compile(r"\[[^]]+\]\(([^)]+)\)")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("SourceNotFound", "check the parameter `SourceUri`"),
        ("UnknownLayout", "add the layout in `lambda_ingest/ingest/layouts.py`: docs/data.md#add-a-source-layout"),
        ("CrawlerTimedOut", "read its log, in `/aws-glue/crawlers`; start the execution again"),
        ("Sandbox.Timedout", "read its log: `mhealth logs`; start the execution again"),
        ("Glue.InternalServiceException", "read the cause; start the execution again"),
        ("Nobody.KnowsThis", "do what the cause says, and start an execution again"),
        ("NobodyKnowsThis", "do what the cause says, and start an execution again"),
        ("", "do what the cause says, and start an execution again"),
    ],
)
def test_advice(error: str, expected: str) -> None:
    assert advice(error) == expected


def test_commands_of_an_advice_get_the_options_of_the_stack() -> None:
    assert advice("MissingSubject", " --stack other").endswith("`mhealth run --allow-missing-subjects --stack other`")
    assert "`make deploy PARAMETERS=MaxBadRowRatio=0.01`" in advice("TooManyBadRows", " --stack other")


def test_lasting_errors_have_advice() -> None:
    assert set(ADVICE) >= LASTING


def test_the_page_of_errors_gives_the_same_advice() -> None:
    reported = [
        (name.strip(" `").removesuffix("…"), _LINK.sub(r"docs/\1", row["advice"].strip()))
        for row in _ROW.finditer(PAGE)
        for name in row["names"].split(", ")
        if name not in ("error", "---")
    ]
    assert {name: text for name, text in reported if ADVICE.get(name) != text} == {}
    assert {name for name, _ in reported} == set(ADVICE)


def test_every_named_error_has_advice() -> None:
    modules = (errors_of_the_function, errors_of_the_jobs)
    names = {name for module in modules for name, kind in vars(module).items() if isinstance(kind, type)}
    reported = set(re.findall(r"\b[A-Z][a-z]+[A-Z]\w+", PAGE))
    assert {name for name in names & reported if advice(name) == GENERAL} == set()
    assert len(names & reported) > 12
