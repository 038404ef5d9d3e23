"""Parsing of requests: signer, operation, parameters."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from local_aws.iam.resources import UnsupportedActionError

_FUNCTION = re.compile(r"/2015-03-31/functions/(?P<name>[^/]+)(?P<rest>/.*)?$")
_FUNCTION_CALLS = {
    ("POST", "/invocations"): "Invoke",
    ("GET", ""): "GetFunction",
    ("GET", "/configuration"): "GetFunctionConfiguration",
}
_TRACE_CALLS = {
    "/TraceSegments": "PutTraceSegments",
    "/TelemetryRecords": "PutTelemetryRecords",
    "/GetSamplingRules": "GetSamplingRules",
    "/SamplingTargets": "GetSamplingTargets",
}


def credential(environ: Mapping[str, Any]) -> tuple[str, str, str]:
    """Access key, region and service of a request's signature; empty for an unsigned request."""
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
    """Read the request's body and put it back for moto."""
    length = environ.get("CONTENT_LENGTH")
    if not length and "HTTP_TRANSFER_ENCODING" not in environ:
        return b""  # a GET has none, and reading would wait for the end of the connection
    body: bytes = environ["wsgi.input"].read(int(length)) if length else environ["wsgi.input"].read()
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return body


@dataclass(frozen=True)
class S3Request:
    """A request to S3; `headers` has lower-case names, `body` is only read for a list of objects to delete."""

    method: str
    bucket: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str


def s3_request(environ: dict[str, Any]) -> S3Request:
    """Parse a request to S3. Raises UnsupportedActionError if the bucket is in the host name."""
    host = environ.get("HTTP_HOST", "").split(":")[0]
    if not host.replace(".", "").isdigit() and host != "localhost":
        raise UnsupportedActionError(f"a bucket as part of the host name {host}: use path-style addresses")
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ["PATH_INFO"]
    bucket, _, key = unquote(raw.partition("?")[0]).lstrip("/").partition("/")
    method = environ["REQUEST_METHOD"]
    is_deletion = method == "POST" and "delete" in query
    body = _body(environ).decode("utf-8", "replace") if is_deletion else ""
    return S3Request(method, bucket, key, query, _headers(environ), body)


def call_of(environ: dict[str, Any], service: str) -> tuple[str, Mapping[str, Any]]:
    """Parse operation and parameters of a request to a service other than S3."""
    body = _body(environ)
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return target.rsplit(".", 1)[-1], json.loads(body or b"{}")
    query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    if service == "lambda":
        match = _FUNCTION.search(environ["PATH_INFO"])
        operation = _FUNCTION_CALLS.get((environ["REQUEST_METHOD"], match["rest"] or "")) if match else None
        if match is None or operation is None:
            raise UnsupportedActionError
        return operation, {**query, "FunctionName": unquote(match["name"])}
    if service == "xray":
        if environ["PATH_INFO"] not in _TRACE_CALLS:
            raise UnsupportedActionError
        return _TRACE_CALLS[environ["PATH_INFO"]], {}
    given = dict(parse_qsl(body.decode())) or query
    if "Action" not in given:
        raise UnsupportedActionError
    return given["Action"], given
