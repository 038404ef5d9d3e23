"""Fault injection: any request to the local AWS can be refused, cut off or delayed, or trigger a callback.

A test starts a fault with `faults.inject(Fault(...))`; `faults.clear()` ends all faults. `faults.watch()` records
requests, so that a test can count the requests of a good run and then let each of them fail.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from xml.sax.saxutils import escape

from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from local_aws.core.patching import replace
from local_aws.core.world import World
from local_aws.iam.callers import caller
from local_aws.iam.requests import call_of, credential, s3_request
from local_aws.iam.resources import UnsupportedActionError

WRITES = (
    *("PutObject", "CopyObject", "DeleteObject", "DeleteObjects"),
    *("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"),
)
"""The S3 operations that change a bucket."""

Cut = Literal["before", "amid", "after"]


@dataclass(frozen=True)
class Call:
    """A request: `role` is the name of the role that signed it, empty for an administrator; `key` is for S3 only."""

    service: str
    operation: str
    key: str
    role: str


@dataclass
class Fault:
    """A fault, and the requests that it affects: matching ones after the first `skip`, `times` times.

    `service`, `operation` (one or several), `key` and `role` are regular expressions for the whole text, except that
    `role` may match any part. What happens, in this order: `delay` seconds pass; `call` is called with the request (to
    kill a process, say; with `cut` after, once it was carried out); then the connection is `cut` before the request is
    carried out, amid the answer, or after the request was carried out and before any answer; or the answer is
    `status` with AWS's error `code`. Without `cut` and `status` the request is carried out.
    """

    service: str = ".*"
    operation: str | Iterable[str] = ".*"
    key: str = ".*"
    role: str = ""
    skip: int = 0
    times: float = 1
    status: int | None = None
    code: str = "InternalError"
    cut: Cut | None = None
    delay: float = 0.0
    call: Callable[[Call], object] | None = None
    hits: list[Call] = field(default_factory=list)

    def matches(self, call: Call) -> bool:
        """Whether the request matches."""
        operations = self.operation if isinstance(self.operation, str) else "|".join(self.operation)
        return bool(
            re.fullmatch(self.service, call.service)
            and re.fullmatch(operations, call.operation)
            and re.fullmatch(self.key, call.key)
            and re.search(self.role, call.role)
        )


_lock = threading.Lock()
_faults: list[Fault] = []
_watchers: list[list[Call]] = []
_inner: Callable[..., Any] = DomainDispatcherApplication.__call__


def inject(*faults: Fault) -> Fault:
    """Start faults; the first matching fault affects a request. Returns the last fault."""
    with _lock:
        _faults.extend(faults)
    return faults[-1]


def clear() -> None:
    """End all faults."""
    with _lock:
        _faults.clear()


@contextlib.contextmanager
def watch(service: str = ".*") -> Iterator[list[Call]]:
    """Yield a list of the requests to `service` (a regular expression), which grows inside the context."""
    calls: list[Call] = []
    with _lock:
        _watchers.append(calls)
    try:
        yield calls
    finally:
        with _lock:
            _watchers[:] = [one for one in _watchers if one is not calls]
        calls[:] = [call for call in calls if re.fullmatch(service, call.service)]


def install(world: World) -> None:  # noqa: ARG001 - every module is installed with the world
    """Install fault injection in front of all services; it must be installed last."""
    global _inner
    clear()
    current = DomainDispatcherApplication.__call__
    if current is not _dispatch:
        _inner = current
    replace(DomainDispatcherApplication, __call__=_dispatch)


def _dispatch(self: DomainDispatcherApplication, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    if not _faults and not _watchers:
        return _inner(self, environ, start_response)
    call = _call(environ)
    fault = _due(call)
    if fault is None:
        return _inner(self, environ, start_response)
    time.sleep(fault.delay)
    if fault.call is not None and fault.cut != "after":
        fault.call(call)
    if fault.cut == "before":
        _hang_up(environ)
    if fault.status is not None:
        return _refusal(environ, call, fault.status, fault.code, start_response)
    answer = _inner(self, environ, start_response)
    if fault.cut == "after":
        if fault.call is not None:
            fault.call(call)
        _hang_up(environ)
    return _half(answer, environ) if fault.cut == "amid" else answer


def _due(call: Call) -> Fault | None:
    with _lock:
        for watcher in _watchers:
            watcher.append(call)
        for fault in _faults:
            if not fault.matches(call):
                continue
            fault.hits.append(call)
            if fault.skip < len(fault.hits) <= fault.skip + fault.times:
                return fault
    return None


def _call(environ: dict[str, Any]) -> Call:
    access_key, _, service = credential(environ)
    session = caller(access_key) if access_key else None
    role = session.role_arn.rpartition("/")[2] if session is not None else ""
    try:
        if service == "s3":
            request = s3_request(environ)
            operation = _s3_operation(request.method, request.key, request.query, request.headers)
            return Call(service, operation, request.key, role)
        return Call(service, call_of(environ, service)[0], "", role)
    except UnsupportedActionError:
        return Call(service, environ["REQUEST_METHOD"], "", role)


def _s3_operation(method: str, key: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """S3's operation of a request if known, else the HTTP method."""
    if not key:
        listing = {"GET": "ListObjectVersions" if "versions" in query else "ListObjects", "HEAD": "HeadBucket"}
        return "DeleteObjects" if method == "POST" and "delete" in query else listing.get(method, method)
    if method == "POST":
        return "CreateMultipartUpload" if "uploads" in query else "CompleteMultipartUpload"
    if "uploadId" in query:
        return {"PUT": "UploadPart", "DELETE": "AbortMultipartUpload"}.get(method, method)
    if method == "PUT" and "x-amz-copy-source" in headers:
        return "CopyObject"
    return {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}.get(method, method)


def _hang_up(environ: Mapping[str, Any]) -> None:
    """Close the connection without a response."""
    connection: socket.socket = environ["werkzeug.socket"]
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("a fault that a test asked for")


def _half(answer: Iterable[bytes], environ: Mapping[str, Any]) -> Iterator[bytes]:
    body = b"".join(answer)
    yield body[: len(body) // 2]
    _hang_up(environ)


def _refusal(
    environ: dict[str, Any], call: Call, status: int, code: str, start_response: Callable[..., Any]
) -> list[bytes]:
    """An error in the service's format: XML for S3 and services with the query protocol, else JSON."""
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left > 0 and (part := environ["wsgi.input"].read(min(left, 1 << 20))):
        left -= len(part)  # the client reads the response only after it has sent the request
    message = f"a fault that a test asked for, at {call.service}:{call.operation} {call.key}".rstrip()
    headers = [("x-amzn-RequestId", "fault")]
    if environ.get("HTTP_X_AMZ_TARGET") or call.service == "lambda":
        kind, body = "application/x-amz-json-1.1", json.dumps({"__type": code, "message": message, "Message": message})
        headers.append(("x-amzn-errortype", code))
    else:
        reported = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
        kind, body = (
            "application/xml",
            reported if call.service == "s3" else f"<ErrorResponse>{reported}</ErrorResponse>",
        )
    content = b"" if environ["REQUEST_METHOD"] == "HEAD" else body.encode()
    start_response(f"{status} Fault", [*headers, ("Content-Type", kind), ("Content-Length", str(len(content)))])
    return [content]
