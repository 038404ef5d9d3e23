"""Lambda: moto's invocation, which needs Docker, replaced by processes on this machine."""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping, MutableMapping
from typing import Any

from moto.awslambda import models, responses
from moto.core.exceptions import JsonRESTError

from local_aws.core.patching import replace
from local_aws.core.world import World
from local_aws.lambda_.environments import Environments
from local_aws.lambda_.invocation import Invocation, version
from local_aws.lambda_.logs import set_logging_config

_PAYLOAD_LIMIT = 6_291_456  # bytes: the payload limit of a synchronous invocation
_ASYNCHRONOUS_LIMIT = 1_048_576  # bytes: the payload limit of an Event invocation
_LOG_TAIL = 4096  # bytes of the log that LogType Tail returns

_own_init = models.LambdaFunction.__init__
_own_configuration = models.LambdaFunction.get_configuration
_own_response = responses.LambdaResponse.invoke


class PayloadTooLarge(JsonRESTError):
    """The payload exceeds Lambda's limit."""

    code = 413

    def __init__(self, size: int, kind: str, limit: int) -> None:
        super().__init__(
            "RequestTooLargeException",
            f"{size} byte payload is too large for the {kind} invocation type (limit {limit} bytes)",
        )


def _run_asynchronously(invocation: Invocation, world: World) -> None:
    """Run an invocation for which nobody waits. After the end of the local AWS, its errors are ignored."""
    try:
        invocation.run()
    except Exception:
        if not world.children.closed:
            raise


def install(world: World) -> None:
    """Replace moto's invocation, which needs Docker."""
    environments = Environments(world)

    def invoke(
        function: models.LambdaFunction,
        body: str | bytes | None,
        request_headers: Mapping[str, str],
        response_headers: MutableMapping[str, Any],
    ) -> bytes:
        event = (body.encode() if isinstance(body, str) else body) or b"{}"
        kind = request_headers.get("x-amz-invocation-type", "RequestResponse")
        limit = _ASYNCHRONOUS_LIMIT if kind == "Event" else _PAYLOAD_LIMIT
        if len(event) > limit:
            raise PayloadTooLarge(len(event), kind, limit)
        if kind == "DryRun":
            return b""
        invocation = Invocation(world, environments, function, event)
        if kind == "Event":
            name = f"function {function.function_name}"
            threading.Thread(target=_run_asynchronously, args=(invocation, world), name=name, daemon=True).start()
            return b""
        outcome = invocation.run()
        response_headers["x-amz-executed-version"] = version(function)
        if outcome.failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        tail = outcome.log.encode()[-_LOG_TAIL:]
        response_headers["x-amz-log-result"] = base64.b64encode(tail).decode()
        return outcome.payload

    replace(models.LambdaFunction, invoke=invoke, __init__=_init, get_configuration=_configuration)
    replace(responses.LambdaResponse, invoke=_response)


def _init(
    function: models.LambdaFunction, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1
) -> None:
    """Store the LoggingConfig, which moto drops."""
    _own_init(function, account_id, spec, region, version)
    set_logging_config(function, spec.get("LoggingConfig", {}))


def _response(response: responses.LambdaResponse) -> tuple[int, dict[str, str], str | bytes]:
    """Read the qualifier, which moto expects under a name that no client sends."""
    if "Qualifier" in response.querystring:
        response.querystring["qualifier"] = response.querystring["Qualifier"]
    answer: tuple[int, dict[str, str], str | bytes] = _own_response(response)
    return answer


def _configuration(function: models.LambdaFunction, on_create: bool = False) -> dict[str, Any]:
    described = _own_configuration(function, on_create)
    described["LoggingConfig"] = {
        "LogFormat": "Text",
        **function.logging_config,  # type: ignore[attr-defined]
        "LogGroup": function.logs_group_name,
    }
    return described
