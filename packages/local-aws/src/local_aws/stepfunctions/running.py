"""Running of states: time and size limits, interruptible retries, a clean end."""

from __future__ import annotations

import random
import threading
import time
from typing import Any, cast

from moto.stepfunctions.parser import quotas
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.catch.catch_outcome import CatchOutcome
from moto.stepfunctions.parser.asl.component.common.retry.jitter_strategy_decl import JitterStrategy
from moto.stepfunctions.parser.asl.component.common.retry.max_attempts_decl import MaxAttemptsOutcome
from moto.stepfunctions.parser.asl.component.common.retry.retrier_decl import RetrierDecl
from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome
from moto.stepfunctions.parser.asl.component.common.retry.retry_outcome import RetryOutcome
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from local_aws.core.patching import replace, replace_everywhere
from local_aws.stepfunctions.executions import MAX_INPUT_BYTES, compact, json_text

ENDS = {
    HistoryEventType.ExecutionSucceeded,
    HistoryEventType.ExecutionFailed,
    HistoryEventType.ExecutionAborted,
    HistoryEventType.ExecutionTimedOut,
}

WAITS = 0.02
"""The fraction of a Wait state's time that is waited."""

_is_within_size_quota = quotas.is_within_size_quota
_to_json_str = to_json_str
_set_error = Environment.set_error
_add_event = EventManager.add_event


class AbandonedError(Exception):
    """The execution ended while a task was running; its result is ignored."""


def is_within_size_quota(value: Any) -> bool:
    """Check the limit of 256 KiB of UTF-8, as compact JSON."""
    return len((value if isinstance(value, str) else compact(value)).encode()) <= MAX_INPUT_BYTES


def eval_state(self: ExecutionState, env: Any) -> None:
    """Run a task, parallel or map state with its Retry and Catch."""
    env.states.context_object.context_object_data["State"]["RetryCount"] = 0
    while env.is_running():
        try:
            self._evaluate_with_timeout(env)
        except Exception as refused:  # noqa: BLE001 - whatever a state raises is its failure
            if not env.is_running():
                return
            if _handled(self, env, refused):
                return
        else:
            return


def _handled(self: ExecutionState, env: Any, refused: Exception) -> bool:
    """Handle a failure: return False for another attempt, True if a Catcher matched; else raise it."""
    failed: Any = self._from_error(env=env, ex=refused)
    if failed.error_name is None or failed.error_name.error_name != "States.Runtime":  # it has no separate event
        env.event_manager.add_event(
            context=env.event_history_context, event_type=failed.event_type, event_details=failed.event_details
        )
    reported = self._construct_error_output_value(failure_event=failed)
    env.states.set_error_output(reported)
    env.states.set_result(reported)
    if self.retry and self._handle_retry(env=env, failure_event=failed) == RetryOutcome.CanRetry:
        return False
    if not env.is_running():
        return True
    if self.catch:
        self._handle_catch(env=env, failure_event=failed)
        if env.stack[-1] == CatchOutcome.Caught:
            return True
    self._handle_uncaught(env=env, failure_event=failed)
    return True


def retrier(self: RetrierDecl, env: Any) -> None:
    """Wait for the next attempt, or until the execution ends."""
    self.error_equals.eval(env)
    if not env.stack.pop():
        env.stack.append(RetrierOutcome.Skipped)
        return
    self.max_attempts.eval(env=env)
    if env.stack.pop() == MaxAttemptsOutcome.EXHAUSTED:
        env.stack.append(RetrierOutcome.Failed)
        return
    self.interval_seconds.eval(env=env)
    self.backoff_rate.eval(env=env)
    self.max_delay_seconds.eval(env=env)
    seconds = env.stack.pop()
    if self.jitter_strategy.jitter_strategy == JitterStrategy.FULL:
        seconds = random.uniform(0, seconds)  # noqa: S311 - nothing secret
    until = time.monotonic() + seconds
    while env.is_running() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 0.1))
    env.stack.append(RetrierOutcome.Executed)


def wait(self: WaitFunction, env: Any) -> None:
    """Wait for a fiftieth of the time, or until the execution ends: the local services are faster, too."""
    env.program_state_event.wait(self._get_wait_seconds(env=env) * WAITS)


def set_error(self: Environment, error: Any) -> None:
    """Ignore a failure after the execution was stopped or timed out."""
    if self.is_running():
        _set_error(self, error)


def add_event(self: EventManager, *args: Any, **kwargs: Any) -> int:
    """Add an event to the history; the end of the execution is its last event."""
    event_type = kwargs.get("event_type", args[1] if len(args) > 1 else None)
    with _closing:
        if getattr(self, "closed", False):
            return 0
        self.closed = event_type in ENDS  # type: ignore[attr-defined]
    return _add_event(self, *args, **kwargs)


_closing = threading.Lock()


def eval_program(self: Program, env: Any) -> None:
    """Run a program in its thread, for at most its TimeoutSeconds."""
    timeout = self.timeout_seconds.timeout_seconds if self.timeout_seconds else None
    env.next_state_name = self.start_at.start_at_name
    worker = threading.Thread(target=EvalComponent.eval, args=(self, env), daemon=True)
    worker.start()
    worker.join(timeout=timeout)
    if worker.is_alive() and env.is_running():
        env.set_timed_out()
        env.event_manager.add_event(
            context=env.event_history_context,
            event_type=HistoryEventType.ExecutionTimedOut,
            event_details=cast("EventDetails", {"executionTimedOutEventDetails": {}}),
        )


def install() -> None:
    """Install the corrections of running states."""
    replace_everywhere("moto.stepfunctions", _is_within_size_quota, is_within_size_quota)
    replace_everywhere("moto.stepfunctions", _to_json_str, json_text)
    replace(ExecutionState, _eval_state=eval_state)
    replace(RetrierDecl, _eval_body=retrier)
    replace(WaitFunction, _eval_body=wait)
    replace(Environment, set_error=set_error)
    replace(EventManager, add_event=add_event)
    replace(Program, eval=eval_program)
