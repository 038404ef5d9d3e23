"""Authorization of requests: actions that a role's policies do not allow are denied, with the service's error.

Requests signed with a role's credentials are authorized before moto gets them. All others are an administrator's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.s3.models import s3_backends
from moto.sts.models import AssumedRole

from local_aws.core.patching import replace
from local_aws.core.world import ACCOUNT, World
from local_aws.iam import encryption, record, s3
from local_aws.iam.callers import AccessDeniedError, authorize, caller, require
from local_aws.iam.policies import Decision
from local_aws.iam.record import refused, used, would_allow
from local_aws.iam.requests import S3Request, call_of, credential, s3_request
from local_aws.iam.resources import UnsupportedActionError, context_of, passed_roles, touched

__all__ = ["AccessDeniedError", "authorize", "caller", "install", "refused", "used", "would_allow"]

_application = DomainDispatcherApplication.__call__


def _authorize(environ: dict[str, Any], session: AssumedRole, region: str, service: str) -> None:
    if environ.get("HTTP_X_AMZ_SECURITY_TOKEN", session.session_token) != session.session_token:
        raise AccessDeniedError("The security token included in the request is invalid")
    what = f"{service}: {environ['REQUEST_METHOD']} {environ.get('PATH_INFO')}"
    try:
        if service == "s3":
            _authorize_s3(session, s3_request(environ), region)
            return
        operation, given = call_of(environ, service)
        what = f"{service}:{operation}"
        if what == "sts:GetCallerIdentity":
            return
        action, resources = touched(service, operation, given, region)
        context = context_of(action, given)
        for resource in resources:
            require(session, action, resource, context)
            for use in encryption.of_call(action, resource, region):
                require(session, use.action, use.resource, use.context)
        for role, passed_to in passed_roles(action, given):
            require(session, "iam:PassRole", role, {"iam:passedtoservice": passed_to})
    except UnsupportedActionError as unknown:
        why = f" ({unknown})" if str(unknown) else ""
        message = (
            f"User: {session.arn} is not authorized to perform: {what}. "
            f"The local AWS does not know what this needs, so it is denied to every role{why}"
        )
        record.note(record.Use(session.role_arn, session.arn, what, "*"), Decision(False, message))
        raise AccessDeniedError(message) from unknown


def _authorize_s3(session: AssumedRole, request: S3Request, region: str) -> None:
    needed = s3.permissions(request.method, request.bucket, request.key, request.query, request.headers, request.body)
    for permission in needed:
        require(session, permission.action, permission.resource, permission.context)
    _hide_missing(session, needed)
    upload = request.query.get("uploadId")
    for use in encryption.of_s3(needed, request.method, region, request.headers, upload):
        require(session, use.action, use.resource, use.context)


_LISTING_TO_READ = {"s3:GetObject": "s3:ListBucket", "s3:GetObjectVersion": "s3:ListBucketVersions"}


def _hide_missing(session: AssumedRole, needed: list[s3.Permission]) -> None:
    """S3 reports a missing object as 404 only to callers that may list the bucket."""
    for permission in needed:
        if permission.action not in _LISTING_TO_READ:
            continue
        name, _, key = permission.resource.removeprefix("arn:aws:s3:::").partition("/")
        bucket = s3_backends[ACCOUNT]["aws"].buckets.get(name)
        version = permission.context.get("s3:versionid")
        if bucket is not None and encryption.kept_object(bucket, key, version) is None:
            require(session, _LISTING_TO_READ[permission.action], f"arn:aws:s3:::{name}", {})


_CODES = {"sns": "AuthorizationError"}
_CODES_OF_KEYS = {"sns": "KMSAccessDenied", "sqs": "KmsAccessDenied"}
"""Services with a specific error code for a KMS key that the caller may not use."""


def _refusal(environ: Mapping[str, Any], service: str, denied: AccessDeniedError) -> tuple[str, str, bytes]:
    """Status, content type and body of a service's access-denied response."""
    message, of_key = str(denied), denied.action.startswith("kms:") and service != "kms"
    if service == "s3":
        reported = f"<Error><Code>AccessDenied</Code><Message>{escape(message)}</Message></Error>"
        body = "" if environ["REQUEST_METHOD"] == "HEAD" else f"<?xml version='1.0' encoding='UTF-8'?>\n{reported}"
        return "403 Forbidden", "application/xml", body.encode()
    if environ.get("HTTP_X_AMZ_TARGET") or service == "lambda":
        if of_key and service == "secretsmanager":
            message = "Access to KMS is not allowed"  # the whole message; `refused` has the details
        code = _CODES_OF_KEYS.get(service, "AccessDeniedException") if of_key else "AccessDeniedException"
        answer = {"__type": code, "Message": message, "message": message}
        status = "403 Forbidden" if service == "lambda" else "400 Bad Request"
        return status, "application/x-amz-json-1.1", json.dumps(answer).encode()
    code = _CODES_OF_KEYS.get(service, "AccessDenied") if of_key else _CODES.get(service, "AccessDenied")
    body = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        "<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
    )
    return ("400 Bad Request" if of_key else "403 Forbidden"), "text/xml", body.encode()


def _drain(environ: Mapping[str, Any]) -> None:
    """Read the rest of the request: the client reads the response only after sending it."""
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left > 0 and (part := environ["wsgi.input"].read(min(left, 1 << 20))):
        left -= len(part)


def dispatch(self: DomainDispatcherApplication, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """Handle a request, or deny it."""
    access_key, region, service = credential(environ)
    session = caller(access_key) if access_key else None
    if session is not None:
        try:
            _authorize(environ, session, region, service)
        except AccessDeniedError as denied:
            _drain(environ)
            status, kind, body = _refusal(environ, service, denied)
            # Clients expect the request's id in every response.
            headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("x-amzn-RequestId", "refused")]
            if service == "lambda":
                headers.append(("x-amzn-errortype", "AccessDeniedException"))
            start_response(status, headers)
            return [body]
    return _application(self, environ, start_response)


def install(world: World) -> None:  # noqa: ARG001 - every module is installed with the world
    """Authorize the requests of roles from now on; clear the record."""
    record.forget()
    replace(DomainDispatcherApplication, __call__=dispatch)
