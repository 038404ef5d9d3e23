"""An invocation of a function: a process with its role's credentials and nothing of the caller's environment.

Every invocation is a cold start: a new process with a new /tmp, which is deleted at the end.
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
import time
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.awslambda import models
from moto.core.exceptions import JsonRESTError

from local_aws.cloudwatch.services import invoked
from local_aws.core.world import ACCOUNT, World
from local_aws.iam.roles import RoleNotTakenError, take_role
from local_aws.lambda_.logs import write_log

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")

_RESPONSE_LIMIT = 6_291_556  # bytes: Lambda's limit
_START_LIMIT = 30.0  # seconds until the handler starts; the function's timeout counts from there
_LOOK_EVERY = 0.01  # seconds


class RoleNotTaken(JsonRESTError):
    """Lambda cannot assume the function's role."""

    code = 403

    def __init__(self, reason: str) -> None:
        super().__init__("AccessDeniedException", reason)


@dataclass(frozen=True)
class Outcome:
    """The result of an invocation: the payload, whether it is an error, the log."""

    payload: bytes
    failed: bool
    log: str


def version(function: models.LambdaFunction) -> str:
    """The number of a published version, or `$LATEST`."""
    published = function.function_arn.rpartition(":")[2] == str(function.version)
    return str(function.version) if published else "$LATEST"


class Invocation:
    """One run of a function."""

    def __init__(self, world: World, function: models.LambdaFunction, event: bytes) -> None:
        self._world = world
        self._function = function
        self._event = event
        self._request = str(uuid.uuid4())
        self._stream = f"{datetime.now(UTC):%Y/%m/%d}/[{version(function)}]{uuid.uuid4().hex}"
        # The folder of this run: event, result, /tmp.
        self._place = world.folder / "functions" / f"{function.function_name}-{self._request}"

    def run(self) -> Outcome:
        """Run the handler until its end or its timeout, and write the log."""
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
        """Run the process; return error type and message if it was killed or exited."""
        with (self._place / "output").open("wb") as output:
            child = self._world.children.start(
                # -I: without the caller's PYTHON* variables, user site or folder. Python then caches its bytecode, so
                # that the next cold start does not compile the libraries again.
                [sys.executable, "-I", str(_BOOTSTRAP), str(self._place)],
                environment=self._environment(temporary, credentials),
                folder=self._unpacked_code(),
                output=output,
            )
        try:
            return self._wait(child)
        finally:
            # Including the handler's child processes: Lambda freezes them, here they would keep running.
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

    def _answered(self, answer: dict[str, Any], output: str, started: float) -> Outcome:
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

    def _finished(self, payload: bytes, failed: bool, output: str, started: float) -> Outcome:
        milliseconds = (time.monotonic() - started) * 1000
        if output and not output.endswith("\n"):
            output += "\n"
        log = (
            f"START RequestId: {self._request} Version: {version(self._function)}\n{output}"
            f"END RequestId: {self._request}\n"
            f"REPORT RequestId: {self._request}\tDuration: {milliseconds:.2f} ms\t"
            f"Memory Size: {self._function.memory_size} MB\n"
        )
        return Outcome(payload, failed, log)

    def _environment(self, temporary: Path, credentials: Mapping[str, str]) -> dict[str, str]:
        function = self._function
        number = version(function)
        own = {name: _moved(str(value), temporary) for name, value in (function.environment_vars or {}).items()}
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "TZ": ":UTC",
            "TMPDIR": str(temporary),
            "HOME": str(temporary),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": number,
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
            # For the bootstrap only.
            "LOCAL_AWS_INVOKED_ARN": function.function_arn,
            "LOCAL_AWS_REQUEST_ID": self._request,
            "LOCAL_AWS_TIMEOUT": str(function.timeout),
        }

    def _unpacked_code(self) -> Path:
        """The folder with the function's code, unpacked once per archive."""
        digest = base64.b64decode(self._function.code_sha_256).hex()
        folder = self._world.folder / "code" / digest
        if not folder.exists():
            fresh = folder.with_name(f"{digest}.{uuid.uuid4().hex}")
            with zipfile.ZipFile(io.BytesIO(self._function.code_bytes)) as archive:
                archive.extractall(fresh)
            # With two concurrent first invocations the second finds the folder and deletes its own.
            with contextlib.suppress(OSError):
                fresh.rename(folder)
            shutil.rmtree(fresh, ignore_errors=True)
        return folder


def _moved(value: str, temporary: Path) -> str:
    """Map a path below /tmp to this run's folder; other values are unchanged."""
    if value == "/tmp" or value.startswith("/tmp/"):  # noqa: S108 - the text of the template
        return str(temporary) + value.removeprefix("/tmp")  # noqa: S108
    return value


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
