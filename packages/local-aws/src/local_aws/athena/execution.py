"""The life of one query execution: queued, running, then succeeded, failed or cancelled; its files in S3."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_aws.athena.catalog import Catalog
from local_aws.athena.classification import classify
from local_aws.athena.ddl import run_statement
from local_aws.athena.engine import Engine, Question, Session
from local_aws.athena.errors import CANCELLED_WORDS, QueryCancelledError, QueryFailedError
from local_aws.athena.files import s3, split_location
from local_aws.athena.permissions import Caller
from local_aws.athena.prepared_statements import Prepared
from local_aws.athena.result_metadata import encode
from local_aws.athena.results import Column, read_page
from local_aws.athena.statements import StatementResult

_RUNNING_AT_ONCE = threading.BoundedSemaphore(8)
_ALGORITHMS = {"SSE_KMS": "aws:kms", "SSE_S3": "AES256"}
"""A workgroup's encryption options to S3's names of them."""
TIME_LIMIT = 30 * 60.0
"""The time limit of a query in seconds: Athena's default quota "DML query timeout" (Service Quotas, 2026-11)."""
RESULT_BYTES = 1 << 30
"""The largest result: an object is written from memory."""


@dataclass(eq=False)
class Execution:
    """A query's request and its state. Times are seconds since the epoch.

    `text` is the statement that runs: for EXECUTE the prepared one, with `parameters` for its `?`.
    """

    query: str
    database: str
    context: dict[str, str]
    workgroup: Any
    configuration: dict[str, Any]
    prepared: Prepared
    cutoff: int | None
    engine: Engine
    caller: Caller
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "QUEUED"
    reason: str | None = None
    error: dict[str, Any] | None = None
    submitted: float = field(default_factory=time.time)
    started: float | None = None
    completed: float | None = None
    scanned: int = 0
    columns: Sequence[Column] = ()
    rows: list[list[str | None]] | None = None
    manifest: str | None = None
    substatement: str | None = None
    _session: Session | None = None
    _thread: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.text, self.parameters = self.prepared.sql or self.query, self.prepared.parameters
        self.classified = classify(self.text)
        self.results = self.configuration["OutputLocation"].rstrip("/") + "/"
        self.configuration["OutputLocation"] = self.results + self.classified.place.format(id=self.id)

    @property
    def is_query(self) -> bool:
        """Whether the result is a CSV file with a header; other statements have plain text."""
        return self.classified.is_query

    @property
    def _file(self) -> Path:
        return self.engine.folder / "results" / f"{self.id}.csv"

    def start(self) -> None:
        """Run in a separate thread."""
        self._thread = threading.Thread(target=self._run, name=f"athena-{self.id}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Cancel the query unless it has ended."""
        self._break_off("CANCELLED", CANCELLED_WORDS)

    def _time_out(self) -> None:
        words = f"EXCEEDED_TIME_LIMIT: Query exceeded the maximum execution time limit of {TIME_LIMIT:.0f} s"
        self._break_off("FAILED", words, _user_error(words))

    def _break_off(self, *ended: Any) -> None:
        with self._lock:
            if self.completed is None:
                self._end(*ended)
                if self._session is not None:
                    self._session.interrupt()

    def finish(self) -> None:
        """Stop the query and wait until its thread has left the engine."""
        self.stop()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _end(self, status: str, reason: str | None = None, error: dict[str, Any] | None = None) -> None:
        # The state last, as others read it first.
        self.reason, self.error, self.completed = reason, error, time.time()
        self.status = status

    def _run(self) -> None:
        with _RUNNING_AT_ONCE:
            with self._lock:
                if self.completed is not None:
                    return
                self.status, self.started = "RUNNING", time.time()
            limit = threading.Timer(TIME_LIMIT, self._time_out)
            limit.daemon = True
            limit.start()
            try:
                self._work()
                ended: tuple[Any, ...] = ("SUCCEEDED",)
            except QueryCancelledError as cancelled:
                self.scanned = cancelled.scanned
                ended = ("CANCELLED", str(cancelled))
            except QueryFailedError as failed:
                ended = ("FAILED", str(failed), _error_of(failed))
            except Exception as broken:  # noqa: BLE001 - a query must end, whatever happens
                words = (
                    f"GENERIC_INTERNAL_ERROR: the local Athena failed on this query: {type(broken).__name__}: {broken}"
                )
                ended = ("FAILED", words, {**_user_error(words), "ErrorCategory": 1, "ErrorType": 0})
            finally:
                limit.cancel()
            with self._lock:
                if self.completed is None:
                    self._end(*ended)

    def _work(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self.engine.connect() as session:
            with self._lock:
                self._session = session
            try:
                self.caller.may_use_catalog(self.database)
                catalog = Catalog(self.engine.region, self.caller)
                if self.prepared.sql is None:
                    self.prepared.run()
                    self._keep_text(StatementResult())
                elif self.is_query:
                    self._select(session, catalog)
                else:
                    question = Question(self.text, self.database, catalog, self.parameters)
                    made = run_statement(question, self.engine, session, f"{self.results}tables/{self.id}/")
                    self.scanned, self.substatement = made.scanned, made.substatement
                    self._keep_text(made)
            finally:
                with self._lock:
                    self._session = None

    def _select(self, session: Session, catalog: Catalog) -> None:
        question = Question(self.text, self.database, catalog, self.parameters)
        answer = session.select(question, self._file, self.cutoff)
        self.columns, self.scanned = answer.columns, answer.scanned
        if self._file.stat().st_size > RESULT_BYTES:
            raise too_large()
        self._put(self.configuration["OutputLocation"], self._file.read_bytes())
        self._put_metadata()

    def _keep_text(self, result: StatementResult) -> None:
        self.columns, self.rows = result.columns, result.rows
        location = self.configuration["OutputLocation"]
        if result.written is not None:
            self.manifest = f"{location}-manifest.csv"
            self._put(self.manifest, "".join(f"{uri}\n" for uri in result.written).encode())
        if location.endswith(".txt"):
            # No newline at the end, as Athena writes it; only a plan has one (docs/clients.md).
            text = "\n".join("\t".join(value or "" for value in row) for row in result.rows)
            self._put(location, (text + "\n" * result.is_plan).encode())
        if self.columns:
            self._put_metadata()

    def _put_metadata(self) -> None:
        content = encode(self.id, [column.info() for column in self.columns])
        self._put(self.configuration["OutputLocation"] + ".metadata", content)

    def _put(self, location: str, content: bytes) -> None:
        encryption = self.configuration.get("EncryptionConfiguration") or {}
        algorithm = _ALGORITHMS.get(encryption.get("EncryptionOption", ""))
        self.caller.may_write(location, encryption.get("KmsKey") if algorithm == "aws:kms" else None)
        bucket, name = split_location(location)
        s3(self.engine.region).put_object(
            bucket, name, content, encryption=algorithm, kms_key_id=encryption.get("KmsKey")
        )

    def check_reader(self, reader: Caller) -> None:
        """Check that the caller may read the result from S3. Raises QueryFailedError."""
        reader.may_read(self.configuration["OutputLocation"])

    def page(self, token: str | None, limit: int) -> tuple[list[list[str | None]], str | None]:
        """Up to `limit` rows of a succeeded query from a NextToken on; the first row of a SELECT is its header."""
        offset = int(token or 0)
        if self.rows is not None:
            rows, end = self.rows[offset : offset + limit], offset + limit
            return rows, str(end) if end < len(self.rows) else None
        rows, following = read_page(self._file, offset, limit)
        return rows, None if following is None else str(following)

    def describe(self) -> dict[str, Any]:
        """The QueryExecution of the API."""
        ended = self.completed or time.time()
        queued = (self.started or ended) - self.submitted
        running = max(ended - self.started, 0.001) if self.started else 0.0
        status = {
            "State": self.status,
            "StateChangeReason": self.reason,
            "SubmissionDateTime": self.submitted,
            "CompletionDateTime": self.completed,
            "AthenaError": self.error,
        }
        described: dict[str, Any] = {
            "QueryExecutionId": self.id,
            "Query": self.query,
            "StatementType": self.classified.kind,
            "SubstatementType": self.substatement or self.classified.substatement,
            "ResultConfiguration": self.configuration,
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": self.context,
            "Status": {name: value for name, value in status.items() if value is not None},
            "Statistics": {
                "EngineExecutionTimeInMillis": round(running * 1000),
                "DataScannedInBytes": self.scanned,
                "TotalExecutionTimeInMillis": round((queued + running) * 1000),
                "QueryQueueTimeInMillis": round(queued * 1000),
                "ServicePreProcessingTimeInMillis": 0,
                "QueryPlanningTimeInMillis": 0,
                "ServiceProcessingTimeInMillis": 0,
                "ResultReuseInformation": {"ReusedPreviousResult": False},
            },
            "WorkGroup": self.workgroup.name,
            "EngineVersion": {
                "SelectedEngineVersion": "AUTO",
                "EffectiveEngineVersion": "Athena engine version 3",
            },
        }
        if self.manifest:
            described["Statistics"]["DataManifestLocation"] = self.manifest
        if self.parameters:
            described["ExecutionParameters"] = list(self.parameters)
        return described


def too_large() -> QueryFailedError:
    """The error of a result above the limit."""
    words = f"The result exceeds the local Athena's limit of {RESULT_BYTES} bytes. Select less."
    return QueryFailedError("EXCEEDED_LOCAL_RESULT_LIMIT", words)


def _error_of(failed: QueryFailedError) -> dict[str, Any]:
    error = _user_error(str(failed))
    if failed.name == "GENERIC_INTERNAL_ERROR":
        # "Query engine had an internal error" (Athena's user guide, "Athena error catalog", 2026-11).
        error |= {"ErrorCategory": 1, "ErrorType": 200, "Retryable": True}
    return error


def _user_error(message: str) -> dict[str, Any]:
    return {"ErrorCategory": 2, "ErrorType": 1006, "Retryable": False, "ErrorMessage": message}
