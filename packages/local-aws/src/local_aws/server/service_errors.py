"""Errors of the local AWS's own in the shape of the service that was asked, so that any client shows code and text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

from local_aws.iam.requests import credential

_DRAINED = 1 << 20  # bytes
_JSON_OVER_REST = ("lambda", "scheduler", "xray")
"""Services whose JSON protocol has no header X-Amz-Target, of those that are known here."""


def service_error(environ: Mapping[str, Any], status: int, code: str, message: str) -> Response:
    """The answer to a request that is not carried out; reads off what is left of a small request's body first.

    JSON for the services of the JSON protocols, else XML, S3's without a frame around the error.
    """
    _, _, service = credential(environ)
    if environ.get("HTTP_X_AMZ_TARGET") or service in _JSON_OVER_REST:
        body = json.dumps({"__type": code, "message": message, "Message": message})
        response = Response(body, status, {"x-amzn-errortype": code}, "application/x-amz-json-1.1")
    else:
        told = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
        body = told if service in ("", "s3") else f"<ErrorResponse>{told}</ErrorResponse>"
        response = Response(body, status, mimetype="application/xml")
    # A client looks for the answer only once it has sent all. What is longer is cut off.
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if 0 < length <= _DRAINED:
        environ["wsgi.input"].read(length)
    elif length or "HTTP_TRANSFER_ENCODING" in environ:
        response.headers["Connection"] = "close"
    return response
