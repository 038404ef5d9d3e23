"""Protection against web pages: requests from browsers are refused, as a loopback address is no authentication.

Any page in a browser on this machine can send requests to 127.0.0.1, and with DNS rebinding (a host name of the page
that resolves to 127.0.0.1) also read the responses. The local AWS accepts any credentials and runs code from its
buckets, so a request that a page may have sent is refused before any service reads it.

AWS clients send neither `Origin` nor `Sec-Fetch-Site`. Browsers always send them, and pages cannot change them or
`Host` (the Fetch standard's forbidden request headers).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from local_aws.server.service_errors import service_error

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_HOST = re.compile(r"(?:127\.0\.0\.1|\[::1\]|(?:[a-z0-9._-]+\.)?localhost)(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
"""Host names that always resolve to this machine; S3 clients put a bucket before `.localhost`."""
_OWN_FETCHES = ("none", "same-origin")
"""The values of `Sec-Fetch-Site` for a typed address and for a request to the page's own origin."""


def refusal(environ: WSGIEnvironment, port: int) -> str | None:
    """Why a request to the server on `port` is refused, None if it is accepted."""
    host = environ.get("HTTP_HOST", "")
    named = _HOST.fullmatch(host)
    if named is None or int(named["port"] or 80) != port:
        return (
            f"the request is for the host {host[:100]!r}. Only 127.0.0.1:{port}, localhost:{port}, [::1]:{port} and "
            f"BUCKET.localhost:{port} are answered here: any other name may be a web page's"
        )
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and origin.lower() != f"http://{host}".lower():
        return f"a web page of the origin {origin[:100]!r} sent the request (header Origin)"
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None and site not in _OWN_FETCHES:
        return f"a web page of another origin sent the request (header Sec-Fetch-Site: {site[:100]})"
    return None


class BrowserGuard:
    """A WSGI middleware that passes requests to `application` unless a web page of another origin may have sent them.

    Other requests get status 403 and the reason, in the service's error format. `port` is the server's port.
    """

    def __init__(self, application: WSGIApplication, port: int) -> None:
        self._application = application
        self._port = port

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Handle a request."""
        reason = refusal(environ, self._port)
        if reason is None:
            return self._application(environ, start_response)
        message = f"The local AWS refuses this: {reason}. See docs/security.md. Not retryable."
        response = service_error(environ, 403, "RefusedByLocalAws", message)
        return response(environ, start_response)
