from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from typer.testing import CliRunner

from local_aws.core.errors import DeploymentFailed
from local_aws.server import LocalAws
from mhealth_ops.cli import app
from tools.waiting import HANG

pytestmark = pytest.mark.local_aws

COMMAND = str(Path(sys.executable).with_name("mhealth"))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "dataset"
    folder.mkdir()
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "local", "up", *arguments], cwd=folder, capture_output=True, text=True, timeout=HANG, check=False
    )


@pytest.fixture
def up(tmp_path: Path, dataset: Path) -> Iterator[subprocess.Popen[str]]:
    # A person's own settings must not lead it elsewhere.
    environment = {**os.environ, "AWS_PROFILE": "nobody", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "x"}
    process = subprocess.Popen(
        [COMMAND, "local", "up", "--port", "0", "--dataset", str(dataset), "--stack-name", "other"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


def children(pid: int) -> set[int]:
    """Every process below `pid`."""
    found: set[int] = set()
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        child, parent = map(int, line.split())
        if parent == pid:
            found |= {child} | children(child)
    return found


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_up_deploys_the_template_says_ready_and_ends_at_once_with_its_children(
    tmp_path: Path, up: subprocess.Popen[str]
) -> None:
    assert up.stdout is not None
    assert up.stderr is not None
    ready = up.stdout.readline()
    assert ready.startswith("ready http://127.0.0.1:")
    endpoint = ready.split()[1]
    session = boto3.Session("any", "thing", region_name="us-east-1")
    (stack,) = session.client("cloudformation", endpoint_url=endpoint).describe_stacks(StackName="other")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert (tmp_path / ".local-aws" / "logs" / "functions").is_dir()
    # A function at work is a child to end.
    session.client("lambda", endpoint_url=endpoint).invoke(
        FunctionName=outputs["DownloadFunctionName"], InvocationType="Event"
    )
    deadline = time.monotonic() + HANG
    while not (running := children(up.pid)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert running
    for pid in running:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)  # who waited for it would wait for ever
    up.send_signal(signal.SIGINT)
    assert up.wait(timeout=HANG) == 0
    assert not [pid for pid in running if alive(pid)]
    rest = up.stdout.read()
    errors = up.stderr.read()
    assert rest == ""
    assert "Traceback" not in errors
    assert "stack other is deployed" in errors
    assert "docs/reading.md" in errors  # which clients ignore AWS_ENDPOINT_URL
    with socket.socket() as probe:
        # Connections that have ended may linger; that somebody listens would be refused all the same.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", int(endpoint.rpartition(":")[2])))
    # Only the logs stay.
    port = endpoint.rpartition(":")[2]
    assert [entry.name for entry in (tmp_path / ".local-aws" / port).iterdir()] == ["logs"]


def test_an_interruption_before_it_is_ready_ends_it_at_once(up: subprocess.Popen[str]) -> None:
    assert up.stderr is not None
    assert up.stderr.readline().startswith("local-aws: starting")
    up.send_signal(signal.SIGTERM)
    assert up.wait(timeout=HANG) == 130
    assert "Traceback" not in up.stderr.read()


def test_a_taken_port_is_one_sentence_and_status_2(tmp_path: Path, dataset: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ended = run(tmp_path, "--port", str(port), "--dataset", str(dataset))
    assert ended.returncode == 2
    assert ended.stdout == ""
    sentence = f"local-aws: port {port} of 127.0.0.1 cannot be used: Address already in use"
    assert ended.stderr.splitlines()[-1].startswith(sentence)
    assert "Traceback" not in ended.stderr


def test_a_dataset_that_does_not_exist_is_one_sentence_and_status_2(tmp_path: Path) -> None:
    ended = run(tmp_path, "--port", "0", "--dataset", "nowhere")
    assert (ended.returncode, ended.stdout) == (2, "")
    # Immediately: what it would serve is told once moto is loaded, which takes seconds.
    starting, told = ended.stderr.splitlines()
    assert starting == "local-aws: starting"
    assert told.startswith("local-aws: --dataset nowhere: expected `synthetic`, `kaggle` or a directory")


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., LocalAws]:
    """The local AWS that the command would serve, here to be started in this process.

    How one is served, and with what it ends, is told above and in packages/local-aws/tests/cli/test_up.py.
    """

    monkeypatch.chdir(tmp_path)

    def made(*arguments: str) -> LocalAws:
        found: list[Callable[[], LocalAws]] = []
        monkeypatch.setattr("mhealth_ops.commands.local.serve", lambda make, *_: found.append(make))
        done = CliRunner().invoke(app, ["local", "up", "--port", "0", *arguments])
        assert done.exit_code == 0, done.output
        return found[0]()

    return made


def test_a_parameter_that_the_template_does_not_have_is_told(asked: Callable[..., LocalAws], dataset: Path) -> None:
    aws = asked("--dataset", str(dataset), "--parameter", "Nobody=1")
    with pytest.raises(DeploymentFailed, match=r"Parameters: \[Nobody\] do not exist in the template"), aws:
        pass


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("--parameter", "Nobody"), "expected NAME=VALUE", id="parameter"),
        pytest.param(("--port", "70000"), "--port", id="port"),
        pytest.param(("--scale", "0"), "--scale", id="scale"),
    ],
)
def test_a_mistake_in_the_command_is_told(arguments: tuple[str, ...], message: str) -> None:
    ended = CliRunner().invoke(app, ["local", "up", *arguments])
    assert isinstance(ended.exception, SystemExit)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in " ".join(ended.stderr.replace("│", " ").split())


def test_without_a_stack_it_waits_for_sam_deploy(asked: Callable[..., LocalAws], dataset: Path) -> None:
    with asked("--dataset", str(dataset), "--no-stack") as aws:
        session = boto3.Session("any", "thing", region_name="us-east-1")
        assert session.client("cloudformation", endpoint_url=aws.endpoint).describe_stacks()["Stacks"] == []
