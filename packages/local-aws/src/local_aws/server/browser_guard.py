"""Web pages are refused: listening on the loopback address is no authentication.

Any page in a browser on this machine can send requests to 127.0.0.1, and with DNS rebinding (a name of the page's own
that comes to mean 127.0.0.1) also read the answers. The local AWS asks nobody for credentials and runs what lies in its
buckets, so a request that a page may have sent is refused before anything looks at it.

AWS clients send neither `Origin` nor `Sec-Fetch-Site`. Browsers send them of their own accord and let no page change
them, nor `Host` (the Fetch standard's forbidden request headers).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from local_aws.server.service_errors import service_error

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_HOST = re.compile(r"(?:127\.0\.0\.1|\[::1\]|(?:[a-z0-9._-]+\.)?localhost)(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
"""The names that mean this machine whatever a name server says; S3 clients put a bucket before `.localhost`."""
_OWN_FETCHES = ("none", "same-origin")
"""What `Sec-Fetch-Site` says of an address that a person typed, and of a page's request to where it comes from."""


def refusal(environ: WSGIEnvironment, port: int) -> str | None:
    """Why a request to the server on `port` of this machine is refused, None where it may pass."""
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
    """A WSGI application that passes on to `application` what no web page of another origin can have sent.

    Everything else is answered with status 403 and the reason, in the shape of the service's errors. `port` is where
    the server listens.
    """

    def __init__(self, application: WSGIApplication, port: int) -> None:
        self._application = application
        self._port = port

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        reason = refusal(environ, self._port)
        if reason is None:
            return self._application(environ, start_response)
        message = f"The local AWS refuses this: {reason}. See docs/security.md. Not retryable."
        response = service_error(environ, 403, "RefusedByLocalAws", message)
        return response(environ, start_response)
