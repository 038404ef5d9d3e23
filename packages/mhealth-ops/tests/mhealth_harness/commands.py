"""`mhealth` as a person calls it, with whatever the person's environment says about AWS."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local_aws_harness.waiting import HANG
from mhealth_ops.cli import app

COMMAND = str(Path(sys.executable).with_name("mhealth"))

SOMEWHERE_ELSE = {
    "AWS_PROFILE": "nobody",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ENDPOINT_URL_ATHENA": "http://127.0.0.1:1",
    "AWS_REGION": "mars-north-1",
    "AWS_ACCESS_KEY_ID": "the-persons-own",
    "AWS_SECRET_ACCESS_KEY": "the-persons-own",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "http_proxy": "http://127.0.0.1:1",
}
"""A person's own settings, all of which lead away from the local AWS."""


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class MhealthCommand:
    """Runs `mhealth` with `options` behind the command, in an environment without AWS but for `environment`."""

    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: SOMEWHERE_ELSE)

    @property
    def variables(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LOCAL_AWS_"))}
        return {**ours, "COLUMNS": "200", **self.environment}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [COMMAND, arguments[0], *self.options, *arguments[1:]],
            env=self.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str, stdin: str = "") -> Done:
        """Run it in this process, whose environment is as it was afterwards: a process of its own costs a second."""
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith(("AWS_", "LOCAL_AWS_"))]:
                patch.delenv(name)
            before = dict(os.environ)
            os.environ |= self.variables
            try:
                ended = CliRunner().invoke(app, [arguments[0], *self.options, *arguments[1:]], input=stdin)
            finally:
                os.environ.clear()
                os.environ |= before
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        return Done(ended.exit_code, ended.stdout, ended.stderr)

    def on_a_terminal(self, *arguments: str, types: str = "", **variables: str) -> tuple[int, str]:
        """Exit status and what the terminal shows, where a person types `types`."""
        ours, theirs = pty.openpty()
        environment = {**self.variables, "TERM": "xterm", **variables}
        process = subprocess.Popen(
            [COMMAND, arguments[0], *self.options, *arguments[1:]],
            env=environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        os.write(ours, types.encode())
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # how Linux says that nobody holds the other end any more
            pass
        os.close(ours)
        return process.wait(timeout=HANG), shown.decode()
