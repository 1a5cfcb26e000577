"""TCP_USER_TIMEOUT (RFC 5482): how long the kernel keeps a connection whose peer confirms nothing."""

from __future__ import annotations

import socket

USER_TIMEOUT_SECONDS = 120.0
"""How long a peer may leave unconfirmed what it was sent before the kernel ends the connection. Beats are always
on their way, so that nothing else has to look for peers that are gone."""

NO_USER_TIMEOUT = 0.0


def set_user_timeout(sock: socket.socket, seconds: float) -> None:
    """Set it on a connection, or on a listening socket for the connections that it will accept.

    Linux also counts the time of a zero window: a peer that confirms but has no room for data.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1000))
