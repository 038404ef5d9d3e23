"""The port of the local AWS."""

from __future__ import annotations

import socket

from local_aws.core.errors import PortTaken

HOST = "127.0.0.1"

PORT = 4566
"""Where `local-aws up` listens unless it is told otherwise."""

ENDPOINT = f"http://{HOST}:{PORT}"
"""How a client finds it there."""


def listen(port: int) -> socket.socket:
    """A socket that listens on `port` of this machine alone, 0 for a free one. Raises PortTaken."""
    listener = socket.socket()
    # A port that a world before left moments ago may be used again.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortTaken(
            f"port {port} of {HOST} cannot be used: {error.strerror}; end what listens there, or choose another one "
            "with --port (0 takes a free one)"
        ) from None
    return listener
