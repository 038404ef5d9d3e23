"""What Trino reaches of the local AWS: the catalog, and objects for reading, with the rights of each query's caller.

Trino has no other address and no credentials of AWS. It asks this server, on a port of its own of the loopback
interface, for four things: Glue's tables; S3's objects; by STS, keys under which S3's requests tell the caller; and,
as it would ask Open Policy Agent, whether the caller may do an operation. Glue and S3 are passed on to the local AWS.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

import urllib3
from werkzeug.serving import WSGIRequestHandler, make_server

from local_aws.athena.errors import QueryFailedError
from local_aws.athena.permissions import Caller
from local_aws.athena.trino.callers import Callers, check
from local_aws.athena.trino.glue_answers import NOTHING, READS, for_trino
from local_aws.core.listening import HOST, listen
from local_aws.core.world import ADMINISTRATOR

_POLL = 0.05
_CHUNK = 1 << 20
_SIGNED = (
    f"AWS4-HMAC-SHA256 Credential={ADMINISTRATOR['AWS_ACCESS_KEY_ID']}/20260101/%s/%s/aws4_request, "
    "SignedHeaders=host, Signature=none"
)
"""The local AWS looks at the key of a signature only: who may do what has been checked here."""

Answer = tuple[int, dict[str, str], Iterable[bytes]]


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's interface
        """Say nothing."""


class Gateway:
    """The server. `key` is the access key of Trino's requests to Glue."""

    def __init__(self, endpoint: str, callers: Callers) -> None:
        self.key = secrets.token_hex(12)
        self._endpoint = endpoint
        self._callers = callers
        self._pool = urllib3.PoolManager(maxsize=16, retries=False)
        self._listener = listen(0)
        port = self._listener.getsockname()[1]
        self.address = f"http://{HOST}:{port}"
        self._hosts = (f"{HOST}:{port}", f"localhost:{port}")
        self._server = make_server(
            HOST, port, self._serve, threaded=True, request_handler=_Handler, fd=self._listener.fileno()
        )
        threading.Thread(target=self._server.serve_forever, args=(_POLL,), name="Trino's gateway", daemon=True).start()

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()
        self._listener.close()
        self._pool.clear()

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body: bytes = environ["wsgi.input"].read(length) if length else b""
        status, headers, answer = self._answer(environ, body)
        start_response(f"{status} -", list(headers.items()))
        return answer

    def _answer(self, environ: dict[str, Any], body: bytes) -> Answer:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        # A page in a browser may have this machine's address under another name.
        if environ.get("HTTP_HOST") not in self._hosts or "HTTP_ORIGIN" in environ:
            return _refused("this is Trino's gateway")
        if method == "POST" and path in ("/allow", "/batch"):
            return self._decide(json.loads(body)["input"], batch=path == "/batch")
        if method == "POST" and path == "/" and "HTTP_X_AMZ_TARGET" in environ:
            return self._glue(environ, body)
        if method == "POST" and path == "/":
            return self._assume(parse_qs(body.decode()))
        if method in ("GET", "HEAD"):
            return self._s3(environ)
        return _refused(f"{method} {path} is not for Trino, which reads only")

    def _decide(self, asked: dict[str, Any], *, batch: bool) -> Answer:
        """Answer Open Policy Agent's questions: the operation, or each of a list of resources, is allowed or not."""
        user, action = asked["context"]["identity"]["user"], asked["action"]
        if batch:
            resources = action.get("filterResources") or []
            if action["operation"] == "FilterColumns" and resources:
                # One table, and the answer has the places of its columns.
                (of_table,) = resources
                allowed = self._may(user, action, of_table)
                return _json({"result": list(range(len(of_table["table"]["columns"]))) if allowed else []})
            return _json({"result": [place for place, each in enumerate(resources) if self._may(user, action, each)]})
        denied = self._denial(user, action, action.get("resource") or {})
        if denied is not None:
            self._callers.deny(user, denied)
        return _json({"result": denied is None})

    def _may(self, user: str, action: dict[str, Any], resource: dict[str, Any]) -> bool:
        return self._denial(user, action, resource) is None

    def _denial(self, user: str, action: dict[str, Any], resource: dict[str, Any]) -> QueryFailedError | None:
        caller = self._callers.find(user)
        if caller is None:
            return QueryFailedError("PERMISSION_DENIED", f"{user} is not a caller of the local Athena")
        try:
            check(caller, action["operation"], resource, self._callers.region)
        except QueryFailedError as denied:
            return denied
        return None

    def _assume(self, asked: dict[str, list[str]]) -> Answer:
        """The keys of a caller: Trino assumes a role in a session with the user's name."""
        user = asked.get("RoleSessionName", [""])[0]
        if self._callers.find(user) is None:
            return _refused("no such caller")
        return 200, {"Content-Type": "text/xml"}, [_KEYS.format(user=user).encode()]

    def _glue(self, environ: dict[str, Any], body: bytes) -> Answer:
        operation = environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2]
        if _access_key(environ) != self.key:
            return _refused("not Trino's key")
        if operation in NOTHING:
            return _json(NOTHING[operation])
        if operation not in READS:
            message = f"{operation} is not for Trino, which reads only"
            return _json({"__type": "AccessDeniedException", "Message": message}, 400)
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"AWSGlue.{operation}",
            "Authorization": _SIGNED % (self._callers.region, "glue"),
        }
        asked = json.loads(body)
        answer = self._pool.request("POST", f"{self._endpoint}/", body=json.dumps(asked), headers=headers)
        status, found = for_trino(operation, asked, answer.status, answer.json())
        return _json(found, status)

    def _s3(self, environ: dict[str, Any]) -> Answer:
        user = _access_key(environ)
        caller = self._callers.find(user)
        if caller is None:
            return _s3_refused("no such caller")
        raw = environ.get("RAW_URI") or environ["REQUEST_URI"]
        try:
            _check_object(caller, raw)
        except QueryFailedError as denied:
            self._callers.deny(user, denied)
            return _s3_refused(denied.message)
        headers = {"Authorization": _SIGNED % (self._callers.region, "s3")}
        headers |= {
            name: environ[key]
            for name, key in (("Range", "HTTP_RANGE"), ("If-Match", "HTTP_IF_MATCH"))
            if key in environ
        }
        answer = self._pool.request(
            environ["REQUEST_METHOD"], self._endpoint + raw, headers=headers, preload_content=False
        )
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
        return answer.status, kept, _content(answer)


