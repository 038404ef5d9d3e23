from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws_harness.stack import Stacks, function, role, running
from local_aws_harness.waiting import HANG

pytestmark = pytest.mark.local_aws

CODE = """
import os, subprocess, sys, threading, time
from pathlib import Path

def handler(event, context):
    return globals()[event["do"]](event, context)

def echo(event, context):
    print("heard", event["text"])
    return event

def environment(event, context):
    return dict(os.environ)

def path(event, context):
    return sys.path

def about(event, context):
    names = ("function_name", "function_version", "invoked_function_arn", "memory_limit_in_mb", "aws_request_id",
             "log_group_name", "log_stream_name")
    return {**{name: getattr(context, name) for name in names}, "left": context.get_remaining_time_in_millis()}

class WrongFile(ValueError):
    pass

def fail(event, context):
    raise WrongFile("no good file")

def sleep(event, context):
    time.sleep(60)

def leave(event, context):
    sys.exit(3)

def die(event, context):
    os.abort()

def no_json(event, context):
    return object()

def large(event, context):
    return "x" * event["size"]

def lasting_thread(event, context):
    threading.Thread(target=time.sleep, args=(60,)).start()
    return "done"

def write(event, context):
    Path(os.environ["CACHE"]).mkdir(parents=True)
    (Path(os.environ["CACHE"]) / "file").write_text("x")
    return os.environ["CACHE"]

def client(event, context):
    import boto3
    return boto3.client("sts").get_caller_identity()["Arn"]
"""


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    yield from running(tmp_path_factory.mktemp("functions"))


@pytest.fixture(scope="module")
def deployed(stacks: Stacks) -> str:
    variables = {"CACHE": "/tmp/cache", "NUMBER": 7, "TMP": "/tmpfoo"}
    settings = {"Timeout": 20, "MemorySize": 300, "Environment": {"Variables": variables}}
    return stacks.deploy(
        {
            "Resources": {
                "Role": role("lambda"),
                "Function": function(CODE, **settings),
                "Short": function(CODE, Timeout=1),
                "Moved": function(CODE, **settings),
                "NoModule": function("import nothing_like_this", **settings),
                "NoHandler": function("x = 1", **settings),
                "NoSyntax": function("def :", **settings),
                "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
                "Alias": {
                    "Type": "AWS::Lambda::Alias",
                    "Properties": {
                        "FunctionName": {"Ref": "Function"},
                        "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]},
                        "Name": "live",
                    },
                },
            }
        }
    )


@pytest.fixture(scope="module")
def names(stacks: Stacks, deployed: str) -> dict[str, str]:
    return stacks.resources(deployed)


def invoke(stacks: Stacks, name: str, event: Any, **more: Any) -> tuple[Any, str | None, dict[str, Any]]:
    answer = stacks.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode(), **more)
    return json.loads(answer["Payload"].read() or b"null"), answer.get("FunctionError"), answer


def test_the_handler_gets_the_event_and_its_answer_comes_back(stacks: Stacks, names: dict[str, str]) -> None:
    event = {"do": "echo", "text": "größer", "list": [1, None, 2.5]}
    answer, error, _ = invoke(stacks, names["Function"], event)
    assert (answer, error) == (event, None)


