"""Runs the machine-dependent tests in several environments.

`python -m tools.environments [NAME ...]` runs the named environments, or all. Each is this machine with other
variables, umask, home or search path. The exit status is the number of environments with failures.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tools.paths import ROOT

DEPENDENT = (
    *(
        "packages/local-aws/tests/server/test_server.py",
        "tests/operations/test_local_up.py",
        "packages/mhealth-ops/tests/commands/test_mistakes.py",
    ),
    *(
        "packages/local-aws/tests/lambda_/test_functions.py",
        "packages/local-aws/tests/glue/test_jobs.py",
        "packages/mhealth-ops/tests/kaggle/test_api.py",
    ),
    *(
        "packages/local-aws/tests/glue/test_spark_runtime.py",
        "tests/operations/test_destroy.py",
        "tests/operations/test_verify.py",
        "packages/mhealth-ops/tests/operations",
        "tests/end_to_end/test_demo.py",
    ),
    *("tests/lambda_ingest/sources/test_kaggle.py", "tests/lambda_ingest/test_download_and_upload.py"),
    *("tests/glue/test_convert_parquet.py", "tests/glue/test_glue_transform.py", "tests/glue/io/test_storage.py"),
    *("tests/lambda_report/test_in_browser.py", "tests/notebooks/test_connection.py"),
    *("tests/docs/test_commands.py", "tests/docker", "tests/tools/test_upkeep.py"),
)
"""Tests that start processes, open sockets, write files outside their folder, or read clock, locale or home."""

WHOLE = ("tests", "packages")
"""Every test."""

DATED = (
    *(
        "tests/lambda_ingest",
        "tests/lambda_report",
        "packages/local-aws/tests/scheduler/test_scheduler.py",
        "tests/operations/test_destroy.py",
        "tests/operations/test_verify.py",
        "packages/mhealth-ops/tests/operations",
    ),
    *("packages/local-aws/tests/cloudwatch/test_alarms.py", "packages/local-aws/tests/cloudwatch/test_metrics.py"),
    *("tests/end_to_end/test_days.py", "tests/end_to_end/test_readers.py", "tests/glue/processed/test_retention.py"),
)
"""Tests that depend on dates: versions, snapshots, records, alarms, schedules, reports."""

CHECKS = ("own rules", "hooks", "schemas", "asl-validator", "checkov", "lock file", "compose file", "sam validate")
"""Checks whose tools read the environment."""

CLOCK = ROOT / ".cache" / "clock"
"""The environment of libfaketime, created by `make environments`: it gives a process another clock."""

LOCAL_AWS_PORT = 4566
"""The port of `make up`; no test may need it."""


def _nothing(folder: Path) -> None:
    """Leave the folder empty."""


@dataclass(frozen=True)
class Environment:
    """An environment: its differences from this machine.

    `variables` are set (`{folder}` in a value is a new folder), or unset where the value is None. `prepare` fills that
    folder. With `bare` no variables of this process are passed on. `clock` is the time at the start, in UTC. With
    `busy` other programs use every core all the time.
    """

    name: str
    why: str
    variables: Mapping[str, str | None] = field(default_factory=dict)
    prepare: Callable[[Path], None] = _nothing
    umask: int | None = None
    bare: bool = False
    takes_port: bool = False
    clock: str | None = None
    busy: bool = False
    tests: Sequence[str] = DEPENDENT


def _python_alone(folder: Path) -> None:
    (folder / "home").mkdir()
    (folder / "bin").mkdir()
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (folder / "bin" / name).symlink_to(Path(sys.base_prefix) / "bin" / name)


def _home_with_settings(folder: Path) -> None:
    """A home with configuration files that point clients elsewhere."""
    for name, text in {
        ".aws/config": "[default]\nregion = eu-central-1\nendpoint_url = http://127.0.0.1:9\noutput = yaml\n",
        ".aws/credentials": "[default]\naws_access_key_id = AKIAHOME\naws_secret_access_key = home\n",
        ".kaggle/kaggle.json": '{"username": "somebody", "key": "0123456789abcdef"}',
        ".kaggle/access_token": "KGAT_0123456789abcdef",
        ".gitconfig": "[core]\n\tautocrlf = true\n[init]\n\tdefaultBranch = trunk\n[commit]\n\tgpgsign = true\n",
    }.items():
        path = folder / "home" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _programs_that_fail(folder: Path) -> None:
    """Failing programs with the names that the project looks for."""
    programs = folder / "bin"
    programs.mkdir()
    for name in ("docker", "java", "node", "npm", "chromium", "chromium-browser", "google-chrome", "go", "sam", "aws"):
        path = programs / name
        path.write_text(f"#!/bin/sh\necho '{name} 1.0: does not work' >&2\nexit 1\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def _modules_of_the_same_names(folder: Path) -> None:
    """Modules with the names of the functions' modules."""
    for name in ("ingest", "mhealth", "snapshot_report", "errors", "metrics", "archive", "layouts", "versions"):
        (folder / f"{name}.py").write_text("raise ImportError('a module of the developer')\n")


