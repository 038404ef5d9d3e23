"""The arguments of the states' calls, held against the services' own models, which botocore carries."""

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
"""The calls that Step Functions has integrations of its own for, with the operation that each is."""

_JSON = {"Payload", "Message", "Body"}
"""Arguments that take any JSON: Step Functions makes the text of it."""


@cache
def operation(call: str) -> OperationModel:
    """The model of a Task's call, `lambda:invoke` or `aws-sdk:glue:getCrawler`. Raises ValueError for none."""
    named = OPTIMISED.get(call) or call.removeprefix("aws-sdk:")
    service, _, name = named.partition(":")
    try:
        return service_model(service).operation_model(name[:1].upper() + name[1:])
    except Exception as unknown:
        raise ValueError(f"no service has the call {call}") from unknown


@rule
def calls_have_the_arguments_that_they_take(project: Project) -> Iterable[str]:
    """A required argument that is missing, or one that the service does not know, fails the state when it runs."""
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
                yield f"{path} has {name}, which the call does not take"
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
def names_are_one_substitution(project: Project) -> Iterable[str]:
    """A name of a resource is what the template gives, and nothing beside it."""
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
def metrics_are_put_once_and_whole(project: Project) -> Iterable[str]:
    """A datum needs a value and one dimension; the same metric twice in a call counts twice."""
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
