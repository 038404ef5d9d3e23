"""The port of the local AWS."""

from __future__ import annotations

import socket

from local_aws.core.errors import PortTaken

HOST = "127.0.0.1"

PORT = 4566
"""The default port of `local-aws up`."""

ENDPOINT = f"http://{HOST}:{PORT}"
"""The endpoint at the default port."""


def listen(port: int) -> socket.socket:
    """A socket that listens on `port` of the loopback interface, 0 for a free one. Raises PortTaken."""
    listener = socket.socket()
    # Reuse a port that an earlier local AWS has just released.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortTaken(
            f"port {port} of {HOST} cannot be used: {error.strerror}; end the program there, or choose another port "
            "with --port (0 selects a free one)"
        ) from None
    return listener