ENVIRONMENTS = (
    Environment(
        "bare",
        "a minimal machine: an empty home, no other variables, Python 3.11 and the system's programs",
        {"HOME": "{folder}/home", "PATH": "{folder}/bin:/usr/bin:/bin"},
        _python_alone,
        bare=True,
    ),
    Environment(
        "aws-variables",
        "a shell with AWS credentials, a missing profile and another endpoint",
        {
            "AWS_ACCESS_KEY_ID": "AKIASHELL",
            "AWS_SECRET_ACCESS_KEY": "shell",
            "AWS_SESSION_TOKEN": "token",
            "AWS_PROFILE": "gone",
            "AWS_DEFAULT_PROFILE": "gone",
            "AWS_REGION": "ap-northeast-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
            "AWS_CA_BUNDLE": "/nonexistent/ca.pem",
            "AWS_DEFAULT_OUTPUT": "yaml",
            "LOCAL_AWS_ENDPOINT": "http://127.0.0.1:9",
        },
    ),
    Environment(
        "full-home",
        "a home with ~/.aws, ~/.kaggle and a git configuration, and Kaggle's variables",
        {"HOME": "{folder}/home", "KAGGLE_USERNAME": "shell", "KAGGLE_KEY": "shell", "KAGGLEHUB_CACHE": "{folder}/k"},
        _home_with_settings,
    ),
    Environment("no-home", "a home that cannot be written", {"HOME": "/proc/nobody"}),
    Environment(
        "programs-that-fail",
        "docker, java, node and browsers that do not work, and variables that name a Java and a Spark that are gone",
        {
            "PATH": "{folder}/bin:" + os.environ.get("PATH", os.defpath),
            "JAVA_HOME": "/nonexistent/java",
            "SPARK_HOME": "/nonexistent/spark",
            "PYSPARK_PYTHON": "/nonexistent/python",
            "PYSPARK_SUBMIT_ARGS": "--master yarn pyspark-shell",
            "HADOOP_CONF_DIR": "/nonexistent/hadoop",
            "JAVA_TOOL_OPTIONS": "-Dnothing=1",
        },
        _programs_that_fail,
    ),
    Environment(
        "python-path",
        "modules on PYTHONPATH with the names of the project's modules",
        {"PYTHONPATH": "{folder}"},
        _modules_of_the_same_names,
    ),
    Environment(
        "proxy",
        "an unreachable proxy in the variables, for every host",
        {
            **dict.fromkeys(
                ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"
            ),
            "no_proxy": None,
            "NO_PROXY": None,
        },
    ),
    Environment("port-taken", "another program has the port of make up", takes_port=True),
    Environment("umask-077", "files that only their owner can read", umask=0o077),
    Environment("umask-000", "files that everybody can write", umask=0o000),
    Environment("tokyo", "nine hours from UTC", {"TZ": "Asia/Tokyo"}),
    Environment("c-locale", "no locale", {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": None}),
    Environment("japanese", "a Japanese desktop", {"LANG": "ja_JP.UTF-8", "LC_ALL": "ja_JP.UTF-8", "LANGUAGE": "ja"}),
    Environment(
        "terminal",
        "a narrow terminal with forced colours, and the variables of a CI system",
        {"COLUMNS": "40", "LINES": "10", "FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "CI": "true", "TERM": "dumb"},
    ),
    Environment(
        "temporary-folder",
        "a folder for temporary files with a space and non-Latin letters in its name",
        {"TMPDIR": "{folder}/一時 ファイル"},
        lambda folder: (folder / "一時 ファイル").mkdir(),
    ),
    Environment("busy", "other programs that use every core", busy=True, tests=WHOLE),
    Environment("leap-day", "the night to the 29th of February", clock="2028-02-28T23:59:00", tests=WHOLE),
    Environment("new-year", "the night to another year", clock="2027-12-31T23:59:00", tests=DATED),
)


def variables_of(environment: Environment, folder: Path) -> dict[str, str]:
    """The environment variables of a process in an environment."""
    variables = {} if environment.bare else dict(os.environ)
    for name, value in environment.variables.items():
        variables.pop(name, None)
        if value is not None:
            variables[name] = value.replace("{folder}", str(folder))
    if environment.clock is not None:
        variables |= _moved_clock(environment.clock, datetime.now(UTC))
    return variables


def _library() -> Path | None:
    return next(CLOCK.glob("lib/python*/site-packages/libfaketime/vendor/libfaketime/src/libfaketime.so.1"), None)


def _moved_clock(start: str, now: datetime) -> dict[str, str]:
    """Variables that shift the clock of a process and its children (https://github.com/wolfcw/libfaketime).

    The clock is shifted by an offset: with a fixed time each process would start at that time again.
    """
    seconds = datetime.fromisoformat(f"{start}+00:00") - now
    return {
        "LD_PRELOAD": str(_library()),
        "FAKETIME": f"{round(seconds.total_seconds()):+d}",
        # The monotonic clock, which waits use, is not shifted.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # Without this, Java keeps every core busy (https://github.com/wolfcw/libfaketime/issues/425, 2024-02-20).
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
    }


@contextlib.contextmanager
def _busy(environment: Environment) -> Iterator[None]:
    """Run two busy programs per core."""
    count = 2 * (os.cpu_count() or 1) if environment.busy else 0
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


@contextlib.contextmanager
def _port_taken(environment: Environment) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        if environment.takes_port:
            listener = stack.enter_context(socket.socket())
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # If another program has the port already, it is in use anyway.
            with contextlib.suppress(OSError):
                listener.bind(("127.0.0.1", LOCAL_AWS_PORT))
                listener.listen()
        yield


def passes(environment: Environment, commands: Sequence[Sequence[str]]) -> bool:
    """Run the commands in the environment, with output to standard output; return whether all succeeded."""
    folder = Path(tempfile.mkdtemp(prefix="environment-"))
    try:
        environment.prepare(folder)
        with _port_taken(environment), _busy(environment):
            # A list, not a generator, so that commands after a failure also run.
            statuses = [
                subprocess.run(
                    command,
                    cwd=ROOT,
                    env=variables_of(environment, folder),
                    umask=-1 if environment.umask is None else environment.umask,
                    check=False,
                ).returncode
                for command in commands
            ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return not any(statuses)


def main(names: Sequence[str]) -> int:
    """Run the named environments, or all; return the number with failures."""
    known = {environment.name: environment for environment in ENVIRONMENTS}
    if unknown := sorted(set(names) - set(known)):
        sys.exit(f"There is no environment {', '.join(unknown)}. There are: {', '.join(known)}.")
    lines = []
    failed = 0
    for name in names or known:
        print(f"== {name}: {known[name].why}", flush=True)
        if known[name].clock is not None and _library() is None:
            lines.append(
                f"skipped       {name}: libfaketime is not built (make environments builds it, with a C compiler)"
            )
            continue
        started = time.monotonic()
        commands = [
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *known[name].tests],
            ["make", "check", f"CHECKS={shlex.join(CHECKS)}"],
        ]
        passed = passes(known[name], commands)
        failed += not passed
        lines.append(f"{'ok    ' if passed else 'FAILED'} {time.monotonic() - started:5.0f} s  {name}")
    print("\n".join(lines))
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
