"""The storage that a URI names."""

from __future__ import annotations

import functools
from pathlib import Path

from mhealth.io.local import LocalStorage
from mhealth.io.s3 import S3Storage
from mhealth.io.storage import Storage


@functools.lru_cache(maxsize=8)
def storage_at(uri: str) -> Storage:
    """The storage at `s3://BUCKET` or `file:///FOLDER`; one client per process."""
    scheme, _, rest = uri.partition("://")
    if scheme == "s3":
        return S3Storage(rest)
    return LocalStorage(Path(rest))
