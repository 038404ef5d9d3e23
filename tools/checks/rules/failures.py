"""Rules on failing states: time limits, retries, notification."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from ingest import errors as ingest_errors
from mhealth import errors as glue_errors
from snapshot_report import errors as report_errors
from tools.checks.project import Project, as_list
from tools.checks.rules.registry import rule
from tools.checks.rules.transitions import next_states
from tools.paths import ROOT

TRANSIENT = {"SourceUnavailable", "SourceChanged", "StorageUnavailable", "CatalogUnavailable"}
"""The project's own retryable errors."""

CATCH_ALL = {"States.ALL", "States.TaskFailed"}

NOTICE = {"stack", "state", "error", "cause", "what_to_do", "published", "report", "execution", "link"}
"""The fields of a failure notice: docs/operations.md."""

_OWN_CODE = ("lambda:invoke", "glue:startJobRun.sync")
_BEST_EFFORT = ("aws-sdk:cloudwatch:putMetricData", "aws-sdk:glue:stopCrawler", "aws-sdk:s3:copyObject", "sns:publish")
# States for metrics, cleanup and notification: their failure neither fails a run nor hides the first failure.

_WITHOUT_IT = {
    "WriteReport": ("Published", "PublishedWithoutReport"),
    "ReportFailure": ("NotifyFailure", "FailedWithoutReport"),
}
"""A state whose failure does not change how the run ends: its next state, and the next state after a failure."""


def error_names(module: ModuleType) -> set[str]:
    """The named errors of a module: every exception class without subclasses."""
    classes = [each for _, each in inspect.getmembers(module, inspect.isclass) if issubclass(each, Exception)]
    own = [each for each in classes if each.__module__ == module.__name__]
    return {each.__name__ for each in own if not any(other is not each and issubclass(other, each) for other in own)}


def _errors(rules: Iterable[dict[str, Any]]) -> set[str]:
    return {error for each in rules for error in as_list(each["ErrorEquals"])}


@rule
def tasks_end_in_time(project: Project) -> Iterable[str]:
    """A task without a time limit may run until the state machine's time limit."""
    whole = project.definition.get("TimeoutSeconds", 0)
    if not 0 < whole <= 24 * 3600:
        yield f"the state machine's TimeoutSeconds is {whole}: expected 1 second to a day"
    for name, task in project.tasks.items():
        if not 0 < task.get("TimeoutSeconds", 0) < whole:
            yield f"{name} has no TimeoutSeconds below the state machine's"


@rule
def tasks_retry(project: Project) -> Iterable[str]:
    """Transient errors of a service must not fail the daily run."""
    for name, task in project.tasks.items():
        if not task.get("Retry"):
            yield f"{name} has no Retry"


@rule
def failures_are_notified(project: Project) -> Iterable[str]:
    """Every failure must pass ExplainFailure, ReportFailure and NotifyFailure, with the name of the failed state."""
    for name, task in project.tasks.items():
        last = (task.get("Catch") or [{}])[-1]
        if as_list(last.get("ErrorEquals")) != ["States.ALL"]:
            yield f"{name} does not end its Catch with States.ALL"
        elif name in _WITHOUT_IT:
            if (task.get("Next"), last["Next"]) != _WITHOUT_IT[name]:
                yield f"{name} must lead to {' and, where it fails, to '.join(_WITHOUT_IT[name])}"
        elif task["Resource"].endswith(_BEST_EFFORT):
            if last["Next"] != task.get("Next"):
                yield f"{name} must have the same next state after success and after failure"
        elif last["Next"] != "ExplainFailure" or last.get("Assign") != {"failedState.$": "$$.State.Name"}:
            yield f"{name} catches States.ALL without assigning failedState"
    for name, state in project.states.items():
        ends = {each for each in next_states(state) if project.states.get(each, {}).get("Type") == "Fail"}
        if ends and name != "PublishFailure":
            yield f"{name} leads to {', '.join(sorted(ends))} past PublishFailure"
        if "PublishFailure" in next_states(state) and name != "NotifyFailure":
            yield f"{name} leads to PublishFailure past NotifyFailure"
        if "NotifyFailure" in next_states(state) and name not in _WITHOUT_IT["ReportFailure"] + ("ReportFailure",):
            yield f"{name} leads to NotifyFailure past ReportFailure: the notice would name no report"


@rule
def failures_are_stored_for_explanation(project: Project) -> Iterable[str]:
    """ExplainFailure reads the failure at $.failure; elsewhere it is lost."""
    for name, task in project.tasks.items():
        for catcher in task.get("Catch", []):
            explained = catcher["Next"] == "ExplainFailure"
            if explained and catcher.get("ResultPath") != "$.failure":
                yield f"{name}: Catch must store the failure at $.failure for ExplainFailure"
            if not explained and catcher.get("ResultPath", "$") in ("$", "$.failure"):
                yield f"{name}: Catch must store an optional state's failure beside $.failure, and keep the document"