def test_a_function_has_the_templates_variables_and_nothing_of_the_callers(
    stacks: Stacks, names: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECURITY_TOKEN", "PYTHONPATH", "PYTHONSTARTUP", "SPARK_HOME", "SECRET"):
        monkeypatch.setenv(name, "the caller's")
    answer, _, _ = invoke(stacks, names["Function"], {"do": "environment"})
    assert "the caller's" not in answer.values()
    assert answer["NUMBER"] == "7"
    assert answer["AWS_LAMBDA_FUNCTION_NAME"] == names["Function"]
    assert answer["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "300"
    assert answer["AWS_REGION"] == "us-east-1"
    assert answer["AWS_ENDPOINT_URL"] == stacks.aws.endpoint
    assert (Path(answer["LAMBDA_TASK_ROOT"]) / "index.py").read_text() == CODE
    assert not [name for name in answer if name.startswith("LOCAL_AWS")]


def test_a_function_has_the_moved_clock_of_the_local_aws(
    stacks: Stacks, names: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKETIME", "+90")
    answer, _, _ = invoke(stacks, names["Moved"], {"do": "environment"})
    assert answer["FAKETIME"] == "+90"


def test_a_function_does_not_see_the_modules_of_the_local_aws(stacks: Stacks, names: dict[str, str]) -> None:
    answer, _, _ = invoke(stacks, names["Function"], {"do": "path"})
    assert answer[0].startswith(str(stacks.aws.world.folder / "code"))
    assert not [entry for entry in answer if entry.endswith("local_aws")]


def test_paths_under_tmp_are_the_environments_own(stacks: Stacks, names: dict[str, str]) -> None:
    first, _, _ = invoke(stacks, names["Function"], {"do": "write"})
    assert Path(first).is_relative_to(stacks.aws.world.folder)
    assert (Path(first) / "file").read_text() == "x"
    invoke(stacks, names["Function"], {"do": "leave"})
    second, error, _ = invoke(stacks, names["Function"], {"do": "write"})
    assert error is None
    assert first != second
    assert not Path(first).exists()
    environment, _, _ = invoke(stacks, names["Function"], {"do": "environment"})
    assert environment["TMP"] == "/tmpfoo"
    assert environment["TMPDIR"] == environment["HOME"]


def test_a_function_calls_with_its_own_role(stacks: Stacks, names: dict[str, str]) -> None:
    answer, _, _ = invoke(stacks, names["Function"], {"do": "client"})
    assert answer.split(":")[-1].split("/")[:2] == ["assumed-role", names["Role"]]


def test_the_context_tells_who_and_how_long(stacks: Stacks, names: dict[str, str]) -> None:
    answer, _, _ = invoke(stacks, names["Function"], {"do": "about"})
    assert answer["function_name"] == names["Function"]
    assert answer["function_version"] == "$LATEST"
    assert answer["invoked_function_arn"] == f"arn:aws:lambda:us-east-1:123456789012:function:{names['Function']}"
    assert answer["memory_limit_in_mb"] == "300"
    assert answer["log_group_name"] == f"/aws/lambda/{names['Function']}"
    assert 19_000 < answer["left"] <= 20_000


def test_an_exception_is_the_answer(stacks: Stacks, names: dict[str, str]) -> None:
    answer, error, response = invoke(stacks, names["Function"], {"do": "fail"}, LogType="Tail")
    assert error == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("WrongFile", "no good file")
    assert "in fail" in answer["stackTrace"][-1]
    assert "[ERROR] WrongFile: no good file" in base64.b64decode(response["LogResult"]).decode()
    assert f"RequestId: {answer['requestId']}" in base64.b64decode(response["LogResult"]).decode()


@pytest.mark.parametrize(
    ("name", "event", "error_type", "message"),
    [
        pytest.param("Short", {"do": "sleep"}, "Sandbox.Timedout", "Task timed out after 1.00 seconds", id="timeout"),
        pytest.param("Function", {"do": "leave"}, "Runtime.ExitError", "exit status 3", id="exit"),
        pytest.param("Function", {"do": "die"}, "Runtime.ExitError", "signal: 6", id="signal"),
        pytest.param("Function", {"do": "no_json"}, "Runtime.MarshalError", "object is not JSON", id="no-json"),
        pytest.param("Function", {"do": "large", "size": 6_300_000}, "Function.ResponseSizeTooLarge", "", id="large"),
        pytest.param("NoModule", {}, "Runtime.ImportModuleError", "No module named 'nothing_like_this'", id="import"),
        pytest.param("NoHandler", {}, "Runtime.HandlerNotFound", "Handler 'handler' missing", id="no-handler"),
        pytest.param("NoSyntax", {}, "Runtime.UserCodeSyntaxError", "invalid syntax", id="syntax"),
    ],
)
def test_what_ends_a_function_is_named(
    stacks: Stacks, names: dict[str, str], name: str, event: Any, error_type: str, message: str
) -> None:
    answer, error, _ = invoke(stacks, names[name], event)
    assert error == "Unhandled"
    assert answer["errorType"] == error_type
    assert message in answer["errorMessage"]


def test_a_thread_left_behind_does_not_hold_the_answer_back(stacks: Stacks, names: dict[str, str]) -> None:
    answer, _, _ = invoke(stacks, names["Function"], {"do": "lasting_thread"})
    assert answer == "done", "the thread outlasts the function's time limit"


def test_more_than_six_megabytes_are_refused(stacks: Stacks, names: dict[str, str]) -> None:
    client = stacks.client("lambda")
    with pytest.raises(client.exceptions.RequestTooLargeException, match="limit 6291456 bytes"):
        invoke(stacks, names["Function"], "x" * 6_291_456)


@pytest.mark.parametrize("qualifier", ["1", "live"])
def test_versions_and_aliases_are_invoked(stacks: Stacks, names: dict[str, str], qualifier: str) -> None:
    answer, _, response = invoke(stacks, names["Function"], {"do": "about"}, Qualifier=qualifier)
    assert (answer["function_version"], response["ExecutedVersion"]) == ("1", "1")


@pytest.mark.parametrize("ending", ["", ":$LATEST", ":live"])
def test_functions_are_invoked_by_arn(stacks: Stacks, names: dict[str, str], ending: str) -> None:
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{names['Function']}{ending}"
    answer, error, _ = invoke(stacks, arn, {"do": "about"})
    assert (answer["function_name"], error) == (names["Function"], None)


def test_an_event_invocation_runs_on_its_own(stacks: Stacks, names: dict[str, str]) -> None:
    _, _, response = invoke(stacks, names["Function"], {"do": "echo", "text": "later"}, InvocationType="Event")
    assert response["StatusCode"] == 202
    log = stacks.aws.world.folder / "logs" / "functions" / f"{names['Function']}.log"
    deadline = time.monotonic() + HANG
    while "heard later" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "heard later" in log.read_text()


def test_the_log_is_in_cloudwatch_and_in_a_file(stacks: Stacks, names: dict[str, str]) -> None:
    _, _, response = invoke(stacks, names["Function"], {"do": "echo", "text": "a secret word"}, LogType="Tail")
    group = f"/aws/lambda/{names['Function']}"
    events = stacks.client("logs").filter_log_events(logGroupName=group)["events"]
    assert "heard a secret word" in [event["message"] for event in events]
    assert "heard a secret word" in base64.b64decode(response["LogResult"]).decode()
    file = stacks.aws.world.folder / "logs" / "functions" / f"{names['Function']}.log"
    assert "heard a secret word" in file.read_text()


@pytest.mark.parametrize(("effect", "streams"), [("Allow", 1), ("Deny", 0)])
def test_the_log_goes_where_it_is_told_as_far_as_the_role_may(stacks: Stacks, effect: str, streams: int) -> None:
    statement = {"Effect": effect, "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
    stack = stacks.deploy(
        {
            "Resources": {
                "Role": role("lambda", statement),
                "Group": {"Type": "AWS::Logs::LogGroup"},
                "Function": function(CODE, LoggingConfig={"LogGroup": {"Ref": "Group"}}),
            }
        }
    )
    names = stacks.resources(stack)
    answer, error, _ = invoke(stacks, names["Function"], {"do": "about"})
    assert (error, answer["log_group_name"]) == (None, names["Group"])
    described = stacks.client("lambda").get_function_configuration(FunctionName=names["Function"])
    assert described["LoggingConfig"]["LogGroup"] == names["Group"]
    written = stacks.client("logs").describe_log_streams(logGroupName=names["Group"])["logStreams"]
    assert len(written) == streams


def test_a_function_whose_role_does_not_trust_lambda_is_refused(stacks: Stacks) -> None:
    stack = stacks.deploy({"Resources": {"Role": role("glue"), "Function": function(CODE)}})
    client = stacks.client("lambda")
    with pytest.raises(client.exceptions.ClientError, match=r"AccessDenied.*lambda.amazonaws.com is not authorized"):
        invoke(stacks, stacks.resources(stack)["Function"], {})
