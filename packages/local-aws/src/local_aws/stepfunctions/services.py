"""Service integrations: AWS SDK calls, Glue jobs and Athena queries, with AWS's error names and results."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_factory as factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded

from local_aws.core.patching import replace, replace_everywhere
from local_aws.stepfunctions import shapes
from local_aws.stepfunctions.clients import client_for
from local_aws.stepfunctions.executions import compact
from local_aws.stepfunctions.failures import RUNTIME, TASK_FAILED, failure
from local_aws.stepfunctions.running import AbandonedError

POLL_SECONDS = 0.2
"""The poll interval of a .sync task in seconds; on AWS it is longer."""

SDK_NAMES = {
    "cloudwatch": "CloudWatch",
    "cloudwatchlogs": "CloudWatchLogs",
    "dynamodb": "DynamoDb",
    "eventbridge": "EventBridge",
    "secretsmanager": "SecretsManager",
}
"""Services with a special name in errors."""

NOT_FOUND = {"headObject": "NoSuchKeyException", "headBucket": "NoSuchBucketException"}
"""The errors of HEAD requests, whose responses have no error code."""

_before_execution = StateTaskService._before_eval_execution
_after_execution = StateTaskService._after_eval_execution
_service_for = factory.state_task_service_for


def _given_names(task: Any) -> set[str]:
    """The names of a task's Parameters."""
    template = getattr(task.parargs, "template_eval_component", None)
    return {binding.field for binding in getattr(template, "payload_bindings", [])}


