"""The interpreter's failures."""

from __future__ import annotations

from typing import Any, cast

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

RUNTIME = StatesErrorNameType.StatesRuntime
TASK_FAILED = StatesErrorNameType.StatesTaskFailed
INTRINSIC_FAILURE = StatesErrorNameType.StatesIntrinsicFailure
NO_CHOICE_MATCHED = StatesErrorNameType.StatesNoChoiceMatched


def failure(env: Any, error: str | StatesErrorNameType, cause: str, task: Any = None) -> FailureEventException:
    """An exception that fails the running state with an error name and a cause; `task` has the service."""
    name = StatesErrorName(error) if isinstance(error, StatesErrorNameType) else ErrorName(error)
    details = {"error": name.error_name, "cause": cause}
    if task is not None:
        details["resource"] = task._get_sfn_resource()
        details["resourceType"] = task._get_sfn_resource_type()
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=name,
            event_type=HistoryEventType.TaskFailed,
            event_details=cast("EventDetails", {"taskFailedEventDetails": details}),
        )
    )
