"""Conversion of parameters and results of service calls between Step Functions' and boto3's forms."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.response import StreamingBody
from moto.stepfunctions.parser.utils import camel_to_snake_case, snake_to_camel_case

from local_aws.stepfunctions.executions import compact

BOTO_NAMES = {"sfn": "stepfunctions", "cloudwatchlogs": "logs", "eventbridge": "events"}
"""Services with another name in Step Functions than in boto3."""


class ParameterError(Exception):
    """An invalid parameter; the message is AWS's cause."""


@functools.cache
def service_model(api_name: str) -> ServiceModel:
    """The botocore model of a service by Step Functions' name. Raises ParameterError for an unknown one."""
    try:
        return botocore.session.get_session().get_service_model(BOTO_NAMES.get(api_name, api_name))
    except Exception as unknown:
        raise ParameterError(f"'{api_name}' is no service") from unknown


def operation(api_name: str, action: str) -> OperationModel:
    """The model of an API action, in camelCase as in a task's Resource. Raises ParameterError for another spelling."""
    model = service_model(api_name)
    name = action[:1].upper() + action[1:]
    if not action[:1].islower() or name not in model.operation_names:
        raise ParameterError(f"'{action}' is not an API action of {api_name} (they are in camelCase)")
    return model.operation_model(name)


def method_name(model: OperationModel) -> str:
    """The name of boto3's method for an action."""
    return xform_name(model.name)


@functools.cache
def states_name(member: str) -> str:
    """The name of a member in a state machine: PascalCase, `executionArn` is ExecutionArn."""
    return snake_to_camel_case(camel_to_snake_case(member))


def check_names(model: OperationModel, given: set[str]) -> None:
    """Check for unknown and missing parameters. Raises ParameterError."""
    shape: Any = model.input_shape
    members = {states_name(name): name for name in shape.members} if shape else {}
    for name in sorted(given - set(members)):
        raise ParameterError(f"The field '{name}' is not supported by Step Functions (known: {', '.join(members)})")
    needed = {states_name(name) for name in shape.required_members} if shape else set()
    for name in sorted(needed - given):
        raise ParameterError(f"The field '{name}' is required but was missing")


def to_request(value: Any, shape: Any, name: str = "Parameters", *, text_from_json: bool = False) -> Any:
    """Convert a parameter for boto3. Raises ParameterError for a value of another type than the API's.

    `text_from_json` allows objects and lists where the API has a string: they are sent as JSON.
    """
    go_on = functools.partial(to_request, text_from_json=text_from_json)
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        members = {states_name(member): member for member in shape.members}
        for key in value:
            if key not in members:
                raise ParameterError(f"The field '{key}' of '{name}' is not supported by Step Functions")
        return {members[key]: go_on(part, shape.members[members[key]], key) for key, part in value.items()}
    if kind == "map" and isinstance(value, dict):
        return {key: go_on(part, shape.value, key) for key, part in value.items()}
    if kind == "list" and isinstance(value, list):
        return [go_on(part, shape.member, name) for part in value]
    if kind == "blob":
        return compact(value).encode()
    if kind in ("string", "character") and text_from_json and isinstance(value, dict | list):
        return compact(value)
    if not isinstance(value, _TYPES.get(kind, object)) or (isinstance(value, bool) and kind != "boolean"):
        raise ParameterError(f"The value for the field '{name}' must be a {kind.upper()}")
    return value


_TYPES: dict[str, Any] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "character": str,
    "integer": int,
    "long": int,
    "float": int | float,
    "double": int | float,
    "boolean": bool,
}


def iso_time(moment: datetime.datetime) -> str:
    """A time in the format of AWS SDK integrations: 2026-11-24T03:14:54Z, with milliseconds if it has any."""
    reported = moment.astimezone(datetime.UTC).isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return reported.removesuffix("+00:00") + "Z"


def epoch_milliseconds(moment: datetime.datetime) -> int:
    """A time in the format of optimised integrations."""
    return round(moment.timestamp() * 1000)


def from_response(value: Any, shape: Shape | None, time: Callable[[datetime.datetime], Any] = iso_time) -> Any:
    """Convert a result for a state: names in PascalCase, bodies as text, times by `time`."""
    model: Any = shape
    if isinstance(value, dict) and model is not None and model.type_name == "structure":
        return {
            states_name(key): from_response(part, model.members[key], time)
            for key, part in value.items()
            if key in model.members and part is not None
        }
    if isinstance(value, dict):
        inner = model.value if model is not None and model.type_name == "map" else None
        return {key: from_response(part, inner, time) for key, part in value.items()}
    if isinstance(value, list):
        inner = model.member if model is not None and model.type_name == "list" else None
        return [from_response(part, inner, time) for part in value]
    if isinstance(value, datetime.datetime):
        return time(value)
    if isinstance(value, StreamingBody):
        value = value.read()
    return value.decode("utf-8") if isinstance(value, bytes) else value
