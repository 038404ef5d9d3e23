"""An invocation of a function: in an execution environment with its role's credentials and nothing of the caller's."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import shutil
import time
import uuid
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.awslambda import models
from moto.core.exceptions import JsonRESTError

from local_aws.cloudwatch.services import invoked
from local_aws.core.world import ACCOUNT, World
from local_aws.iam.roles import RoleNotTakenError, role_arn, trusting_role
from local_aws.lambda_.environments import Ended, Environment, Environments, Setup
from local_aws.lambda_.logs import write_log

_RESPONSE_LIMIT = 6_291_556  # bytes: Lambda's limit


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

    def __init__(self, world: World, environments: Environments, function: models.LambdaFunction, event: bytes) -> None:
        self._world = world
        self._environments = environments
        self._function = function
        self._event = event
        self._request = str(uuid.uuid4())

    def run(self) -> Outcome:
        """Run the handler until its end or its timeout, and write the log."""
        started = time.monotonic()
        name, region = self._function.function_name, self._function.region
        setup = self._setup(f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}")
        environment = self._environments.take(setup) or self._started(setup)
        try:
            ended = environment.run(self._event, self._request)
            if not ended.begun and environment.invocations > 1:
                # The process ended while it was idle: Lambda takes another environment.
                environment.end()
                environment = self._started(setup)
                ended = environment.run(self._event, self._request)
            outcome = self._outcome(ended, started)
            write_log(
                self._world,
                function=name,
                group=self._function.logs_group_name,
                stream=environment.stream,
                log=outcome.log,
                credentials=environment.credentials,
                is_new=environment.invocations == 1,
            )
            took = (time.monotonic() - started) * 1000
            invoked(region, name, failed=outcome.failed, milliseconds=took)
            return outcome
        finally:
            self._environments.give_back(environment)

    def _setup(self, source: str) -> Setup:
        """What this invocation's environment is made for. Raises RoleNotTaken."""
        function, number = self._function, version(self._function)
        try:
            role_id = trusting_role(function.role, "lambda", source)
        except RoleNotTakenError as not_taken:
            raise RoleNotTaken(str(not_taken)) from not_taken
        code = self._unpacked_code()
        base = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "TZ": ":UTC",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": number,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
            "LAMBDA_TASK_ROOT": str(code),
            "_HANDLER": str(function.handler),
        }
        own = {name: str(value) for name, value in (function.environment_vars or {}).items()}
        # A function's variables may override the runtime's defaults, but not the local AWS's address.
        defaults = {name: value for name, value in base.items() if name not in own}
        return Setup(
            function,
            number,
            role_id,
            code,
            variables=own,
            fixed={**defaults, **self._world.function_environment, **self._world.client_environment()},
            timeout=float(function.timeout),
        )

    def _started(self, setup: Setup) -> Environment:
        """A cold start."""
        function = self._function
        credentials = self._world.role_credentials(role_arn(function.role), function.function_name)
        return Environment(self._world, setup, credentials)

    def _outcome(self, ended: Ended, started: float) -> Outcome:
        if ended.failure is None:
            return self._answered(ended.answer or {}, ended.output, started)
        error, message = ended.failure
        payload = {"errorType": error, "errorMessage": f"RequestId: {self._request} Error: {message}"}
        if error == "Sandbox.Timedout":
            payload["errorMessage"] = f"{_now()} {self._request} {message}"
        return self._finished(json.dumps(payload).encode(), True, f"{ended.output}{message}\n", started)

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


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
