"""The import of moto, in half of its time."""

from __future__ import annotations

import contextlib
import functools
import gc
from collections.abc import Iterator

import botocore.session


@contextlib.contextmanager
def quickly() -> Iterator[None]:
    """Collect no garbage meanwhile, and let the sessions of boto3 that are made share what they read.

    Of a million new objects nearly all remain. moto makes a session for each list of regions, and each would look
    through botocore's folders and parse the same file again.
    """
    create, collecting = botocore.session.create_loader, gc.isenabled()
    botocore.session.create_loader = functools.cache(create)
    gc.disable()
    try:
        yield
    finally:
        botocore.session.create_loader = create
        if collecting:
            gc.enable()
