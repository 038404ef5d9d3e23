"""Lambda made real: a function's code runs as a process, with its own role's credentials and nothing of the caller's.

Every invocation is a cold start: a fresh process with a fresh /tmp, both gone when it is over.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.awslambda import models, responses
from moto.core.exceptions import JsonRESTError

from local_aws.cloudwatch.services import invoked
from local_aws.core.patching import replace
from local_aws.core.world import ACCOUNT, World
from local_aws.iam.roles import RoleNotTakenError, take_role
from local_aws.lambda_.logs import set_logging_config, write_log

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")

_PAYLOAD_LIMIT = 6_291_456  # bytes: what a synchronous invocation may send
_RESPONSE_LIMIT = 6_291_556  # bytes: what it may return
_ASYNCHRONOUS_LIMIT = 1_048_576  # bytes: what an Event invocation may send
_START_LIMIT = 30.0  # seconds for the process to begin with the handler; Lambda's time limit counts from there
_LOG_TAIL = 4096  # bytes of the log that LogType Tail returns
_LOOK_EVERY = 0.01  # seconds

_own_init = models.LambdaFunction.__init__
_own_configuration = models.LambdaFunction.get_configuration
_own_response = responses.LambdaResponse.invoke


class PayloadTooLarge(JsonRESTError):
    """More bytes than Lambda takes."""

    code = 413

    def __init__(self, size: int, kind: str, limit: int) -> None:
        super().__init__(
            "RequestTooLargeException",
            f"{size} byte payload is too large for the {kind} invocation type (limit {limit} bytes)",
        )


class RoleNotTaken(JsonRESTError):
    """Lambda may not assume the function's role."""

    code = 403

    def __init__(self, reason: str) -> None:
        super().__init__("AccessDeniedException", reason)


@dataclass(frozen=True)
class _Outcome:
    """What an invocation gave: the payload, whether it is an error, the log."""

    payload: bytes
    failed: bool
    log: str


def install(world: World) -> None:
    """Replace moto's invocation, which needs Docker."""

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
        invocation = _Invocation(world, function, event)
        if kind == "Event":
            threading.Thread(target=invocation.run, name=f"function {function.function_name}", daemon=True).start()
            return b""
        outcome = invocation.run()
        response_headers["x-amz-executed-version"] = _version(function)
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
    """Keep the LoggingConfig, which moto drops."""
    _own_init(function, account_id, spec, region, version)
    set_logging_config(function, spec.get("LoggingConfig", {}))


def _response(response: responses.LambdaResponse) -> tuple[int, dict[str, str], str | bytes]:
    """Heed the qualifier, which moto looks for under a name that no client sends."""
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


def _version(function: models.LambdaFunction) -> str:
    """The number of a published version; what is not published yet is `$LATEST`."""
    published = function.function_arn.rpartition(":")[2] == str(function.version)
    return str(function.version) if published else "$LATEST"


