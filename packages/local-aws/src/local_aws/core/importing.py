"""The import of moto, in half of its time."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

import botocore.session

from local_aws.core import service_models


@contextlib.contextmanager
def quickly() -> Iterator[None]:
    """Collect no garbage meanwhile, and give the sessions of boto3 that are made the shared loader.

    Of a million new objects nearly all remain. moto makes a session for each list of regions, and each would look
    through botocore's folders and parse the same file again.
    """
    create, collecting = botocore.session.create_loader, gc.isenabled()
    service_models.share()
    gc.disable()
    try:
        yield
    finally:
        botocore.session.create_loader = create
        if collecting:
            gc.enable()
