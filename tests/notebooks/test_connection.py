"""What a notebook's first cell says when it cannot do what it is asked."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from local_aws.core.listening import listen
from tools.executing import NOTEBOOKS

pytestmark = pytest.mark.local_aws


def connecting(stack_on: str, **environment: str) -> str:
    """The last line of the error."""
    ended = subprocess.run(
        [sys.executable, "-c", f"from connection import connect; connect({stack_on!r})"],
        cwd=NOTEBOOKS,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout
    return ended.stderr.splitlines()[-1]


def test_another_word_than_local_or_aws_is_refused() -> None:
    assert connecting("amazon") == 'ValueError: STACK_ON is \'amazon\'; expected "local" or "aws"'


def test_a_local_aws_that_is_not_there_is_told() -> None:
    listener = listen(0)
    port = listener.getsockname()[1]
    listener.close()
    reported = connecting("local", AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}")
    assert f"CannotReachAws: No local AWS listens at http://127.0.0.1:{port}" in reported
    assert reported.endswith('give another address in AWS_ENDPOINT_URL, or set STACK_ON = "aws".')


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1"])
def test_a_deployed_stack_is_not_looked_for_on_the_local_aws(endpoint: str) -> None:
    reported = connecting(
        "aws",
        AWS_ENDPOINT_URL=endpoint,
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        REGION="eu-central-1",
    )
    assert "CannotReachAws: No valid AWS credentials" in reported