class _Invocation:
    """One run of a function."""

    def __init__(self, world: World, function: models.LambdaFunction, event: bytes) -> None:
        self._world = world
        self._function = function
        self._event = event
        self._request = str(uuid.uuid4())
        self._stream = f"{datetime.now(UTC):%Y/%m/%d}/[{_version(function)}]{uuid.uuid4().hex}"
        # The place of this run: what is sent, what comes back, /tmp.
        self._place = world.folder / "functions" / f"{function.function_name}-{self._request}"

    def run(self) -> _Outcome:
        """Run the handler to its end, or to its time limit, and write the log."""
        started = time.monotonic()
        temporary = self._place / "tmp"
        temporary.mkdir(parents=True)
        (self._place / "event.json").write_bytes(self._event)
        try:
            try:
                name, region = self._function.function_name, self._function.region
                source = f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}"
                credentials = take_role(self._world, self._function.role, "lambda", name, source)
            except RoleNotTakenError as not_taken:
                raise RoleNotTaken(str(not_taken)) from not_taken
            failure = self._run_process(temporary, credentials)
            output = (self._place / "output").read_text(errors="replace")
            result = self._place / "result.json"
            if failure is None and not result.exists():
                failure = ("Runtime.ExitError", "Runtime exited without providing a reason")
            if failure is not None:
                error, message = failure
                output += f"{message}\n"
                payload = {"errorType": error, "errorMessage": f"RequestId: {self._request} Error: {message}"}
                if error == "Sandbox.Timedout":
                    payload["errorMessage"] = f"{_now()} {self._request} {message}"
                outcome = self._finished(json.dumps(payload).encode(), True, output, started)
            else:
                answer = json.loads(result.read_bytes())
                outcome = self._answered(answer, output, started)
            write_log(
                self._world,
                function=self._function.function_name,
                group=self._function.logs_group_name,
                stream=self._stream,
                log=outcome.log,
                credentials=credentials,
            )
            took = (time.monotonic() - started) * 1000
            invoked(region, name, failed=outcome.failed, milliseconds=took)
            return outcome
        finally:
            shutil.rmtree(self._place, ignore_errors=True)

    def _run_process(self, temporary: Path, credentials: Mapping[str, str]) -> tuple[str, str] | None:
        """Run the process; return error type and message when it was ended or ended itself."""
        with (self._place / "output").open("wb") as output:
            child = self._world.children.start(
                # -I: nothing of the caller's PYTHON* variables, user site or folder. So Python keeps its bytecode, and
                # the next cold start need not compile the libraries again.
                [sys.executable, "-I", str(_BOOTSTRAP), str(self._place)],
                environment=self._environment(temporary, credentials),
                folder=self._unpacked_code(),
                output=output,
            )
        try:
            return self._wait(child)
        finally:
            # The handler's own processes too: Lambda freezes them, here they would linger.
            self._world.children.end(child)
            self._world.children.finished(child)
            if child.stdin:
                child.stdin.close()

    def _wait(self, child: subprocess.Popen[bytes]) -> tuple[str, str] | None:
        timeout = float(self._function.timeout)
        begun = self._place / "begun"
        deadline, running = time.monotonic() + _START_LIMIT, False
        while child.poll() is None:
            if not running and begun.exists():
                deadline, running = time.monotonic() + timeout, True
            if time.monotonic() > deadline:
                self._world.children.end(child)
                child.wait()
                return "Sandbox.Timedout", f"Task timed out after {timeout:.2f} seconds"
            time.sleep(_LOOK_EVERY)
        if child.returncode < 0:
            return "Runtime.ExitError", f"Runtime exited with error: signal: {-child.returncode}"
        if child.returncode > 0:
            return "Runtime.ExitError", f"Runtime exited with error: exit status {child.returncode}"
        return None

    def _answered(self, answer: dict[str, Any], output: str, started: float) -> _Outcome:
        if "error" in answer:
            error = answer["error"]
            if error["errorType"].startswith("Runtime."):
                error.setdefault("requestId", "")
            else:
                error["requestId"] = self._request
            return self._finished(json.dumps(error).encode(), True, output, started)
        payload = json.dumps(answer["result"]).encode()
        if len(payload) > _RESPONSE_LIMIT:
            message = f"Response payload size exceeded maximum allowed payload size ({_RESPONSE_LIMIT} bytes)."
            error = {"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}
            return self._finished(json.dumps(error).encode(), True, output, started)
        return self._finished(payload, False, output, started)

    def _finished(self, payload: bytes, failed: bool, output: str, started: float) -> _Outcome:
        milliseconds = (time.monotonic() - started) * 1000
        if output and not output.endswith("\n"):
            output += "\n"
        log = (
            f"START RequestId: {self._request} Version: {_version(self._function)}\n{output}"
            f"END RequestId: {self._request}\n"
            f"REPORT RequestId: {self._request}\tDuration: {milliseconds:.2f} ms\t"
            f"Memory Size: {self._function.memory_size} MB\n"
        )
        return _Outcome(payload, failed, log)

    def _environment(self, temporary: Path, credentials: Mapping[str, str]) -> dict[str, str]:
        function = self._function
        version = _version(function)
        own = {name: _moved(str(value), temporary) for name, value in (function.environment_vars or {}).items()}
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "TZ": ":UTC",
            "TMPDIR": str(temporary),
            "HOME": str(temporary),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
            "AWS_LAMBDA_LOG_STREAM_NAME": self._stream,
            "LAMBDA_TASK_ROOT": str(self._unpacked_code()),
            "_HANDLER": str(function.handler),
            **own,
            **self._world.function_environment,
            **self._world.client_environment(),
            **credentials,
            # For the bootstrap alone.
            "LOCAL_AWS_INVOKED_ARN": function.function_arn,
            "LOCAL_AWS_REQUEST_ID": self._request,
            "LOCAL_AWS_TIMEOUT": str(function.timeout),
        }

    def _unpacked_code(self) -> Path:
        """The folder with the function's code, unpacked once for each archive."""
        digest = base64.b64decode(self._function.code_sha_256).hex()
        folder = self._world.folder / "code" / digest
        if not folder.exists():
            fresh = folder.with_name(f"{digest}.{uuid.uuid4().hex}")
            with zipfile.ZipFile(io.BytesIO(self._function.code_bytes)) as archive:
                archive.extractall(fresh)
            # Two first invocations at once: the second to come finds the folder and drops its own.
            with contextlib.suppress(OSError):
                fresh.rename(folder)
            shutil.rmtree(fresh, ignore_errors=True)
        return folder


def _moved(value: str, temporary: Path) -> str:
    """A path under /tmp as one under this run's own; anything else as it is."""
    if value == "/tmp" or value.startswith("/tmp/"):  # noqa: S108 - the text of the template
        return str(temporary) + value.removeprefix("/tmp")  # noqa: S108
    return value


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
