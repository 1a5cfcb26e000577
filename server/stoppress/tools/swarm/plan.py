"""What a swarm is asked to do."""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

import httpx

from stoppress.errors import StoppressError
from stoppress.tools.swarm.frames import Options

_DEFAULT_BLOG = "swarm"

_ANSWER_SECONDS = 20.0
"""How long a request over HTTP may take."""

_SOURCES = 100
"""Loopback addresses that connections come from: each has as many ports as there are for one server."""


class Target(NamedTuple):
    """Where the readers go."""

    url: str
    """Scheme, host and port."""
    blog: str
    """Its name."""
    authority: str
    family: int
    address: Any
    """As `socket.connect` takes it."""
    hostname: str
    tls: ssl.SSLContext | None
    is_loopback: bool

    @property
    def path(self) -> str:
        """The blog's name in an address."""
        return quote(self.blog, safe="")

    def read_all(self) -> list[bytes]:
        """Return the answers of `/changes` that lead from nothing to the newest state. It blocks.

        Raises:
            httpx.HTTPError: the server does not say what it has.
        """
        answers: list[bytes] = []
        since, more = "0", True
        with httpx.Client(timeout=_ANSWER_SECONDS, trust_env=False) as http:
            while more:
                address = f"{self.url}/blogs/{self.path}/changes"
                answer = http.get(address, params={"since": since}).raise_for_status()
                since, more = answer.json()["cursor"], answer.json().get("more", False)
                answers.append(answer.content)
        return answers


def target(url: str, blog: str | None) -> Target:
    """Read an address: of a server, or of a blog's page on it.

    Raises:
        StoppressError: it is no address, or its host is not known.
    """
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        host = parts.hostname or ""
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (KeyError, ValueError, OSError) as error:
        raise StoppressError(f"{url} is no address of a server: {error}") from None
    page = re.match(r"/blogs/([^/]+)", parts.path)
    return Target(
        f"{parts.scheme}://{parts.netloc}",
        blog or (unquote(page[1]) if page else _DEFAULT_BLOG),
        parts.netloc,
        family,
        address,
        host,
        ssl.create_default_context() if parts.scheme == "https" else None,
        family == socket.AF_INET and ipaddress.ip_address(address[0]).is_loopback,
    )


class Plan(NamedTuple):
    """How many readers do what for how long."""

    readers: int = 1_000
    rate: float = 1_000.0
    """Connections that are begun in a second, until all are there."""
    duration: float = 30.0
    """Seconds from then on."""
    churn: float = 0.0
    """Readers in a second that lose their line."""
    storm: int = 0
    """Readers that lose it at once, in the middle."""
    slow: float = 0.0
    """The share of readers that take a little at a time."""
    publish: float = 0.0
    """Writes in a second."""
    api_key: str = ""
    allow_refused: bool = False
    """Whether it is right that the server has no room for some."""
    options: Options = Options()


_BIND_LATER = 24  # IP_BIND_ADDRESS_NO_PORT, linux/in.h: the port is chosen when it is known where the line goes


def new_socket(where: Target, number: int, *, slow: bool) -> socket.socket:
    """A socket for a reader; from one of many addresses where the server is on this machine."""
    sock = socket.socket(where.family, socket.SOCK_STREAM)
    sock.setblocking(False)
    if slow:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    if where.is_loopback:
        sock.setsockopt(socket.IPPROTO_IP, _BIND_LATER, 1)
        sock.bind((f"127.0.0.{1 + number % _SOURCES}", 0))
    return sock
