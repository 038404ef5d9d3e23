"""How an execution that failed is told to a person."""

from __future__ import annotations

import pytest

from mhealth_ops.operations.executions import Ended

GLUE = "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 40; "


@pytest.mark.parametrize(
    ("error", "cause", "reason"),
    [
        pytest.param("SchemaMismatch", f"{GLUE}SchemaMismatch: a: b", "SchemaMismatch: a: b", id="a-job"),
        pytest.param("JobFailed", f"{GLUE}KeyError: 'a'", "JobFailed: KeyError: 'a'", id="a-job-without-name"),
        pytest.param("JobFailed", "Error Category: X; o53 failed", "JobFailed: o53 failed", id="a-job-without-line"),
        pytest.param("EmptyFile", f"no line in {GLUE}", f"EmptyFile: no line in {GLUE}", id="a-function"),
        pytest.param("States.Timeout", "", "States.Timeout", id="no-cause"),
        pytest.param("", "", "", id="nothing"),
    ],
)
def test_a_reason_names_the_error_once(error: str, cause: str, reason: str) -> None:
    assert Ended("FAILED", 1.0, {}, error, cause).reason == reason
