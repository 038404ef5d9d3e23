"""How this function talks to S3: its tries, and the name of what S3 does wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from ingest.errors import StorageUnavailable
from ingest.redaction import described

RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 6})
"""Of each request, as in the jobs (mhealth/io/s3.py): six attempts, at most 31 s of waiting between them."""

FAILURES = (ClientError, BotoCoreError, HTTPError)
"""What a request to S3 may raise. HTTPError: boto3 passes it on where an answer breaks off."""

_REFUSED = {"AccessDenied", "NoSuchBucket", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"}
"""Not retryable: these errors of S3 keep their own name."""


@contextlib.contextmanager
def translate_s3_errors() -> Iterator[None]:
    """Name what S3 does wrong. Raises StorageUnavailable for what is retryable."""
    try:
        yield
    except FAILURES as error:
        if code_of(error) in _REFUSED:
            raise
        raise StorageUnavailable(
            f"S3 failed after several attempts: {described(error)}. Nothing that landed half is used: "
            "the manifest is written last. Retryable."
        ) from None


def code_of(error: BaseException) -> str:
    """Return the code of an answer of S3, empty where there was none."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
