"""Rules on the arguments of the states' calls, by the service models of botocore."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from botocore.model import OperationModel

from tools.checks.project import Project
from tools.checks.rules.registry import rule
from tools.checks.service_models import service_model

OPTIMISED = {
    "lambda:invoke": "lambda:Invoke",
    "glue:startJobRun.sync": "glue:StartJobRun",
    "athena:startQueryExecution.sync": "athena:StartQueryExecution",
    "athena:getQueryResults": "athena:GetQueryResults",
    "sns:publish": "sns:Publish",
}
"""The calls with an optimised integration, and the API operation of each."""

_JSON = {"Payload", "Message", "Body"}
"""Arguments that take any JSON, which Step Functions serialises."""


@cache
def operation(call: str) -> OperationModel:
    """The model of a Task's call, `lambda:invoke` or `aws-sdk:glue:getCrawler`. Raises ValueError for others."""
    named = OPTIMISED.get(call) or call.removeprefix("aws-sdk:")
    service, _, name = named.partition(":")
    try:
        return service_model(service).operation_model(name[:1].upper() + name[1:])
    except Exception as unknown:
        raise ValueError(f"no service has the call {call}") from unknown


@rule
def calls_match_the_service_models(project: Project) -> Iterable[str]:
    """A missing required argument or an unknown argument fails the state at run time."""
    for name, task in project.tasks.items():
        try:
            model = operation(task["Resource"].partition(":states:::")[2])
        except ValueError as error:
            yield f"{name}: {error}"
            continue
        for problem in _problems(task.get("Parameters", {}), model.input_shape, "Parameters"):
            yield f"{name}: {problem}"


def _problems(given: Any, shape: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(given, dict):
            yield f"{path} is {given!r}, expected an object"
            return
        names = {key.removesuffix(".$"): (key, value) for key, value in given.items()}
        for name in sorted(set(shape.required_members) - set(names)):
            yield f"{path} lacks {name}"
        for name, (key, value) in names.items():
            if name not in shape.members:
                yield f"{path} has the unknown argument {name}"
            elif not key.endswith(".$") and name not in _JSON:
                yield from _problems(value, shape.members[name], f"{path}.{name}")
    elif kind == "list":
        if not isinstance(given, list) or not given:
            yield f"{path} is {given!r}, expected a list"
            return
        for number, member in enumerate(given):
            yield from _problems(member, shape.member, f"{path}[{number}]")
    elif kind == "string":
        if not isinstance(given, str) or not given or given not in (getattr(shape, "enum", None) or [given]):
            yield f"{path} is {given!r}, expected {' or '.join(shape.enum) or 'a text'}"
    elif kind in ("integer", "long", "double", "float") and (
        isinstance(given, bool) or not isinstance(given, int | float)
    ):
        yield f"{path} is {given!r}, expected a number"


@rule
def resource_names_are_substitutions(project: Project) -> Iterable[str]:
    """The name of a resource must be exactly one substitution."""
    for name, task in project.tasks.items():
        for path, text in _literals(task.get("Parameters", {}), "Parameters"):
            if "${" in text and not re.fullmatch(r"\$\{\w+\}", text):
                yield f"{name}: {path} is {text!r}, expected one substitution"


def _literals(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, member in value.items():
            if not key.endswith(".$"):
                yield from _literals(member, f"{path}.{key}")
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from _literals(member, f"{path}[{number}]")
    elif isinstance(value, str):
        yield path, value


@rule
def metrics_are_put_once_and_complete(project: Project) -> Iterable[str]:
    """A datum needs a value and one dimension; a metric that occurs twice in a call counts twice."""
    for name, task in project.tasks.items():
        data = task.get("Parameters", {}).get("MetricData", [])
        metrics = [datum.get("MetricName") for datum in data]
        if len(set(metrics)) < len(metrics):
            yield f"{name} puts a metric twice"
        for datum in data:
            if {key.removesuffix(".$") for key in datum} - {"MetricName", "Dimensions", "Unit"} not in (
                {"Value"},
                {"Values", "Counts"},
            ):
                yield f"{name}: {datum.get('MetricName')} has no Value, and no Values with their Counts"
            if len(datum.get("Dimensions", [])) != 1 or "Unit" not in datum:
                yield f"{name}: {datum.get('MetricName')} must have one dimension and its unit"
