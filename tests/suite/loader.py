"""What all tests of a process share of boto3 and moto, as making it anew costs more than most tests do.

A command of `mhealth` makes one session, and tests call hundreds of commands in their process. A session with two
clients costs some 0.1 s of CPU if it loads botocore's models itself. moto reads its folder twice per request to list
its services, which is a fifth of a small request.
"""

from __future__ import annotations

import logging
import sys

from local_aws.core import service_models


def pytest_configure() -> None:
    """Give one loader of botocore's models to sessions from now on."""
    service_models.share()


def pytest_collection_finish() -> None:
    """Have moto list its services once, and log no request, in a process whose tests have imported it."""
    if "moto.backends" in sys.modules:
        from moto import backends

        services = frozenset(backends.list_of_moto_modules())
        backends.list_of_moto_modules = lambda: services
        logging.getLogger("werkzeug").setLevel(logging.ERROR)


def pytest_unconfigure() -> None:
    """Give each session its own loader again."""
    service_models.unshare()
