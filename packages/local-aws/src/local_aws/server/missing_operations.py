"""Operations that moto lacks, and requests on which it fails: an error of the service's own protocol, never a web page.

moto raises an exception for an operation that it lacks, and its server answers with a traceback in HTML, status 500,
which clients retry and cannot show. Here an operation that is missing is status 501, which the AWS SDKs do not retry
(botocore's _retry.json and retries/standard.py: 500, 502, 503, 504), with the code `NotImplemented`, S3's own for 501.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from botocore.loaders import Loader
from moto.core.exceptions import ServiceException
from moto.core.request import Request
from moto.core.responses import boto3_service_name
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import LimitedStream

from local_aws.core.patching import replace
from local_aws.core.world import World
from local_aws.iam.requests import credential
from local_aws.server.service_errors import service_error

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REFUSED = 501
MISSING = "NotImplemented"
FAILED = "InternalFailure"

_get_application: Callable[..., Any] = DomainDispatcherApplication.get_application
_FORM = "local_aws.form"
"""The key of a request's form in its environment."""
_WITHOUT = re.compile(r"The \w+ action has not been implemented|")
"""What moto says of an operation that it lacks (moto/core/responses.py, call_action), with or without a message."""


def operation_of(environ: WSGIEnvironment, service: str) -> str | None:
    """The operation of a request to a service of botocore; None for a request that its model does not have."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    if action := dict(parse_qsl(f"{environ.get('QUERY_STRING', '')}&{environ.get(_FORM, '')}")).get("Action"):
        return action
    try:
        return str(get_service_router(service).match(Request(environ))[0].name)
    except (HTTPException, NotImplementedError):
        return None


@functools.cache
def protocol_of(service: str) -> str | None:
    """The protocol of a service of botocore, None for an unknown one."""
    try:
        return str(get_service_model(service).protocol)
    except Exception:  # noqa: BLE001 - moto and botocore raise several; whatever it is, there is no model
        return None


@functools.cache
def _botocore_name(signing_name: str) -> str:
    """The service of botocore that signs with a name, for services that moto does not have."""
    loader = Loader()
    names = loader.list_available_services("service-2")
    return signing_name if signing_name in names else ""


class _Answering:
    """A WSGI application of moto whose failures become the service's errors."""

    def __init__(self, application: WSGIApplication, service: str) -> None:
        self._application = application
        self._service = service

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Handle a request."""
        _keep_readable(environ)
        started: list[Any] = []
        try:
            answer = self._application(environ, lambda *given: started.append(given))  # type: ignore[arg-type]
        except Exception as error:  # noqa: BLE001 - moto raises whatever its code raises
            return self._failed(environ, error)(environ, start_response)
        status, headers = started[-1][:2]
        if environ["REQUEST_METHOD"] != "HEAD" and _is_web_page(status, headers):
            content = b"".join(answer)
            if not content or content[:15].lower().startswith(b"<!doctype html"):
                return self._unknown(environ)(environ, start_response)
            answer = [content]
        start_response(*started[-1])
        return answer

    def _failed(self, environ: WSGIEnvironment, error: Exception) -> WSGIApplication:
        operation = operation_of(environ, self._service)
        name = f"{self._signed(environ)}:{operation or _path(environ)}"
        if isinstance(error, NotImplementedError) and _WITHOUT.fullmatch(str(error)):
            return self._missing(environ, name)
        if isinstance(error, NotImplementedError):
            words = f"The local AWS's {name} does not do this: {error}. Not retryable. See docs/local-aws.md."
            return service_error(environ, REFUSED, MISSING, words, protocol_of(self._service))
        if operation is not None and operation not in _operations(self._service):
            return self._missing(environ, name)
        if isinstance(error, ServiceException):  # an error of the service, raised where moto does not expect it
            return service_error(environ, 400, error.code, str(error.message), protocol_of(self._service))
        words = f"The local AWS failed on {name}: {type(error).__name__}: {str(error)[:500]}"
        return service_error(environ, 500, FAILED, words, protocol_of(self._service))

    def _unknown(self, environ: WSGIEnvironment) -> WSGIApplication:
        operation = operation_of(environ, self._service)
        return self._missing(environ, f"{self._signed(environ)}:{operation or _path(environ)}")

    def _missing(self, environ: WSGIEnvironment, name: str) -> WSGIApplication:
        words = f"The local AWS has no {name}: moto, which it extends, does not implement it. Not retryable."
        return service_error(environ, REFUSED, MISSING, words, protocol_of(self._service))

    def _signed(self, environ: WSGIEnvironment) -> str:
        return credential(environ)[2] or self._service


def _keep_readable(environ: WSGIEnvironment) -> None:
    """Let the body be read to its end and no further, so that what moto left of it can be read before the answer.

    A form is read now, as it may name the operation.
    """
    if not environ.get("CONTENT_LENGTH"):
        return
    environ["wsgi.input"] = LimitedStream(environ["wsgi.input"], int(environ["CONTENT_LENGTH"]))
    if str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded"):
        body = environ["wsgi.input"].read()
        environ[_FORM] = body.decode(errors="replace")
        environ["wsgi.input"] = io.BytesIO(body)


def _path(environ: WSGIEnvironment) -> str:
    return f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '/')[:200]}"


@functools.cache
def _operations(service: str) -> frozenset[str]:
    return frozenset(get_service_model(service).operation_names) if protocol_of(service) else frozenset()


def _is_web_page(status: str, headers: Iterable[tuple[str, str]]) -> bool:
    kind = next((value for name, value in headers if name.lower() == "content-type"), "")
    return status[:3] in ("404", "405", "500", "501") and kind.startswith("text/html")


def _no_service(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    _keep_readable(environ)
    signed = credential(environ)[2]
    service = _botocore_name(signed)
    operation = operation_of(environ, service) if service else None
    words = f"The local AWS has no {signed}:{operation or _path(environ)}: it has no service {signed}. Not retryable."
    return service_error(environ, REFUSED, MISSING, words, protocol_of(service) if service else None)(
        environ, start_response
    )


def _application(self: DomainDispatcherApplication, environ: WSGIEnvironment) -> WSGIApplication:
    try:
        application = _get_application(self, environ)
    except Exception:  # moto raises several where it has no such service
        if not credential(environ)[2]:
            raise
        return _no_service
    module = str(application.service)
    if module in ("moto_api", "instance_metadata"):
        found: WSGIApplication = application
        return found
    return _Answering(application, boto3_service_name.get(module, module))


def install(world: World) -> None:  # noqa: ARG001 - the modules' interface
    """Answer with the service's errors from now on."""
    replace(DomainDispatcherApplication, get_application=_application)
