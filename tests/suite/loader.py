"""One loader of botocore's models for all boto3 sessions of a process of tests.

A command of `mhealth` makes one session, and tests call hundreds of commands in their process. A session with two
clients costs some 0.1 s of CPU otherwise.
"""

from __future__ import annotations

from local_aws.core import service_models


def pytest_configure() -> None:
    """Give it to sessions from now on."""
    service_models.share()


def pytest_unconfigure() -> None:
    """Give each session its own again."""
    service_models.unshare()
