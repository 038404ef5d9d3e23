"""What `mhealth` says where there is no stack to talk to, and that it never talks to AWS unasked."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from pathlib import Path

import pytest

from mhealth_harness.commands import COMMAND, MhealthCommand

COMMANDS = ["run", "query", "sql", "status", "logs", "report", "quarantine", "diff", "rollback"]
COMMANDS += ["verify", "explain", "set", "restore-table", "cleanup-failed-stack", "destroy"]


@pytest.fixture
def nobody() -> str:
    """An endpoint where nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{closed.getsockname()[1]}"


@pytest.fixture
def stranger() -> Iterator[str]:
    """An endpoint where some other server listens."""

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<p>Welcome")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def arguments(command: str) -> list[str]:
    needed = {"query": ["SELECT 1"], "set": ["KeepSnapshots=4"], "diff": ["1", "2"]}
    return [command, *needed.get(command, [])]


@pytest.mark.notices("packages/mhealth-ops/src/mhealth_ops/commands/target.py", "if self.on_aws:", "if True:")
@pytest.mark.parametrize("command", COMMANDS)
def test_where_no_local_aws_listens_it_says_so_and_does_not_turn_to_aws(command: str, nobody: str) -> None:
    done = MhealthCommand(("--endpoint", nobody))(*arguments(command))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"No local AWS listens at {nobody} (Connection refused): start one in another terminal with `make up`, "
        "give another address with --endpoint, or use --aws for AWS.\n"
    )


def test_the_endpoint_may_stand_in_the_environment(nobody: str) -> None:
    assert nobody in MhealthCommand((), {"LOCAL_AWS_ENDPOINT": nobody})("status").stderr


def test_another_server_at_the_endpoint_is_told(stranger: str) -> None:
    done = MhealthCommand(("--endpoint", stranger))("status")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The response is neither from AWS nor from a local AWS: ")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param(["--profile", "mine"], "--profile selects credentials for AWS: add --aws.", id="profile"),
        pytest.param(
            ["--aws", "--endpoint", "http://localhost:1"], "--aws selects AWS, --endpoint a local AWS", id="both"
        ),
        pytest.param(["--endpoint", "localhost:4566"], "expected an address like http://127.0.0.1:4566", id="address"),
        pytest.param(["--endpoint", "http://localhost:4566x"], "expected an address like", id="port"),
        pytest.param(["--no-such-option"], "No such option: --no-such-option", id="option"),
    ],
)
def test_options_that_make_no_sense_are_status_2(command: str, options: list[str], said: str) -> None:
    done = MhealthCommand()(*arguments(command), *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["query"], id="nothing to ask"),
        pytest.param(["query", "SELECT 1", "--named", "Snapshots"], id="two things to ask"),
        pytest.param(["query", "SELECT 1", "--format", "xml"], id="format"),
        pytest.param(["run", "--version", "0"], id="version"),
        pytest.param(["run", "--version", "new"], id="version no number"),
        pytest.param(["run", "--version", "2", "--follow", "one"], id="start and follow"),
        pytest.param(["set", "KeepSnapshots"], id="no value"),
        pytest.param(["set", "KeepSnapshots=4", "--aws"], id="set is local"),
        pytest.param(["rollback", "--to", "yesterday"], id="snapshot"),
        pytest.param(["status", "--runs", "101"], id="runs"),
        pytest.param(["status", "--format", "xml"], id="format of the status"),
        pytest.param(["logs", "--state", "Nobody"], id="state"),
        pytest.param(["diff"], id="no snapshot"),
    ],
)
def test_values_that_make_no_sense_are_status_2(options: list[str]) -> None:
    done = MhealthCommand()(*options)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Try 'mhealth" in done.stderr


@pytest.mark.parametrize(
    ("environment", "options", "said"),
    [
        pytest.param(
            {"AWS_REGION": "eu-west-1"},
            [],
            "No valid AWS credentials (Unable to locate credentials). Log in",
            id="no credentials",
        ),
        pytest.param({}, [], "No region is set. Pass one (REGION=eu-central-1 for make, else --region", id="region"),
        pytest.param({}, ["--profile", "nobody"], "The config profile (nobody) could not be found", id="profile"),
    ],
)
def test_with_aws_what_is_missing_is_told(
    environment: dict[str, str], options: list[str], said: str, tmp_path: Path
) -> None:
    no_files = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "HOME": str(tmp_path)}
    aws = MhealthCommand((), {**no_files, "AWS_EC2_METADATA_DISABLED": "true", **environment})
    done = aws("status", "--aws", *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(said)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_that_name_the_command(command: str) -> None:
    shown = MhealthCommand()(command, "--help").stdout
    assert "Examples:" in shown
    assert f"mhealth {command}" in shown.partition("Examples:")[2]


def test_a_shell_completes_commands_and_formats() -> None:
    def completed(words: str) -> list[str]:
        asked = {"_MHEALTH_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()))}
        environment = {**os.environ, **asked}
        return subprocess.run([COMMAND], env=environment, capture_output=True, text=True, check=False).stdout.split()

    assert completed("mhealth ") == [
        *(
            "run",
            "query",
            "sql",
            "status",
            "logs",
            "report",
            "where",
            "quarantine",
            "diff",
            "rollback",
            "verify",
            "explain",
            "set",
        ),
        *("restore-table", "cleanup-failed-stack", "destroy", "demo", "notebook", "local"),
    ]
    assert completed("mhealth query --format ") == ["table", "record", "csv", "json"]
    assert completed("mhealth logs --state ")[-2:] == ["RegisterAgain", "WriteReport"]
    nobody = "mhealth query --endpoint http://127.0.0.1:1 --named "
    assert completed(nobody) == [], "no message where no stack answers"


def test_a_health_that_cannot_be_read_has_a_status_of_its_own(nobody: str) -> None:
    assert MhealthCommand(("--endpoint", nobody))("status", "--format", "json").returncode == 3


def test_the_version_is_that_of_the_package() -> None:
    done = subprocess.run([COMMAND, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"mhealth {version('mhealth-ops')}\n"
