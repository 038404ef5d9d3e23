"""The advice for an error is the line of docs/errors.md."""

from __future__ import annotations

import re

import pytest

import errors as errors_of_the_function
from local_aws.operations.advice import PAGE, advice
from mhealth import errors as errors_of_the_jobs

GENERAL = "do what the cause says, and start an execution again"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("KaggleNotFound", "check the parameter `DatasetHandle`"),
        ("UnknownLayout", "add the layout in `lambda_ingest/layouts.py`: docs/data.md#add-a-source-layout"),
        ("CrawlerTimedOut", "read its log, in `/aws-glue/crawlers`; start the execution again"),
        ("Sandbox.Timedout", "look at its log; start the execution again"),
        ("Glue.InternalServiceException", "read the cause; start the execution again"),
        ("Nobody.KnowsThis", GENERAL),
        ("NobodyKnowsThis", GENERAL),
        ("", GENERAL),
    ],
)
def test_advice(error: str, expected: str) -> None:
    assert advice(error) == expected


def test_every_named_error_has_advice() -> None:
    modules = (errors_of_the_function, errors_of_the_jobs)
    names = {name for module in modules for name, kind in vars(module).items() if isinstance(kind, type)}
    told = set(re.findall(r"\b[A-Z][a-z]+[A-Z]\w+", PAGE.read_text()))
    assert {name for name in names & told if advice(name) == GENERAL} == set()
    assert len(names & told) > 12
