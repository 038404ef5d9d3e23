"""Rules on Choice states: cases written by hand."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from typing import Any

from tools.checks.project import Project
from tools.checks.rules.registry import rule

_READY, _STATUS = {"State": "READY"}, {"Status": "SUCCEEDED"}


def _crawl(crawler: dict[str, Any], *, last: str = '["the crawl before"]', waited: int = 0) -> dict[str, Any]:
    """The state of the crawler after `waited` seconds; `last` is the start of the last crawl."""
    return {"crawl": {"before": '["the crawl before"]', "waited": waited, "answer": {"crawler": crawler, "last": last}}}


CASES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("IsThereSomethingNew", {"download": {"changed": True, "running": None}}, "ConvertParquet"),
    ("IsThereSomethingNew", {"download": {"changed": False, "running": None, "again": None}}, "CountForReaders"),
    (
        "IsThereSomethingNew",
        {"download": {"changed": False, "running": None, "again": "why"}},
        "WhoRefreshesTheCatalog",
    ),
    *(
        ("DoReadersSeeAllRows", {"counted": counted, "download": {"rows": "10", "subjects": "2"}}, then)
        for counted, then in (
            ({"rows": "10", "subjects": "2"}, "MeasureNothingNew"),
            ({"rows": "9", "subjects": "2"}, "WhoRefreshesTheCatalog"),
            ({"rows": "10", "subjects": "1"}, "WhoRefreshesTheCatalog"),
        )
    ),
    # The parameter CatalogRefresh, in a run with a new snapshot and in one that publishes again.
    ("WhoRefreshesTheCatalog", {"download": {"catalog_refresh": "Crawler"}, "transform": {}}, "ReadLastCrawl"),
    ("WhoRefreshesTheCatalog", {"download": {"catalog_refresh": "Crawler"}}, "ReadLastCrawl"),
    ("WhoRefreshesTheCatalog", {"download": {"catalog_refresh": "Job"}, "transform": {}}, "ReadSnapshotSummary"),
    ("WhoRefreshesTheCatalog", {"download": {"catalog_refresh": "Job"}}, "RegisterAgain"),
    ("HasAJobRun", {"convert": {}, "transform": {}}, "MeasurePublication"),
    ("HasAJobRun", {}, "MeasureNothingNew"),
    ("WasItPublishedAgain", {"summary": {}}, "PublishedAgain"),
    ("WasItPublishedAgain", {}, "NothingNew"),
    ("IsThereSomethingNew", {"download": {"changed": False, "running": "arn"}}, "AnotherExecutionIsRunning"),
    # During the first crawl there is no LastCrawl; during a later one it is the previous crawl.
    ("HasCrawlerFinished", _crawl({"State": "RUNNING"}), "CountWait"),
    ("HasCrawlerFinished", _crawl({"State": "STOPPING", "LastCrawl": _STATUS}, waited=3599), "CountWait"),
    ("HasCrawlerFinished", _crawl(_READY), "CountWait"),
    # Just after its start a crawler may still be READY.
    ("HasCrawlerFinished", _crawl({**_READY, "LastCrawl": _STATUS}, last='["the crawl before"]'), "CountWait"),
    (
        "HasCrawlerFinished",
        _crawl({**_READY, "LastCrawl": {"Status": "FAILED"}}, last='["the crawl before"]'),
        "CountWait",
    ),
    ("HasCrawlerFinished", _crawl({**_READY, "LastCrawl": _STATUS}, last='["now"]'), "ReadSnapshotSummary"),
    # A crawl's end is reported before the crawler can be started again, its start before its result.
    ("HasCrawlerFinished", _crawl({"State": "STOPPING", "LastCrawl": _STATUS}, last='["now"]'), "CountWait"),
    ("HasCrawlerFinished", _crawl(_READY, last='["now"]'), "CountWait"),
    ("HasCrawlerFinished", _crawl({**_READY, "LastCrawl": {"Status": "FAILED"}}, last='["now"]'), "CrawlerFailed"),
    ("HasCrawlerFinished", _crawl({"State": "RUNNING", "LastCrawl": _STATUS}, waited=3600), "CrawlerTimedOut"),
    (
        "AreAllRowsInTheCatalog",
        {"verified": {"rows": "10", "subjects": "2"}, "summary": {"rows": "10", "subjects": "2"}},
        "ReadPublishedSnapshot",
    ),
    (
        "AreAllRowsInTheCatalog",
        {"verified": {"rows": "9", "subjects": "2"}, "summary": {"rows": "10", "subjects": "2"}},
        "RowCountMismatch",
    ),
    (
        "AreAllRowsInTheCatalog",
        {"verified": {"rows": "10", "subjects": "1"}, "summary": {"rows": "10", "subjects": "2"}},
        "RowCountMismatch",
    ),
    ("IsThisTheNewestSnapshot", {"convert": {}, "newer": {"KeyCount": 1}}, "Superseded"),
    ("IsThisTheNewestSnapshot", {"convert": {}, "newer": {"KeyCount": 0}}, "PublishSnapshot"),
    # A snapshot that is published again after a rollback may be older than the published one.
    ("IsThisTheNewestSnapshot", {"newer": {"KeyCount": 1}}, "PublishSnapshot"),
    ("ExplainFailure", {"failure": {"Error": "States.Timeout"}}, "ExplainTimeout"),
    ("ExplainFailure", {"failure": {"Error": "X", "Cause": '{"QueryExecution": {}}'}}, "ParseQueryFailure"),
    ("ExplainFailure", {"failure": {"Error": "X", "Cause": '{"JobRunState": "FAILED"}'}}, "ParseJobFailure"),
    ("ExplainFailure", {"failure": {"Error": "X", "Cause": '{"errorMessage": "x"}'}}, "ParseFunctionFailure"),
    ("ExplainFailure", {"failure": {"Error": "States.Runtime", "Cause": "x"}}, "ExplainStateFailure"),
    ("ExplainFailure", {"failure": {"Error": "S3.S3Exception", "Cause": "x"}}, "ReportFailure"),
    ("DoesTheQuerySayWhy", {"failure": {"parsed": {"QueryExecution": {"Status": {}}}}}, "ExplainQueryEnd"),
    (
        "DoesTheQuerySayWhy",
        {"failure": {"parsed": {"QueryExecution": {"Status": {"StateChangeReason": "x"}}}}},
        "ExplainQueryFailure",
    ),
    ("IsFunctionErrorNamed", {"failure": {"Error": "States.TaskFailed"}}, "ExplainStateFailure"),
    ("IsFunctionErrorNamed", {"failure": {"Error": "UnknownLayout"}}, "ReportFailure"),
    ("DoesTheJobSayWhy", {"failure": {"parsed": {"ErrorMessage": "x"}}}, "ExplainJobFailure"),
    ("DoesTheJobSayWhy", {"failure": {"parsed": {}}}, "ExplainJobEnd"),
    # Formats of Glue's error messages: docs/errors.md.
    (
        "FindErrorClass",
        {"failure": {"parts": ["Error Category", " X", " Failed Line Number", " 20", " MissingSubject", " 3"]}},
        "TakeClassBehindLine",
    ),
    (
        "FindErrorClass",
        {"failure": {"parts": ["Error Category", " X", " MissingSubject", " 3"]}},
        "TakeClassBehindCategory",
    ),
    ("FindErrorClass", {"failure": {"parts": ["MissingSubject", " 3"]}}, "TakeClassInFront"),
    (
        "FindErrorClass",
        {"failure": {"parts": ["SchemaMismatch", " a", " Failed Line Number", " b", " MissingSubject"]}},
        "TakeClassInFront",
    ),
    ("FindErrorClass", {"failure": {"parts": ["X", " Failed Line Number", " b"]}}, "TakeClassInFront"),
    ("FindErrorClass", {"failure": {"parts": ["Error Category", " X", " Y", " 3", " Z"]}}, "TakeClassBehindCategory"),
    ("FindErrorClass", {"failure": {"parts": []}}, "ReportFailure"),
    *(
        ("NameJobFailure", {"failure": {"class": {"name": f" {name}"}}}, "TakeErrorName")
        for name in (
            *("TooManyBadRows", "DuplicateSubject", "MissingSubject"),
            *("SchemaMismatch", "RowCountMismatch", "InvalidArgument", "CodeVersionMismatch", "PartitionMismatch"),
        )
    ),
    ("NameJobFailure", {"failure": {"class": {"name": " OutOfMemoryError"}}}, "ReportFailure"),
)
"""A Choice state, its input, and the expected next state."""

_NOTHING = object()


@rule
def choices_match_the_design(project: Project) -> Iterable[str]:
    """A missing or inverted condition publishes an incomplete snapshot, or fails a good run."""
    choices = {name for name, state in project.states.items() if state["Type"] == "Choice"}
    for name in sorted(choices ^ {name for name, _, _ in CASES}):
        yield f"{name}: tools/checks/rules/decisions.py has no case, or no state has its name"
    for name, document, expected in CASES:
        found = decided(project.states.get(name, {}), document)
        if found != expected:
            yield f"{name} leads to {found} and not to {expected} with {document}"


def decided(state: dict[str, Any], document: dict[str, Any]) -> str:
    """The next state of a Choice state, or its error: a missing path, a rule without an operator."""
    try:
        for choice in state.get("Choices", []):
            if _holds(choice, document):
                return str(choice["Next"])
        return str(state["Default"])
    except (KeyError, TypeError, ValueError) as error:
        return f"an error ({error!r})"


def _holds(choice: dict[str, Any], document: dict[str, Any]) -> bool:
    if "And" in choice:
        if not choice["And"]:
            raise ValueError("And without rules")
        return all(_holds(each, document) for each in choice["And"])
    if "Or" in choice:
        return any(_holds(each, document) for each in choice["Or"])
    if "Not" in choice:
        return not _holds(choice["Not"], document)
    (operator,) = set(choice) - {"Variable", "Next", "Comment"}
    operand, value = choice[operator], _at(document, choice["Variable"])
    if operator == "IsPresent":
        return bool((value is not _NOTHING) == operand)
    if value is _NOTHING:
        raise ValueError(f"{choice['Variable']} leads nowhere")
    if operator.endswith("Path"):
        operator, operand = operator.removesuffix("Path"), _at(document, operand)
        if operand is _NOTHING:
            raise ValueError(f"{choice[operator + 'Path']} leads nowhere")
    match operator:
        case "IsNull":
            return bool((value is None) == operand)
        case "StringMatches":
            return fnmatch.fnmatchcase(value, operand.replace("[", "[[]"))
        case "StringEquals" | "BooleanEquals" | "NumericEquals":
            return type(value) is type(operand) and bool(value == operand)
        case "NumericGreaterThan":
            return bool(value > operand)
        case "NumericGreaterThanEquals":
            return bool(value >= operand)
    raise ValueError(f"{operator} is unknown to this evaluator")


def _at(document: Any, path: str) -> Any:
    if not re.fullmatch(r"\$(?:\.\w+|\[\d+\])+", path):
        raise ValueError(f"{path} is no path")
    for key in re.findall(r"\w+", path):
        if isinstance(document, list) and key.isdigit():
            document = {str(number): member for number, member in enumerate(document)}
        if not isinstance(document, dict) or key not in document:
            return _NOTHING
        document = document[key]
    return document
