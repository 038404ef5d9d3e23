"""Execution environments: what the next invocation finds of an earlier one, and what gets a new environment."""

from __future__ import annotations

import base64
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from local_aws.lambda_ import environments
from local_aws_harness.stack import Stacks, function, role, running
from local_aws_harness.waiting import HANG

pytestmark = pytest.mark.local_aws

CODE = """
import os, subprocess, sys, threading, time
from pathlib import Path

calls = 0

def handler(event, context):
    global calls
    calls += 1
    print("call", calls)
    result = globals()[event.get("do", "nothing")](event)
    return {"pid": os.getpid(), "calls": calls, "result": result, "request": context.aws_request_id,
            "stream": context.log_stream_name, "left": context.get_remaining_time_in_millis(),
            "key": os.environ["AWS_ACCESS_KEY_ID"], "tmp": os.environ["TMPDIR"]}

def nothing(event):
    pass

def fail(event):
    raise ValueError("no")

def leave(event):
    sys.exit(3)

def sleep(event):
    time.sleep(60)

def meet(event):
    place = Path(event["place"])
    (place / str(os.getpid())).touch()
    while len(list(place.iterdir())) < 2:
        time.sleep(0.01)

def thread(event):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()

def process(event):
    return subprocess.Popen(["sleep", "60"]).pid

def read(event):
    return sys.stdin.read()
"""


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    yield from running(tmp_path_factory.mktemp("environments"))


@pytest.fixture(scope="module")
def names(stacks: Stacks) -> dict[str, str]:
    limits = {"One": 60, "Other": 60, "Short": 1, "Old": 60, "Both": 60}
    functions = {name: function(CODE, Timeout=limit) for name, limit in limits.items()}
    return stacks.resources(stacks.deploy({"Resources": {"Role": role("lambda"), **functions}}))


Invoke = Callable[..., dict[str, Any]]


@pytest.fixture
def invoke(stacks: Stacks, names: dict[str, str]) -> Invoke:
    """Invoke a function with an event; its answer."""

    def invoked(name: str = "One", **event: Any) -> dict[str, Any]:
        response = stacks.client("lambda").invoke(
            FunctionName=names[name], Payload=json.dumps(event).encode(), LogType="Tail"
        )
        log = base64.b64decode(response["LogResult"]).decode()
        return {"log": log, **json.loads(response["Payload"].read())}

    return invoked


def test_a_modules_state_tmp_credentials_and_stream_last_and_the_rest_is_new(invoke: Invoke) -> None:
    first, second = invoke(), invoke()
    assert second["calls"] == first["calls"] + 1
    for lasting in ("pid", "tmp", "stream", "key"):
        assert first[lasting] == second[lasting], lasting
    assert first["request"] != second["request"]
    assert second["left"] > 30_000, "the time limit is each invocation's own"
    assert (f"call {second['calls']}\n" in second["log"], f"call {first['calls']}\n" in second["log"]) == (True, False)


def test_both_invocations_are_in_the_stream(stacks: Stacks, names: dict[str, str], invoke: Invoke) -> None:
    first, second = invoke(), invoke()
    group = f"/aws/lambda/{names['One']}"
    events = stacks.client("logs").get_log_events(logGroupName=group, logStreamName=second["stream"])["events"]
    messages = [event["message"] for event in events]
    for each in (first, second):
        assert f"END RequestId: {each['request']}" in messages


def test_a_stream_that_was_deleted_is_there_again_after_the_next_invocation(
    stacks: Stacks, names: dict[str, str], invoke: Invoke
) -> None:
    group, logs = f"/aws/lambda/{names['One']}", stacks.client("logs")
    before = invoke()
    logs.delete_log_group(logGroupName=group)
    after = invoke()
    assert after["pid"] == before["pid"]
    events = logs.get_log_events(logGroupName=group, logStreamName=after["stream"])["events"]
    messages = [event["message"] for event in events]
    assert f"END RequestId: {after['request']}" in messages
    assert f"END RequestId: {before['request']}" not in messages


def test_functions_do_not_share_an_environment(invoke: Invoke) -> None:
    assert invoke("One")["pid"] != invoke("Other")["pid"]