@rule
def failure_names_are_documented(project: Project) -> Iterable[str]:
    """Every error name of a notice must be in docs/errors.md."""
    page = (ROOT / "docs" / "errors.md").read_text()
    names = {name for cell in re.findall(r"^\| ([\w, ]+) \|", page, re.MULTILINE) for name in cell.split(", ")}
    for name, state in project.states.items():
        explained = state.get("Parameters", {}) if state.get("ResultPath") == "$.failure" else {}
        error = explained.get("Error")
        if error is not None and error not in names:
            yield f"{name}: docs/errors.md has no {error}"
        if explained and "parsed.$" not in explained:
            keys = {key.removesuffix(".$") for key in explained}
            if not {"Error", "Cause"} <= keys or not all(explained.values()):
                yield f"{name}: an explained failure has Error and Cause, found {', '.join(sorted(keys))}"


@rule
def notices_are_complete(project: Project) -> Iterable[str]:
    """A notice and a run's output must say what happened and what to do."""
    notice = project.states.get("NotifyFailure", {}).get("Parameters", {}).get("notice", {})
    given = {key.removesuffix(".$") for key in notice}
    if given != NOTICE:
        yield f"NotifyFailure: the notice differs in {', '.join(sorted(given ^ NOTICE))}"
    for name, state in project.states.items():
        output = {key.removesuffix(".$") for key in state.get("Parameters", {})}
        if state.get("End") and not {"outcome", "message"} <= output:
            yield f"{name} ends a run without outcome and message"


@rule
def publication_outputs_have_the_same_fields(project: Project) -> Iterable[str]:
    """The output of a run must have the same fields with and without a report."""
    outputs = {name: set(project.states.get(name, {}).get("Parameters", {})) for name in _WITHOUT_IT["WriteReport"]}
    with_report, without = ({key.removesuffix(".$") for key in output} for output in outputs.values())
    for key in sorted(with_report ^ without):
        yield f"only one of {' and '.join(outputs)} has {key}"


@rule
def data_errors_are_not_retried(project: Project) -> Iterable[str]:
    """Errors of the data or the token are permanent: a retry costs a job run and delays the notice."""
    modules = (glue_errors, ingest_errors, report_errors)
    deterministic = {name for module in modules for name in error_names(module)} - TRANSIENT
    for name, task in project.tasks.items():
        retried = _errors(task.get("Retry", []))
        for error in sorted(retried & deterministic):
            yield f"{name} retries {error}"
        if task["Resource"].endswith(_OWN_CODE):
            for error in sorted(retried & (CATCH_ALL | {"States.Timeout"})):
                yield f"{name} runs the project's code and retries {error}, which includes every error of the data"


@rule
def retryable_own_errors_are_retried(project: Project) -> Iterable[str]:
    """Kaggle is unavailable now and then, and back minutes later."""
    retried = _errors(each for task in project.tasks.values() for each in task.get("Retry", []))
    for error in sorted(TRANSIENT - retried):
        yield f"no state retries {error}"


@rule
def failures_keep_their_names(project: Project) -> Iterable[str]:
    """Step Functions gets a job's error inside a text: the state NameJobFailure must know every name."""
    choices = project.states.get("NameJobFailure", {}).get("Choices", [])
    known = {each["StringEquals"] for choice in choices for each in choice["Or"]}
    # Glue writes a space before the class.
    for error in sorted(known ^ {f" {name}" for name in error_names(glue_errors) - {"JobFailed"}}):
        yield f"NameJobFailure and glue/mhealth/errors.py disagree on{error}"
    if project.states.get("ExplainJobFailure", {}).get("Parameters", {}).get("Error") != "JobFailed":
        yield "an unnamed error of a job must become JobFailed"


@rule
def fail_states_use_no_reserved_name(project: Project) -> Iterable[str]:
    """Step Functions rejects a Fail state whose Error begins with `States.`."""
    for name, state in project.states.items():
        if state["Type"] == "Fail" and str(state.get("Error", "")).startswith("States."):
            yield f"{name} ends with {state['Error']}"


@rule
def work_times_out_before_its_state(project: Project) -> Iterable[str]:
    """If a state times out before its job, the job keeps running and blocks the next execution."""
    for state, resource, unit in (
        ("DownloadCSV", "DownloadFunction", 1),
        ("WriteReport", "ReportFunction", 1),
        ("ReportFailure", "ReportFunction", 1),
        ("ConvertParquet", "ConvertParquetJob", 60),
        ("GlueTransform", "GlueTransformJob", 60),
    ):
        properties = project.template["Resources"].get(resource, {}).get("Properties", {})
        own = properties.get("Timeout", 0) * unit
        given = project.states.get(state, {}).get("TimeoutSeconds", 0)
        if not 0 < own < given:
            yield f"{resource} has {own} s, its state {state} {given} s"
