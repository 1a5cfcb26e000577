"""Listening sockets, our own or from a service manager, and the options that their connections inherit."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
from collections.abc import MutableMapping

from stoppress.errors import StartError
from stoppress.web.connections.reader_connection import USER_TIMEOUT_MILLISECONDS

BACKLOG = 4_096
"""Connections that may wait to be accepted. The kernel limits this to net.core.somaxconn."""

UNSENT_BYTES = 16 * 1024
"""Unsent bytes that the kernel buffers for a connection before it reports the connection as full.

The default is up to 4 MB. A slow reader would get all buffered updates late and one by one, and they use memory. An
update that is not buffered reaches the reader later, merged with newer ones.
"""

FIRST_INHERITED = 3
"""The first file descriptor that a service manager passes."""

_TCP_NOTSENT_LOWAT = 25  # linux/tcp.h; the socket module has it from Python 3.12 on


def _prepare(listening: socket.socket) -> None:
    """Set the options that accepted connections inherit."""
    listening.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MILLISECONDS)
    listening.setblocking(False)


def listen(host: str, port: int, *, share_port: bool = False) -> socket.socket:
    """Return a bound, listening socket. With `share_port`, other sockets may listen on the same port.

    Raises:
        StartError: the address is in use, or does not belong to this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with contextlib.ExitStack() as failed:
            listening = failed.enter_context(socket.socket(family, kind, protocol))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, share_port)
            _prepare(listening)
            listening.bind(address)
            listening.listen(BACKLOG)
            failed.pop_all()
    except (OSError, UnicodeError) as error:  # UnicodeError: an invalid host name
        reason = getattr(error, "strerror", None) or "invalid host name"
        raise StartError(
            f"cannot listen on {host}:{port}: {reason}; choose another address with --host and --port"
        ) from None
    return listening


def listening_sockets(
    host: str, port: int, workers: int, environ: MutableMapping[str, str] = os.environ
) -> list[socket.socket]:
    """Return a listening socket for each worker, all on one port: those from a service manager, or new ones.

    Raises:
        StartError: the service manager passed too many, or a socket is unusable.
    """
    sockets = _inherited(environ) or [listen(host, port, share_port=workers > 1)]
    if len(sockets) > workers:
        raise StartError(
            f"the service manager passed {len(sockets)} sockets; pass one, or use --workers {len(sockets)}"
        )
    first = sockets[0]
    for _ in range(workers - len(sockets)):
        shares = first.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)
        sockets.append(listen(*first.getsockname()[:2], share_port=True) if shares else first.dup())
    return sockets


def _inherited(environ: MutableMapping[str, str]) -> list[socket.socket]:
    """Return the sockets that a service manager passed to this process, as in sd_listen_fds(3).

    The variables are removed. LISTEN_PID may be missing; if it names another process, no socket is taken.

    Raises:
        StartError: a socket is not listening.
    """
    number, pid = environ.pop("LISTEN_FDS", ""), environ.pop("LISTEN_PID", "")
    environ.pop("LISTEN_FDNAMES", None)
    if not number.isdecimal() or pid not in ("", str(os.getpid())):
        return []
    return [_inherit(fd, number) for fd in range(FIRST_INHERITED, FIRST_INHERITED + int(number))]


def _inherit(fd: int, number: str) -> socket.socket:
    try:
        listening = socket.socket(fileno=fd)
        if not listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) or listening.type != socket.SOCK_STREAM:
            raise OSError
        _prepare(listening)
    except OSError:
        raise StartError(
            f"LISTEN_FDS={number}, but descriptor {fd} is not a listening TCP socket; pass one, or unset LISTEN_FDS"
        ) from None
    listening.set_inheritable(False)
    return listening


def allow_many() -> None:
    """Raise the limit of open files of this process and its children to the hard limit. Each connection is one file."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))


def descriptors() -> int:
    """Return the number of files that this process may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def address_of(listening: socket.socket) -> str:
    """Return the HTTP address of a listening socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
