"""One execution at a time: manifests/claim.json names the one that does the work, until that execution has ended.

S3 decides who is first, by writes that are conditional on what was there; whether a holder still runs, Step Functions
tells. So nobody has to release the lock, and a run that died holds up no other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ingest.errors import StorageUnavailable
from ingest.state import CONFLICTS, LOCK, parsed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

UNKNOWN_SECONDS = 300
"""DescribeExecution is eventually consistent: so long an execution that it does not know may be one that began."""

_RUNNING = ("RUNNING", "PENDING_REDRIVE")
_LOST = (*CONFLICTS, "NoSuchKey")  # the last where the object that was to be replaced is gone
_LOOKS = 100


@dataclass(frozen=True)
class _Held:
    execution: str
    etag: str
    seconds: float


class ExecutionLock:
    """The lock of one bucket: the object manifests/claim.json."""

    def __init__(self, s3: S3Client, states: SFNClient, bucket: str, manifests_prefix: str) -> None:
        self._s3 = s3
        self._states = states
        self._bucket = bucket
        self._key = f"{manifests_prefix.strip('/')}/claim.json"

    def acquire(self, execution: str) -> str | None:
        """Acquire the lock for an execution (an ARN), which may hold it already.

        Returns None where it holds it now, else the execution that does and still runs. Raises StateUnreadable where
        the object is none, StorageUnavailable where every write comes beside another one.
        """
        # Whoever loses a write looks again. Each loss is another's gain: it is not lost often.
        for _ in range(_LOOKS):
            held = self._read()
            if held is not None and held.execution == execution:
                return None
            if held is not None and self._is_running(held):
                return held.execution
            if self._write(execution, held):
                return None
        raise StorageUnavailable(f"S3 took no write of {self._key}: each came beside another one. Retryable.")

    def _read(self) -> _Held | None:
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=self._key)
        except self._s3.exceptions.NoSuchKey:
            return None
        with answer["Body"] as body:
            execution = parsed(body.read(), f"s3://{self._bucket}/{self._key}", LOCK)["execution"]
        return _Held(execution, answer["ETag"], (datetime.now(UTC) - answer["LastModified"]).total_seconds())

    def _is_running(self, held: _Held) -> bool:
        try:
            return self._states.describe_execution(executionArn=held.execution)["status"] in _RUNNING
        except self._states.exceptions.ExecutionDoesNotExist:
            return held.seconds < UNKNOWN_SECONDS

    def _write(self, execution: str, held: _Held | None) -> bool:
        """Write the object where nothing came between; whether that was so."""
        body = json.dumps({"execution": execution, "taken_at": datetime.now(UTC).isoformat()}).encode()
        put = partial(self._s3.put_object, Bucket=self._bucket, Key=self._key, Body=body)
        try:
            if held is None:
                put(IfNoneMatch="*")
            else:
                put(IfMatch=held.etag)
        except ClientError as error:
            if error.response["Error"]["Code"] in _LOST:
                return False
            raise
        return True