class _ModelledTask(StateTaskServiceCallback):
    """A task with the names, types and results of botocore's model of the API action."""

    _text_from_json = False

    def _operation(self) -> Any:
        return shapes.operation(self.resource.api_name, self.resource.api_action)

    def _validate_service_integration_is_supported(self) -> None:
        shapes.check_names(self._operation(), _given_names(self))

    def _get_supported_parameters(self) -> set[str] | None:
        return None

    def _client(self, part: Any, credentials: Any) -> Any:
        name = self.resource.api_name
        return client_for(part.region, shapes.BOTO_NAMES.get(name, name), credentials)

    def _call(self, env: Any, client: Any, parameters: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        """Call the action; return its raw response and its shape."""
        model = self._operation()
        try:
            request = shapes.to_request(parameters, model.input_shape, text_from_json=self._text_from_json)
        except shapes.ParameterError as refused:
            cause = f"The Parameters '{compact(parameters)}' could not be used to start the Task: [{refused}]"
            raise failure(env, RUNTIME, cause) from refused
        method = shapes.method_name(model)
        return getattr(client, method)(**request) or {}, model.output_shape


class AwsSdkTask(_ModelledTask, StateTaskServiceAwsSdk):
    """`arn:aws:states:::aws-sdk:SERVICE:ACTION`."""

    _text_from_json = True

    def _from_error(self, env: Any, ex: Exception) -> FailureEvent:
        if not isinstance(ex, ClientError):
            return super()._from_error(env=env, ex=ex)
        api = self.resource.api_name
        service = SDK_NAMES.get(api, api[:1].upper() + api[1:])
        name = type(ex).__name__
        # S3 reports a denied call as a plain S3Exception, though newer models name the error.
        if name == "ClientError" or (api, name) == ("s3", "AccessDenied"):
            is_missing = ex.response["Error"]["Code"] in ("404", "NotFound")
            name = NOT_FOUND.get(self.resource.api_action, service) if is_missing else service
        name = name if name.endswith("Exception") else f"{name}Exception"
        metadata = ex.response.get("ResponseMetadata", {})
        cause = (
            f"{ex.response['Error'].get('Message', '')} (Service: {service}, "
            f"Status Code: {metadata.get('HTTPStatusCode')}, Request ID: {metadata.get('RequestId')})"
        )
        return failure(env, f"{service}.{name}", cause, self).failure_event

    def _eval_service_task(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
    ) -> None:
        client = self._client(resource_runtime_part, state_credentials)
        response, shape = self._call(env, client, normalised_parameters)
        env.stack.append(shapes.from_response(response, shape))


class _JobTask(_ModelledTask):
    """An optimised integration whose `.sync` form waits for the started job."""

    error_prefix = ""
    base_exception = ""
    known_actions: frozenset[str] = frozenset()
    sync_actions: frozenset[str] = frozenset()

    def __init__(self) -> None:
        super().__init__(supported_integration_patterns={cast("ResourceCondition", ResourceCondition.Sync)})

    def _validate_service_integration_is_supported(self) -> None:
        actions = self.sync_actions if self.resource.condition else self.known_actions
        if self.resource.api_action not in actions:
            raise ValueError(f"The resource provided {self.resource.resource_arn} is not recognized.")
        super()._validate_service_integration_is_supported()

    def _from_error(self, env: Any, ex: Exception) -> FailureEvent:
        if not isinstance(ex, ClientError):
            return super()._from_error(env=env, ex=ex)
        # The error's name in the action's model; a throttled or denied call is the SDK's plain exception.
        modelled = {shape.name for shape in self._operation().error_shapes}
        name = type(ex).__name__ if type(ex).__name__ in modelled else self.base_exception
        return failure(env, f"{self.error_prefix}.{name}", str(ex.response["Error"].get("Message")), self).failure_event

    def _eval_service_task(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
    ) -> None:
        client = self._client(resource_runtime_part, state_credentials)
        response, shape = self._call(env, client, normalised_parameters)
        started = shapes.from_response(response, shape, shapes.epoch_milliseconds)
        env.stack.append(self._started(started, normalised_parameters))

    def _started(self, started: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return started

    def state_of(self, client: Any, started: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The state of the job, and the task's result."""
        raise NotImplementedError

    def cancel(self, client: Any, started: dict[str, Any]) -> None:
        """Stop the job."""
        raise NotImplementedError

    def wait(self, env: Any, client: Any, started: dict[str, Any]) -> dict[str, Any]:
        """Wait for the job's success; cancel it if the execution is aborted."""
        while True:
            state, reported = self.state_of(client, started)
            if state == "SUCCEEDED":
                return reported
            if state in ("FAILED", "TIMEOUT", "ERROR", "STOPPED", "CANCELLED"):
                raise failure(env, TASK_FAILED, compact(reported), self)
            if not env.is_running():
                # If only the task times out, the job keeps running, as on AWS.
                if not isinstance(env.program_state(), ProgramEnded):
                    self.cancel(client, started)
                raise AbandonedError
            time.sleep(POLL_SECONDS)


class GlueTask(_JobTask):
    """`arn:aws:states:::glue:startJobRun`, also `.sync`."""

    error_prefix = "Glue"
    base_exception = "AWSGlueException"
    known_actions = sync_actions = frozenset({"startJobRun"})

    def _started(self, started: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
        return {"JobName": parameters["JobName"], **started}

    def state_of(self, client: Any, started: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The state of the job run, and the run."""
        response = client.get_job_run(JobName=started["JobName"], RunId=started["JobRunId"])
        shape = shapes.operation("glue", "getJobRun").output_shape
        run = shapes.from_response(response, shape, shapes.epoch_milliseconds)["JobRun"]
        return run["JobRunState"], run

    def cancel(self, client: Any, started: dict[str, Any]) -> None:
        """Stop the job run."""
        client.batch_stop_job_run(JobName=started["JobName"], JobRunIds=[started["JobRunId"]])


class AthenaTask(_JobTask):
    """`arn:aws:states:::athena:ACTION`, `startQueryExecution` also `.sync`."""

    error_prefix = "Athena"
    base_exception = "AmazonAthenaException"
    known_actions = frozenset({"startQueryExecution", "stopQueryExecution", "getQueryExecution", "getQueryResults"})
    sync_actions = frozenset({"startQueryExecution"})

    def state_of(self, client: Any, started: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The state of the query, and the answer of GetQueryExecution."""
        response = client.get_query_execution(QueryExecutionId=started["QueryExecutionId"])
        shape = shapes.operation("athena", "getQueryExecution").output_shape
        reported = shapes.from_response(response, shape, shapes.epoch_milliseconds)
        return reported["QueryExecution"]["Status"]["State"], reported

    def cancel(self, client: Any, started: dict[str, Any]) -> None:
        """Stop the query."""
        client.stop_query_execution(QueryExecutionId=started["QueryExecutionId"])


def _integration_pattern(original: Callable[..., None]) -> Callable[..., None]:
    def evaluate(
        self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
    ) -> None:
        if isinstance(self, _JobTask):
            started = env.stack.pop()
            env.stack.append(self.wait(env, self._client(resource_runtime_part, state_credentials), started))
        else:
            original(self, env, resource_runtime_part, normalised_parameters, state_credentials)

    return evaluate


_evaluate_pattern = _integration_pattern(StateTaskServiceCallback._eval_integration_pattern)


def before_execution(self: StateTaskService, env: Any, *args: Any, **kwargs: Any) -> None:
    """Record the task's start; the parameters have the same size limit as a state's output."""
    self._verify_size_quota(env=env, value=kwargs["raw_parameters"])
    _before_execution(self, env, *args, **kwargs)


def after_execution(self: StateTaskService, env: Any, *args: Any, **kwargs: Any) -> None:
    """Record the task's success, unless the execution has ended or the task has timed out."""
    if not env.is_running():
        raise AbandonedError
    _after_execution(self, env, *args, **kwargs)


def service_for(service_name: str) -> StateTaskService:
    """The task of a service."""
    tasks: dict[str, Callable[[], StateTaskService]] = {"aws-sdk": AwsSdkTask, "glue": GlueTask, "athena": AthenaTask}
    made = tasks.get(service_name)
    return made() if made else _service_for(service_name)


def _lambda_error(original: Callable[..., FailureEvent]) -> Callable[..., FailureEvent]:
    """A function error without errorType is `Lambda.Unknown` on AWS, and Exception in moto."""

    def from_error(self: Any, env: Any, ex: Exception) -> FailureEvent:
        failed = original(self, env, ex)
        if failed.error_name is not None and failed.error_name.error_name == "Exception":
            details: Any = next(iter((failed.event_details or {}).values()), {})
            if "errorType" not in details.get("cause", ""):
                return failure(env, "Lambda.Unknown", details.get("cause", ""), self).failure_event
        return failed

    return from_error


_service_lambda_error = _lambda_error(StateTaskServiceLambda._from_error)


def install() -> None:
    """Install the corrections of service integrations."""
    replace(StateTaskServiceCallback, _eval_integration_pattern=_evaluate_pattern)
    replace(StateTaskService, _before_eval_execution=before_execution, _after_eval_execution=after_execution)
    replace(StateTaskServiceLambda, _from_error=_service_lambda_error)
    replace_everywhere("moto.stepfunctions", _service_for, service_for)
