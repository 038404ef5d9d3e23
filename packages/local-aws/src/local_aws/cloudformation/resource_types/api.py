"""AWS API calls with the values of a template, validated and converted by the service model."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from botocore import xform_name
from botocore.client import BaseClient
from botocore.config import Config
from botocore.model import ListShape, MapShape, Shape, StructureShape

from local_aws.core.world import ADMINISTRATOR, World

_FUNCTIONS_LONGEST_RUN = 15 * 60  # seconds: Lambda's limit; a custom resource may take as long


class PropertyError(Exception):
    """An unknown property, or a value of the wrong type."""


class Api:
    """An administrator's clients of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._clients: dict[str, BaseClient] = {}

    def client(self, service: str) -> Any:
        """The boto3 client of a service."""
        with self._lock:
            if service not in self._clients:
                config = Config(
                    retries={"max_attempts": 1},
                    read_timeout=_FUNCTIONS_LONGEST_RUN + 60,
                    # Calls to this process need no proxy.
                    proxies={},
                    s3={"addressing_style": "path"},
                )
                self._clients[service] = self._world.client(service, ADMINISTRATOR, config)
            return self._clients[service]

    def call(self, service: str, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call `operation` (`CreateJob`) with the properties of a template as its arguments.

        Raises PropertyError for a property that the operation does not have, botocore's errors for the rest.
        """
        client = self.client(service)
        shape = client.meta.service_model.operation_model(operation).input_shape
        result: dict[str, Any] = getattr(client, xform_name(operation))(**typed(arguments, shape, operation))
        return result


def typed(value: Any, shape: Shape, path: str) -> Any:
    """Convert `value` to `shape`: a template's numbers and booleans may be strings, its documents objects.

    The case of the first letter of member names is ignored: CloudFormation capitalises names that some services do not.
    """
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        members = {name[:1].lower() + name[1:]: name for name in shape.members}
        arguments = {}
        for name, member in value.items():
            known = members.get(name[:1].lower() + name[1:])
            if known is None:
                raise PropertyError(f"{path} has no property {name}; it has {', '.join(sorted(shape.members))}")
            arguments[known] = typed(member, shape.members[known], f"{path}.{name}")
        return arguments
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [typed(member, shape.member, f"{path}[{index}]") for index, member in enumerate(value)]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {name: typed(member, shape.value, f"{path}.{name}") for name, member in value.items()}
    return _scalar(value, shape.type_name, path)


def _scalar(value: Any, kind: str, path: str) -> Any:
    text = as_text(value) if isinstance(value, str | bool | int | float) else None
    try:
        if kind in ("integer", "long") and text is not None:
            return int(text)
        if kind in ("float", "double") and text is not None:
            return float(text)
    except ValueError:
        raise PropertyError(f"{path}: expected a number, found {text!r}") from None
    if kind == "boolean":
        if text not in ("true", "false"):
            raise PropertyError(f"{path}: expected true or false, found {value!r}")
        return text == "true"
    if kind == "string":
        return as_document(value)
    if kind in ("structure", "list", "map"):
        raise PropertyError(f"{path}: expected a {kind}, found {value!r}")
    return value


def as_text(value: str | bool | int | float) -> str:
    """A scalar of a template as CloudFormation writes it: booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_document(value: Any) -> str:
    """A value as a string: a policy or other document as JSON, a scalar as CloudFormation writes it."""
    return as_text(value) if isinstance(value, str | bool | int | float) else json.dumps(value)


def tag_map(properties: Mapping[str, Any]) -> dict[str, str]:
    """CloudFormation's list of tags as a map, which some services need."""
    return {tag["Key"]: as_text(tag["Value"]) for tag in properties.get("Tags", [])}
