"""`local-aws up`: any template, and what is said where it cannot be."""

from __future__ import annotations

import ctypes
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from typer.testing import CliRunner

from local_aws.cli import app

pytestmark = pytest.mark.local_aws

COMMAND = str(Path(sys.executable).with_name("local-aws"))
TEMPLATE = {
    "Parameters": {"Shown": {"Type": "String", "Default": "nothing"}},
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Shown"}}}},
    "Outputs": {"Topic": {"Value": {"Ref": "Topic"}}},
}


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "any.json"
    path.write_text(json.dumps(TEMPLATE))
    return path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "up", "--port", "0", *arguments], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )


def to_a_thread(process: subprocess.Popen[str]) -> None:
    """Interrupt a process by a signal that another thread than its main thread gets, as the system may choose."""
    threads = (int(thread.name) for thread in Path(f"/proc/{process.pid}/task").iterdir())
    another = next(thread for thread in threads if thread != process.pid)
    assert ctypes.CDLL(None).tgkill(process.pid, another, signal.SIGINT) == 0


def to_the_process(process: subprocess.Popen[str]) -> None:
    """Interrupt a process as the terminal does."""
    process.send_signal(signal.SIGINT)


def served(
    folder: Path, *arguments: str, interrupt: Callable[[subprocess.Popen[str]], None] = to_the_process
) -> tuple[list[dict[str, object]], dict[str, str], str]:
    """The stacks, the attributes of the one topic, and what was said of a local AWS that is ended then."""
    process = subprocess.Popen(
        [COMMAND, "up", "--port", "0", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            endpoint = process.stdout.readline().split()[1]
            session = boto3.Session("any", "any", region_name="us-east-1")
            stacks = session.client("cloudformation", endpoint_url=endpoint).describe_stacks()["Stacks"]
            sns = session.client("sns", endpoint_url=endpoint)
            topics = [each["TopicArn"] for each in sns.list_topics()["Topics"]]
            attributes = sns.get_topic_attributes(TopicArn=topics[0])["Attributes"] if topics else {}
        finally:
            interrupt(process)
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == 0
    return list(stacks), attributes, said


def test_a_template_is_deployed_under_the_name_and_with_the_parameters_given(template: Path, tmp_path: Path) -> None:
    options = ("--template", str(template), "--stack-name", "mine", "--parameter", "Shown=hello")
    (stack,), topic, said = served(tmp_path, *options)
    assert (stack["StackName"], stack["StackStatus"]) == ("mine", "CREATE_COMPLETE")
    assert topic["DisplayName"] == "hello"
    assert "local-aws: stack mine is deployed" in said


@pytest.mark.parametrize(
    "interrupt",
    [
        to_the_process,
        pytest.param(
            to_a_thread, marks=pytest.mark.skipif(sys.platform != "linux", reason="the threads are those of /proc")
        ),
    ],
)
def test_without_a_template_there_is_no_stack(
    tmp_path: Path, interrupt: Callable[[subprocess.Popen[str]], None]
) -> None:
    stacks, _, said = served(tmp_path, interrupt=interrupt)
    assert stacks == []
    assert "there is no stack yet" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("--template", "none.yaml"), "file 'none.yaml' does not exist", id="no template"),
        pytest.param(("--parameter", "Shown"), "expected NAME=VALUE", id="parameter"),
    ],
)
def test_a_mistake_is_told_before_anything_starts(arguments: tuple[str, ...], message: str) -> None:
    ended = CliRunner().invoke(app, ["up", "--port", "0", *arguments])
    assert isinstance(ended.exception, SystemExit)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in " ".join(ended.stderr.replace("│", " ").split())


def test_parameters_that_the_template_does_not_have_are_told(template: Path, tmp_path: Path) -> None:
    ended = run(tmp_path, "--template", template.name, "--parameter", "No=1")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "[No] do not exist" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_trino_the_way_to_get_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_AWS_CACHE", str(tmp_path / "empty"))
    ended = run(tmp_path, "--athena", "trino")
    assert ended.returncode == 2
    assert "Trino 476 is not on this machine" in ended.stderr
    assert "`local-aws setup-trino` downloads it" in ended.stderr
    assert "ready" not in ended.stdout
