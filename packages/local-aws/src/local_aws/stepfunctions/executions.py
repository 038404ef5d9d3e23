"""The API of executions: names, order, paging, StopExecution, and history."""

from __future__ import annotations

import datetime
import json
import time
import uuid
from typing import Any

import moto.stepfunctions.models as models
from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.stepfunctions.exceptions import InvalidToken, ValidationException
from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEventType
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError, ProgramTimedOut
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends
from moto.stepfunctions.responses import StepFunctionResponse

from local_aws.cloudwatch import services as metrics
from local_aws.core.patching import replace

MAX_INPUT_BYTES = 262_144
DEFAULT_PAGE = 100
MAX_PAGE = 1000

_start_execution = StepFunctionsParserBackend.start_execution
_reflect_status: Any = BaseExecutionWorkerCommunication._reflect_execution_status


def compact(value: Any) -> str:
    """JSON in Step Functions' format: no spaces, no escapes for letters."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)


def json_text(obj: Any, separators: tuple[str, str] | None = None) -> str:
    """JSON inside the interpreter: without escapes for letters; values without a JSON form become strings."""
    return json.dumps(obj, separators=separators, ensure_ascii=False, default=str)


def _page(items: list[Any], token: str | None, size: int | None) -> tuple[list[Any], str | None]:
    """A page of a listing. The token is the index of the next page."""
    try:
        first = int(token) if token else 0
    except ValueError:
        raise InvalidToken(token or "") from None
    size = min(size or DEFAULT_PAGE, MAX_PAGE)
    return items[first : first + size], str(first + size) if first + size < len(items) else None


def start_execution(
    self: StepFunctionsParserBackend,
    state_machine_arn: str,
    name: str | None = None,
    execution_input: str | None = None,
    trace_header: str | None = None,
) -> Execution:
    """StartExecution, with a generated name if none is given."""
    if len((execution_input or "").encode()) > MAX_INPUT_BYTES:
        raise ValidationException(
            "1 validation error detected: Value at 'input' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_INPUT_BYTES}"
        )
    if name is not None:
        self._validate_name(name)
    execution: Execution = _start_execution(
        self, state_machine_arn, name or str(uuid.uuid4()), execution_input or "{}", trace_header or ""
    )
    metrics.execution(execution.state_machine_arn, "Started")
    return execution


def list_executions(self: StepFunctionResponse) -> ActionResult:
    """ListExecutions: newest first."""
    machine = self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn"))
    wanted = self._get_param("statusFilter")
    # The list is in the order of the starts; two starts may share a timestamp.
    matching = [e for e in reversed(list(machine.executions)) if wanted in (None, e.status)]
    page, token = _page(matching, self._get_param("nextToken"), self._get_int_param("maxResults"))
    reported = []
    for execution in page:
        item = {
            "executionArn": execution.execution_arn,
            "stateMachineArn": machine.arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": execution.start_date,
        }
        if execution.stop_date is not None:
            item["stopDate"] = execution.stop_date
        reported.append(item)
    return ActionResult({"executions": reported, "nextToken": token})


def describe_execution(self: StepFunctionResponse) -> ActionResult:
    """DescribeExecution."""
    execution: Any = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    reported = {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start_date,
        "input": execution.execution_input,
        "inputDetails": {"included": True},
    }
    if execution.stop_date is not None:
        reported["stopDate"] = execution.stop_date
    if execution.status == ExecutionStatus.SUCCEEDED.value:
        reported |= {"output": compact(execution.output), "outputDetails": {"included": True}}
    for name in ("error", "cause"):
        if getattr(execution, name) is not None:
            reported[name] = getattr(execution, name)
    return ActionResult(reported)


def stop_execution(self: StepFunctionResponse) -> ActionResult:
    """StopExecution: ABORTED immediately; running tasks are abandoned, .sync jobs cancelled."""
    execution: Any = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    while execution.status == ExecutionStatus.RUNNING.value and execution.exec_worker.env is None:
        time.sleep(0.01)  # its thread is about to begin
    if execution.status == ExecutionStatus.RUNNING.value:
        stop(execution, self._get_param("error"), self._get_param("cause"))
    return ActionResult({"stopDate": execution.stop_date})


def stop(execution: Any, error: str | None, cause: str | None) -> None:
    """End an execution as aborted."""
    execution.error, execution.cause = error, cause
    execution.stop_date = datetime.datetime.now(tz=datetime.UTC)
    metrics.execution(execution.state_machine_arn, "Aborted", _seconds(execution))
    execution.exec_status = ExecutionStatus.ABORTED
    execution.exec_worker.stop(stop_date=execution.stop_date, error=error, cause=cause)
    env = execution.exec_worker.env
    # Not in the interpreter's thread, which may be waiting for a function's response.
    env.event_manager.add_event(
        context=EventHistoryContext.of_program_start(),
        event_type=HistoryEventType.ExecutionAborted,
        event_details={"executionAbortedEventDetails": {"error": error, "cause": cause}},
    )


def reflect_status(self: BaseExecutionWorkerCommunication) -> None:
    """Set the execution's final state from the interpreter's; a stopped execution stays ABORTED."""
    if self.execution.exec_status != ExecutionStatus.ABORTED:
        # First, so that the metrics exist when the end is visible.
        worker: Any = self.execution.exec_worker
        ended = _ENDS.get(type(worker.env.program_state()))
        if ended:
            metrics.execution(self.execution.state_machine_arn, ended, _seconds(self.execution))
        _reflect_status(self)


_ENDS: dict[type, str] = {ProgramEnded: "Succeeded", ProgramError: "Failed", ProgramTimedOut: "TimedOut"}


def _seconds(execution: Any) -> float:
    """The duration of an execution so far."""
    return float((datetime.datetime.now(tz=datetime.UTC) - execution.start_date).total_seconds())


def get_execution_history(self: StepFunctionResponse) -> ActionResult:
    """GetExecutionHistory, paged, from either end."""
    history = self.stepfunction_backend.get_execution_history(self._get_param("executionArn"))
    events = list(history["events"])
    if self._get_param("reverseOrder"):
        events.reverse()
    page, token = _page(events, self._get_param("nextToken"), self._get_int_param("maxResults"))
    return ActionResult({"events": page, "nextToken": token})


def install() -> None:
    """Install the corrections of executions."""
    for error in AWSError.__subclasses__():
        if not error.TYPE:  # the interpreter's errors have their name elsewhere, where clients do not see it
            error.TYPE = getattr(error, "code", "")
    # CloudFormation would create its state machines where only moto's simulated executions find them.
    replace(models, stepfunctions_backends=stepfunctions_parser_backends)
    replace(StepFunctionsParserBackend, start_execution=start_execution)
    replace(
        StepFunctionResponse,
        list_executions=list_executions,
        describe_execution=describe_execution,
        stop_execution=stop_execution,
        get_execution_history=get_execution_history,
    )
    replace(BaseExecutionWorkerCommunication, _reflect_execution_status=reflect_status)
