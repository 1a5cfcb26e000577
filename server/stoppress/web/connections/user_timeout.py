"""TCP_USER_TIMEOUT (RFC 5482): the time for which the kernel keeps a connection without acknowledgements."""

from __future__ import annotations

import socket

USER_TIMEOUT_SECONDS = 120.0
"""The kernel ends a connection whose peer has not acknowledged data for this time. Beats are sent all the time, so this
detects every peer that has gone."""

NO_USER_TIMEOUT = 0.0


def set_user_timeout(sock: socket.socket, seconds: float) -> None:
    """Set the option on a connection, or on a listening socket for the connections that it will accept.

    Linux also counts the time of a zero window, when a peer acknowledges data but cannot accept more.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1000))
