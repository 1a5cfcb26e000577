"""Sockets that listen, and what their connections inherit."""

from __future__ import annotations

import contextlib
import resource
import socket

from stoppress.errors import StartError
from stoppress.web.connections.user_timeout import USER_TIMEOUT_SECONDS, set_user_timeout

BACKLOG = 4_096
"""Connections that may wait to be accepted; the kernel's net.core.somaxconn may allow fewer."""

UNSENT_BYTES = 16 * 1024
"""How much the kernel keeps for a connection beyond what is on its way, before it says that the connection is full.

It would be up to 4 MB. But what it keeps, a slow reader gets late and one by one, and is charged to this machine;
what it does not keep, the reader gets as one update in its newest state.
"""

_TCP_NOTSENT_LOWAT = 25  # linux/tcp.h; the socket module has it from Python 3.12 on


def prepare(listening: socket.socket) -> None:
    """Set what its connections are to inherit."""
    listening.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    set_user_timeout(listening, USER_TIMEOUT_SECONDS)
    listening.setblocking(False)


def listen(host: str, port: int, *, share_port: bool = False) -> socket.socket:
    """A socket that is bound and listening; `share_port`: others may listen there too, and get their part.

    Raises:
        StartError: the address is not ours, or taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with contextlib.ExitStack() as failed:
            listening = failed.enter_context(socket.socket(family, kind, protocol))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, share_port)
            prepare(listening)
            listening.bind(address)
            listening.listen(BACKLOG)
            failed.pop_all()
    except (OSError, UnicodeError) as error:  # the latter where a host's name cannot be one
        reason = getattr(error, "strerror", None) or "this is no name of a host"
        raise StartError(
            f"cannot listen on {host}:{port}: {reason}; name another place with --host and --port"
        ) from None
    return listening


def allow_many() -> None:
    """Allow this process and those it starts as many open files as it may have: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def descriptors() -> int:
    """How many files this process may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def address_of(listening: socket.socket) -> str:
    """The http address of a listening socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
