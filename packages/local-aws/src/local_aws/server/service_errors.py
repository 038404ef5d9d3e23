"""The local AWS's own errors in the format of the called service, so that clients show code and message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

from local_aws.iam.requests import credential

_DRAINED = 1 << 20  # bytes
_JSON_OVER_REST = ("lambda", "scheduler", "xray")
"""Supported services whose JSON protocol has no header X-Amz-Target."""


def service_error(
    environ: Mapping[str, Any], status: int, code: str, message: str, protocol: str | None = None
) -> Response:
    """The error response to a request; the rest of a small request's body is read first.

    It is JSON for services with a JSON protocol, else XML, for S3 without a wrapper element. `protocol` is that of the
    service's model (`rest-json`), if the caller knows it.
    """
    _, _, service = credential(environ)
    if environ.get("HTTP_X_AMZ_TARGET") or service in _JSON_OVER_REST or protocol in ("json", "rest-json"):
        body = json.dumps({"__type": code, "message": message, "Message": message})
        response = Response(body, status, {"x-amzn-errortype": code}, "application/x-amz-json-1.1")
    else:
        reported = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
        bare = service == "s3" or (not service and protocol in (None, "rest-xml"))
        body = reported if bare else f"<ErrorResponse>{reported}</ErrorResponse>"
        if protocol == "ec2":
            body = f"<Response><Errors>{reported}</Errors></Response>"
        response = Response(body, status, mimetype="application/xml")
    # A client reads the response only after it has sent the request. A longer body is cut off.
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if 0 < length <= _DRAINED:
        environ["wsgi.input"].read(length)
    elif length or "HTTP_TRANSFER_ENCODING" in environ:
        response.headers["Connection"] = "close"
    return response
