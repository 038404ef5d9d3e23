"""The lock, against S3's conditional writes and Step Functions' executions."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ingest import lock as module
from ingest.errors import StorageUnavailable
from ingest.lock import ExecutionLock
from local_aws.testing import faults
from local_aws.testing.faults import Fault
from tests.interrupted import faulty

from .conftest import Surroundings

__all__ = ["faulty"]

ROLE = "arn:aws:iam::123456789012:role/any"
# Longer than any test: moto runs executions where a local AWS of the same process has told it to, and only then.
DEFINITION = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 86400, "End": True}}})


class Executions:
    """Executions that run until they are stopped."""

    def __init__(self) -> None:
        self._running: set[str] = set()
        self.client = boto3.client("stepfunctions")
        self.machine = self.client.create_state_machine(name="machine", definition=DEFINITION, roleArn=ROLE)

    def start(self, name: str) -> str:
        started = self.client.start_execution(stateMachineArn=self.machine["stateMachineArn"], name=name)
        self._running.add(started["executionArn"])
        return started["executionArn"]

    def stop(self, arn: str) -> None:
        self.client.stop_execution(executionArn=arn)
        self._running.remove(arn)

    def end(self) -> None:
        for arn in set(self._running):
            self.stop(arn)
        self.client.delete_state_machine(stateMachineArn=self.machine["stateMachineArn"])
        self.client.close()


@pytest.fixture
def executions(surroundings: Surroundings) -> Iterator[Executions]:
    running = Executions()
    yield running
    running.end()


@pytest.fixture
def lock(surroundings: Surroundings, executions: Executions) -> ExecutionLock:
    return ExecutionLock(surroundings.s3, executions.client, surroundings.bucket, "manifests")


@pytest.mark.notices("lambda_ingest/ingest/lock.py", "if held is not None and self._is_running(held):", "if False:")
def test_first_execution_gets_the_lock_and_the_second_is_told_of_it(
    lock: ExecutionLock, executions: Executions
) -> None:
    first, second = executions.start("first"), executions.start("second")
    assert lock.acquire(first) is None
    assert lock.acquire(second) == first


def test_retried_invocation_has_the_lock_already(
    surroundings: Surroundings, lock: ExecutionLock, executions: Executions
) -> None:
    only = executions.start("only")
    assert lock.acquire(only) is None
    written = surroundings.read("manifests/claim.json")
    assert lock.acquire(only) is None
    assert surroundings.read("manifests/claim.json") == written


@pytest.mark.notices(
    "lambda_ingest/ingest/lock.py",
    '(executionArn=held.execution)["status"] in _RUNNING',
    '(executionArn=held.execution)["status"] != ""',
)
def test_lock_of_an_execution_that_ended_is_free(
    surroundings: Surroundings, lock: ExecutionLock, executions: Executions
) -> None:
    died = executions.start("died")
    lock.acquire(died)
    executions.stop(died)
    following = executions.start("following")
    assert lock.acquire(following) is None
    assert surroundings.read_json("manifests/claim.json")["execution"] == following


@pytest.mark.notices("lambda_ingest/ingest/lock.py", "return held.seconds < UNKNOWN_SECONDS", "return False")
def test_execution_that_nobody_knows_holds_for_a_while(
    lock: ExecutionLock, executions: Executions, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = executions.start("first").replace("first", "unknown")
    following = executions.start("following")
    lock.acquire(unknown)
    assert lock.acquire(following) == unknown
    monkeypatch.setattr(module, "UNKNOWN_SECONDS", -1)
    assert lock.acquire(following) is None


@pytest.mark.notices("lambda_ingest/ingest/lock.py", "put(IfMatch=held.etag)", "put()")
@pytest.mark.notices("lambda_ingest/ingest/lock.py", 'put(IfNoneMatch="*")', "put()")
@pytest.mark.parametrize("held_before", [False, True], ids=["free", "left by a dead one"])
def test_slower_of_two_writers_is_told_of_the_quicker(
    surroundings: Surroundings, lock: ExecutionLock, executions: Executions, held_before: bool
) -> None:
    if held_before:
        dead = executions.start("dead")
        lock.acquire(dead)
        executions.stop(dead)
    slow, quick = executions.start("slow"), executions.start("quick")
    s3 = boto3.client("s3")

    def come_between(**_: Any) -> None:
        # The slow one has seen that the lock is free, and its write is about to leave.
        s3.meta.events.unregister("before-send.s3.PutObject", come_between)
        assert lock.acquire(quick) is None

    s3.meta.events.register("before-send.s3.PutObject", come_between)
    assert ExecutionLock(s3, executions.client, surroundings.bucket, "manifests").acquire(slow) == quick
    assert surroundings.read_json("manifests/claim.json")["execution"] == quick


@pytest.mark.notices("lambda_ingest/ingest/lock.py", '("RUNNING", "PENDING_REDRIVE")', '("RUNNING",)')
@pytest.mark.parametrize("status", ["PENDING_REDRIVE", "RUNNING"])
def test_lock_of_an_execution_that_goes_on_is_held(
    surroundings: Surroundings, lock: ExecutionLock, executions: Executions, status: str
) -> None:
    first, second = executions.start("first"), executions.start("second")
    lock.acquire(first)
    reported = {"executionArn": first, "stateMachineArn": first, "startDate": datetime.now(UTC), "status": status}
    with Stubber(executions.client) as states:
        states.add_response("describe_execution", reported, {"executionArn": first})
        assert lock.acquire(second) == first


@pytest.mark.notices(
    "lambda_ingest/ingest/state.py", '("PreconditionFailed", "ConditionalRequestConflict")', '("PreconditionFailed",)'
)
@pytest.mark.parametrize(("status", "code"), [(409, "ConditionalRequestConflict"), (412, "PreconditionFailed")])
def test_write_beside_another_one_is_tried_again(
    faulty: None, surroundings: Surroundings, lock: ExecutionLock, executions: Executions, status: int, code: str
) -> None:
    fault = faults.inject(Fault("s3", "PutObject", "manifests/claim.json", times=2, status=status, code=code))
    only = executions.start("only")
    assert lock.acquire(only) is None
    assert len(fault.hits) == 3
    assert surroundings.read_json("manifests/claim.json")["execution"] == only


def test_lock_that_is_never_written_fails_by_name(
    faulty: None, surroundings: Surroundings, lock: ExecutionLock, executions: Executions
) -> None:
    always = {"times": float("inf"), "status": 409, "code": "ConditionalRequestConflict"}
    faults.inject(Fault("s3", "PutObject", "manifests/claim.json", **always))
    with pytest.raises(StorageUnavailable, match=r"took no write of manifests/claim.json.*Retryable"):
        lock.acquire(executions.start("only"))


def test_function_does_nothing_beside_a_running_execution(
    surroundings: Surroundings, lock: ExecutionLock, executions: Executions, log: io.StringIO
) -> None:
    first, second = executions.start("first"), executions.start("second")
    lock.acquire(first)
    surroundings.write("mHealth_subject1.log", "\t".join(["1.5"] * 23 + ["0"]))
    result = surroundings.run(execution=second, started_at="2026-11-24T03:14:54Z")
    assert (result["changed"], result["running"]) == (False, first)
    assert first in result["message"]
    assert list(surroundings.keys()) == ["manifests/claim.json"]
    done = json.loads(log.getvalue().splitlines()[-1])
    assert (done["message"], done["changed"], done["outcome"]) == ("done", False, result["message"])
    result = surroundings.run(execution=first, started_at="2026-11-24T03:14:53Z")
    assert (result["changed"], result["running"]) == (True, None)
