"""What the tests say of the Spark that they use."""

from __future__ import annotations

import sys

import pytest

from local_aws.glue.spark_runtime import own_runtime
from tests.suite import kept

# AWS Glue Developer Guide, "AWS Glue versions" (release notes).
HEADERS = {(3, 11): "jobs: Glue 5.1 (Spark 3.5.6, Python 3.11)", (3, 13): "jobs: Glue 6.0 (Spark 4.1.1, Python 3.13)"}


@pytest.mark.parametrize("python", HEADERS)
def test_the_first_lines_name_the_glue_version_of_the_jobs(
    monkeypatch: pytest.MonkeyPatch, python: tuple[int, int]
) -> None:
    class Version(tuple[int, ...]):
        major, minor = python

    monkeypatch.setattr(sys, "version_info", Version(python))
    monkeypatch.setattr(kept, "own_runtime", own_runtime.__wrapped__)  # what it found once is kept
    assert kept.pytest_report_header() == HEADERS[python]