_HOP_BY_HOP = ("connection", "transfer-encoding", "server", "date")


def _check_object(caller: Caller, raw: str) -> None:
    """Check a request to S3: a listing, or one object. Raises QueryFailedError (PERMISSION_DENIED)."""
    path, _, query = raw.partition("?")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    if key:
        caller.may_read(f"s3://{bucket}/{key}")
    else:
        prefix = parse_qs(query).get("prefix", [""])[0]
        caller.may_list(f"s3://{bucket}/{prefix}")


def _content(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    try:
        yield from answer.stream(_CHUNK)
    finally:
        answer.release_conn()


def _access_key(environ: dict[str, Any]) -> str:
    _, _, scope = str(environ.get("HTTP_AUTHORIZATION", "")).partition("Credential=")
    return scope.partition("/")[0]


def _json(content: Any, status: int = 200) -> Answer:
    encoded = json.dumps(content).encode()
    return status, {"Content-Type": "application/json", "Content-Length": str(len(encoded))}, [encoded]


def _refused(why: str) -> Answer:
    return _json({"__type": "AccessDeniedException", "Message": why}, 403)


def _s3_refused(why: str) -> Answer:
    body = f"<Error><Code>AccessDenied</Code><Message>{escape(why)}</Message></Error>".encode()
    return 403, {"Content-Type": "application/xml", "Content-Length": str(len(body))}, [body]


_KEYS = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>{user}</AccessKeyId><SecretAccessKey>none</SecretAccessKey><SessionToken>none</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
