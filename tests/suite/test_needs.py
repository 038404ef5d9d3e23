from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from local_aws.core.errors import LocalAwsError
from local_aws.server import LocalAws
from tests.suite.needs import needed

JOB = ["/spark/bin/spark-submit", "--master", "local[*]", "job.py"]
SESSION = ["/spark/bin/spark-submit", "--conf", "spark.ui.enabled=false", "pyspark-shell"]


@pytest.mark.parametrize(
    ("command", "need"),
    [
        pytest.param(JOB, "spark_process", id="job"),
        pytest.param(SESSION, None, id="the session of the tests' process"),
        pytest.param(["python", "-m", "mhealth_ops.cli", "local", "up"], "local_aws", id="up as a module"),
        pytest.param(["/bin/mhealth", "local", "up", "--dataset", "x"], "local_aws", id="up"),
        pytest.param(["/bin/mhealth", "local", "up", "--no-stack"], "local_aws", id="up without a stack"),
        pytest.param(["/bin/mhealth", "query", "SELECT 1"], None, id="query"),
        pytest.param(["/bin/uv", "pip", "install", "a.whl"], "environment", id="installation"),
        pytest.param(["python", "-m", "mhealth_ops.cli", "demo"], "local_aws", id="demo"),
        pytest.param(["/bin/local-aws", "up", "--template", "x"], "local_aws", id="up of another template"),
        pytest.param(["node", "/venv/playwright/cli.js", "run-driver"], "browser", id="browser"),
        pytest.param(["python", "-m", "pytest", "-q", "tests/docs"], "tests", id="tests"),
        pytest.param("make", None, id="another command, as text"),
    ],
)
def test_what_a_command_starts(command: Any, need: str | None) -> None:
    assert needed("subprocess.Popen", (None, command, None, None)) == need


def test_a_local_aws_in_the_tests_process_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str | None] = []
    monkeypatch.setattr(sys, "audit", lambda event, *arguments: heard.append(needed(event, arguments)))
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(LocalAwsError):
        LocalAws(folder=tmp_path / "world", port=taken.getsockname()[1]).start()
    assert "local_aws" in heard


def run(pytester: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    """A suite of one test, with the guard."""
    pytester.makepyprojecttoml(f'[tool.pytest.ini_options]\npythonpath = ["{Path(__file__).parents[2]}"]')
    pytester.makeconftest('pytest_plugins = ["tests.suite.needs"]')
    pytester.makepyfile(test)
    return pytester.runpytest_subprocess("--fast", *options)


STARTS = """
import subprocess, threading
import pytest

def start():
    try:
        subprocess.run(["/nowhere/bin/spark-submit", "job.py"])
    except FileNotFoundError:
        pass

{mark}
def test_it():
    {call}
"""


def test_a_fast_test_is_refused_what_it_starts(pytester: pytest.Pytester) -> None:
    ended = run(pytester, STARTS.format(mark="", call="start()"))
    ended.assert_outcomes(failed=1)
    ended.stdout.fnmatch_lines(["*a fast test starts what needs Spark in a process*(mark it spark_process)*"])


def test_a_refusal_that_is_caught_fails_the_test_all_the_same(pytester: pytest.Pytester) -> None:
    caught = "\n    ".join(["try:", "    start()", "except Exception:", "    pass"])
    run(pytester, STARTS.format(mark="", call=caught)).assert_outcomes(failed=1)


@pytest.mark.parametrize("marks", ["pytest.mark.local_aws", "[pytest.mark.story, pytest.mark.browser]"])
def test_a_module_without_a_fast_test_is_not_imported(pytester: pytest.Pytester, marks: str) -> None:
    ended = run(pytester, f"import pytest\npytestmark = {marks}\nraise RuntimeError('it is imported')")
    ended.assert_outcomes()
    assert ended.ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize("mark", ["spark_process", "local_aws", "browser", "tests", "volume"])
def test_a_test_that_says_what_it_needs_is_none_of_the_fast(pytester: pytest.Pytester, mark: str) -> None:
    run(pytester, STARTS.format(mark=f"@pytest.mark.{mark}", call="start()")).assert_outcomes(deselected=1)


CASES = """
import pytest

@pytest.mark.sample(3)
@pytest.mark.parametrize("case", range({cases}))
def test_it(case):
    pass
"""


@pytest.mark.parametrize(("cases", "taken"), [(9, [0, 4, 8]), (4, [0, 2, 3]), (3, [0, 1, 2]), (1, [0])])
def test_some_cases_of_a_sample_are_run(pytester: pytest.Pytester, cases: int, taken: list[int]) -> None:
    ended = run(pytester, CASES.format(cases=cases), "-v")
    ended.assert_outcomes(passed=len(taken), deselected=cases - len(taken))
    ended.stdout.fnmatch_lines([f"*test_it[[]{case}[]] PASSED*" for case in taken])
