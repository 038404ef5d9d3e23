"""Requests judged as on AWS: what a role's policies do not allow is denied, in the words of the service.

Requests signed with a role's credentials are judged before moto sees them. Any others are an administrator's.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.s3.models import s3_backends
from moto.sts.models import AssumedRole

from local_aws.iam import s3
from local_aws.iam.callers import AccessDeniedError, authorize, caller, forget_used, require, used
from local_aws.iam.resources import UnjudgedError, touched
from local_aws.replacing import replace
from local_aws.world import ACCOUNT, World

__all__ = ["AccessDeniedError", "authorize", "caller", "install", "used"]

_application = DomainDispatcherApplication.__call__
_FUNCTION = re.compile(r"/2015-03-31/functions/(?P<name>[^/]+)(?P<rest>/.*)?$")
_FUNCTION_CALLS = {
    ("POST", "/invocations"): "Invoke",
    ("GET", ""): "GetFunction",
    ("GET", "/configuration"): "GetFunctionConfiguration",
}


def _credential(environ: Mapping[str, Any]) -> tuple[str, str, str]:
    """Access key, region and service that a request is signed with; empty where it is not."""
    query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    scope = query.get("X-Amz-Credential", "")
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    if "Credential=" in authorization:
        scope = authorization.split("Credential=")[1].split(",")[0]
    elif authorization.startswith("AWS "):  # signature version 2, S3 only
        return authorization[4:].split(":")[0], "", "s3"
    key, _, rest = scope.partition("/")
    parts = rest.split("/")
    return (key, parts[1], parts[2]) if len(parts) > 2 else (key, "", "")


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    headers = {k[5:].lower().replace("_", "-"): v for k, v in environ.items() if k.startswith("HTTP_")}
    return {**headers, "content-type": environ.get("CONTENT_TYPE", "")}


def _body(environ: dict[str, Any]) -> bytes:
    """The request's body, put back for moto."""
    length = environ.get("CONTENT_LENGTH")
    body: bytes = environ["wsgi.input"].read(int(length)) if length else environ["wsgi.input"].read()
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return body


def _of_s3(environ: dict[str, Any]) -> list[s3.Permission]:
    host = environ.get("HTTP_HOST", "").split(":")[0]
    if not host.replace(".", "").isdigit() and host != "localhost":
        raise UnjudgedError(f"a bucket as part of the host name {host}: use path-style addresses")
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ["PATH_INFO"]
    bucket, _, key = unquote(raw.partition("?")[0]).lstrip("/").partition("/")
    is_deletion = environ["REQUEST_METHOD"] == "POST" and "delete" in query
    body = _body(environ).decode("utf-8", "replace") if is_deletion else ""
    return s3.permissions(environ["REQUEST_METHOD"], bucket, key, query, _headers(environ), body)


def _call(environ: dict[str, Any], service: str) -> tuple[str, Mapping[str, Any]]:
    """The operation and the parameters of a request to a service other than S3."""
    body = _body(environ)
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return target.rsplit(".", 1)[-1], json.loads(body or b"{}")
    query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    if service == "lambda":
        match = _FUNCTION.search(environ["PATH_INFO"])
        operation = _FUNCTION_CALLS.get((environ["REQUEST_METHOD"], match["rest"] or "")) if match else None
        if match is None or operation is None:
            raise UnjudgedError
        return operation, {**query, "FunctionName": unquote(match["name"])}
    given = dict(parse_qsl(body.decode())) or query
    if "Action" not in given:
        raise UnjudgedError
    return given["Action"], given


def _judge(environ: dict[str, Any], session: AssumedRole, region: str, service: str) -> None:
    if environ.get("HTTP_X_AMZ_SECURITY_TOKEN", session.session_token) != session.session_token:
        raise AccessDeniedError("The security token included in the request is invalid")
    what = f"{service}: {environ['REQUEST_METHOD']} {environ.get('PATH_INFO')}"
    try:
        if service == "s3":
            needed = _of_s3(environ)
            for permission in needed:
                require(session, permission.action, permission.resource, permission.context)
            _hide_missing(session, needed)
            return
        operation, given = _call(environ, service)
        what = f"{service}:{operation}"
        if what == "sts:GetCallerIdentity":
            return
        action, resources = touched(service, operation, given, region)
        for resource in resources:
            require(session, action, resource, {})
    except UnjudgedError as unknown:
        why = f" ({unknown})" if str(unknown) else ""
        raise AccessDeniedError(
            f"User: {session.arn} is not authorized to perform: {what}. "
            f"The local AWS does not know what this needs, so it is denied to every role{why}"
        ) from unknown


def _hide_missing(session: AssumedRole, needed: list[s3.Permission]) -> None:
    """S3 tells that a key is missing only to those who may list the bucket."""
    for permission in needed:
        if permission.action != "s3:GetObject":
            continue
        bucket, _, key = permission.resource.removeprefix("arn:aws:s3:::").partition("/")
        kept = s3_backends[ACCOUNT]["aws"].buckets.get(bucket)
        if kept is not None and kept.keys.get(key) is None:
            require(session, "s3:ListBucket", f"arn:aws:s3:::{bucket}", {})


def _refusal(environ: Mapping[str, Any], service: str, message: str) -> tuple[str, str, bytes]:
    """Status, content type and body with which a service denies."""
    if service == "s3":
        told = f"<Error><Code>AccessDenied</Code><Message>{escape(message)}</Message></Error>"
        body = "" if environ["REQUEST_METHOD"] == "HEAD" else f"<?xml version='1.0' encoding='UTF-8'?>\n{told}"
        return "403 Forbidden", "application/xml", body.encode()
    if environ.get("HTTP_X_AMZ_TARGET") or service == "lambda":
        answer = {"__type": "AccessDeniedException", "Message": message, "message": message}
        status = "403 Forbidden" if service == "lambda" else "400 Bad Request"
        return status, "application/x-amz-json-1.1", json.dumps(answer).encode()
    code = "AuthorizationError" if service == "sns" else "AccessDenied"
    body = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        "<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
    )
    return "403 Forbidden", "text/xml", body.encode()


def _drain(environ: Mapping[str, Any]) -> None:
    """Read what the client still sends: it looks for the answer only afterwards."""
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left > 0 and (part := environ["wsgi.input"].read(min(left, 1 << 20))):
        left -= len(part)


def dispatch(self: DomainDispatcherApplication, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """Answer a request, or deny it."""
    access_key, region, service = _credential(environ)
    session = caller(access_key) if access_key else None
    if session is not None:
        try:
            _judge(environ, session, region, service)
        except AccessDeniedError as denied:
            _drain(environ)
            status, kind, body = _refusal(environ, service, str(denied))
            # Clients look for the request's id in every answer.
            headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("x-amzn-RequestId", "refused")]
            if service == "lambda":
                headers.append(("x-amzn-errortype", "AccessDeniedException"))
            start_response(status, headers)
            return [body]
    return _application(self, environ, start_response)


def install(world: World) -> None:  # noqa: ARG001 - every module is installed with the world
    """Judge the requests of roles from now on; forget what was used before."""
    forget_used()
    replace(DomainDispatcherApplication, __call__=dispatch)