def test_an_exception_leaves_the_environment(invoke: Invoke) -> None:
    before = invoke()
    assert invoke(do="fail")["errorType"] == "ValueError"
    assert invoke()["pid"] == before["pid"]


@pytest.mark.parametrize(("name", "how"), [("One", "leave"), ("Short", "sleep"), ("One", "thread"), ("One", "process")])
def test_a_new_one_follows_what_ended_hung_or_goes_on(invoke: Invoke, name: str, how: str) -> None:
    before = invoke(name)
    answer = invoke(name, do=how)
    after = invoke(name)
    assert (after["pid"] != before["pid"], after["calls"]) == (True, 1)
    assert not Path(before["tmp"]).exists()
    assert not psutil.pid_exists(before["pid"])
    if how == "process":
        deadline = time.monotonic() + HANG
        while psutil.pid_exists(answer["result"]) and psutil.Process(answer["result"]).status() != "zombie":
            assert time.monotonic() < deadline, "a child process of the handler runs on"
            time.sleep(0.01)


def test_one_that_died_while_idle_is_replaced(invoke: Invoke) -> None:
    before = invoke()
    os.kill(before["pid"], signal.SIGKILL)
    assert invoke()["calls"] == 1


def test_invocations_at_the_same_time_have_their_own(invoke: Invoke, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda _: invoke("Both", do="meet", place=str(tmp_path)), range(2)))
    assert len({answer["pid"] for answer in answers}) == 2


def test_standard_input_is_empty(invoke: Invoke) -> None:
    assert invoke(do="read")["result"] == ""


@pytest.mark.parametrize(
    "change",
    [
        lambda client, name: client.update_function_configuration(FunctionName=name, Timeout=50),
        lambda client, name: client.update_function_configuration(FunctionName=name, MemorySize=512),
        lambda client, name: client.update_function_configuration(
            FunctionName=name, Environment={"Variables": {"NEW": "1"}}
        ),
    ],
    ids=["timeout", "memory", "variable"],
)
def test_a_changed_configuration_gets_a_new_one(
    stacks: Stacks, names: dict[str, str], invoke: Invoke, change: Callable[[Any, str], Any]
) -> None:
    before = invoke()
    change(stacks.client("lambda"), names["One"])
    assert invoke()["calls"] == 1
    assert not psutil.pid_exists(before["pid"])


def test_a_changed_code_gets_a_new_one(stacks: Stacks) -> None:
    def resources(code: str) -> dict[str, Any]:
        return {"Resources": {"Role": role("lambda"), "Function": function(code)}}

    stack = stacks.deploy(resources("def handler(event, context):\n    return 1"))
    name = stacks.resources(stack)["Function"]
    client = stacks.client("lambda")
    assert json.loads(client.invoke(FunctionName=name)["Payload"].read()) == 1
    stacks.deploy(resources("def handler(event, context):\n    return 2"), stack)
    assert json.loads(client.invoke(FunctionName=name)["Payload"].read()) == 2


def test_a_role_that_no_longer_trusts_lambda_ends_it(stacks: Stacks) -> None:
    stack = stacks.deploy({"Resources": {"Role": role("lambda"), "Function": function(CODE)}})
    names, client = stacks.resources(stack), stacks.client("lambda")
    client.invoke(FunctionName=names["Function"])
    trust = role("states")["Properties"]["AssumeRolePolicyDocument"]
    stacks.client("iam").update_assume_role_policy(RoleName=names["Role"], PolicyDocument=json.dumps(trust))
    with pytest.raises(client.exceptions.ClientError, match="not authorized to assume the role"):
        client.invoke(FunctionName=names["Function"])


def test_at_most_so_many_stay_idle(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "_MOST_IDLE", 1)
    one, other = invoke("One"), invoke("Other")
    assert not psutil.pid_exists(one["pid"])
    assert invoke("Other")["pid"] == other["pid"]


def test_old_credentials_end_it(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "_LIFE", 0.0)
    keys = {invoke("Old")["key"] for _ in range(3)}
    assert len(keys) == 3
