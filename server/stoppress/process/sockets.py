"""Sockets that listen, our own or a service manager's, and what their connections inherit."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
from collections.abc import MutableMapping

from stoppress.errors import StartError
from stoppress.web.connections.user_timeout import USER_TIMEOUT_SECONDS, set_user_timeout

BACKLOG = 4_096
"""Connections that may wait to be accepted; the kernel's net.core.somaxconn may allow fewer."""

UNSENT_BYTES = 16 * 1024
"""How much the kernel keeps for a connection beyond what is on its way, before it says that the connection is full.

It would be up to 4 MB. But what it keeps, a slow reader gets late and one by one, and is charged to this machine;
what it does not keep, the reader gets as one update in its newest state.
"""

FIRST_INHERITED = 3
"""The first descriptor that a service manager hands over."""

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


def listening_sockets(host: str, port: int, workers: int) -> list[socket.socket]:
    """Return a listening socket for each worker: those of a service manager, or new ones, all on one port.

    Raises:
        StartError: there are too many of them, or one cannot be used.
    """
    sockets = inherited() or [listen(host, port, share_port=workers > 1)]
    if len(sockets) > workers:
        raise StartError(f"{len(sockets)} sockets were handed over: pass one, or start with --workers {len(sockets)}")
    first = sockets[0]
    for _ in range(workers - len(sockets)):
        shares = first.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)
        sockets.append(listen(*first.getsockname()[:2], share_port=True) if shares else first.dup())
    return sockets


def inherited(environ: MutableMapping[str, str] = os.environ) -> list[socket.socket]:
    """Return the sockets that a service manager has handed to this process, as sd_listen_fds(3) has it.

    The variables that say so are removed. LISTEN_PID may be left out; with another process's number nothing is taken.

    Raises:
        StartError: they are not listening.
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
        prepare(listening)
    except OSError:
        raise StartError(
            f"LISTEN_FDS={number}, but descriptor {fd} is no TCP socket that listens: pass one, or unset LISTEN_FDS"
        ) from None
    listening.set_inheritable(False)
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
