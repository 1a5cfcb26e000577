"""The target of a swarm, and its plan."""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlencode, urlsplit

import httpx

from stoppress.errors import StoppressError
from stoppress.tools.swarm.frames import KEY

_DEFAULT_BLOG = "swarm"

_ANSWER_SECONDS = 20.0
"""Deadline for an HTTP request."""

_SOURCES = 100
"""The number of loopback addresses to connect from. Each has its own range of ports."""

_IP_BIND_ADDRESS_NO_PORT = 24
"""From linux/in.h: the kernel chooses the port at `connect`, when it knows the other end."""


class Target(NamedTuple):
    """The server, the blog, and what readers ask for in their handshakes."""

    url: str
    """Scheme, host and port."""
    blog: str
    authority: str
    family: int
    address: Any
    """The argument of `socket.connect`."""
    hostname: str
    tls: ssl.SSLContext | None
    """Trusts the authorities of the system, or those in SSL_CERT_FILE."""
    is_loopback: bool
    msgpack: bool = False
    compress: bool = False

    @property
    def path(self) -> str:
        """The blog's name, quoted for a URL."""
        return quote(self.blog, safe="")

    def read_all(self) -> list[bytes]:
        """Return the answers of `/changes` that lead from nothing to the newest state. This blocks.

        Raises:
            httpx.HTTPError: the server does not answer.
        """
        answers: list[bytes] = []
        since, more = "0", True
        with httpx.Client(timeout=_ANSWER_SECONDS, trust_env=False, verify=self.tls or False) as http:
            while more:
                address = f"{self.url}/blogs/{self.path}/changes"
                answer = http.get(address, params={"since": since}).raise_for_status()
                since, more = answer.json()["cursor"], answer.json().get("more", False)
                answers.append(answer.content)
        return answers

    def new_socket(self, number: int, *, slow: bool) -> socket.socket:
        """Return a socket for a reader. On loopback, readers connect from many addresses."""
        sock = socket.socket(self.family, socket.SOCK_STREAM)
        sock.setblocking(False)
        if slow:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        if self.is_loopback:
            sock.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
            sock.bind((f"127.0.0.{1 + number % _SOURCES}", 0))
        return sock

    def handshake(self, since: str | None) -> bytes:
        """Return the opening handshake of a reader with a cursor."""
        lines = [
            f"GET /blogs/{self.path}/live{'' if since is None else '?' + urlencode({'since': since})} HTTP/1.1",
            f"Host: {self.authority}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "User-Agent: stoppress-swarm",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {KEY}",
            f"Sec-WebSocket-Protocol: stoppress.v1+{'msgpack' if self.msgpack else 'json'}",
            *(["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"] if self.compress else []),
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    @classmethod
    def parse(cls, url: str, blog: str | None = None, *, msgpack: bool = False, compress: bool = False) -> Target:
        """Parse the address of a server, or of a blog's page. `blog` overrides the page.

        Raises:
            StoppressError: it is not an address, or its host is unknown.
        """
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            port = parts.port or {"http": 80, "https": 443}[parts.scheme]
            host = parts.hostname or ""
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        except (KeyError, ValueError, OSError) as error:
            raise StoppressError(f"{url} is not the address of a server: {error}") from None
        page = re.match(r"/blogs/([^/]+)", parts.path)
        return cls(
            f"{parts.scheme}://{parts.netloc}",
            blog or (unquote(page[1]) if page else _DEFAULT_BLOG),
            parts.netloc,
            family,
            address,
            host,
            ssl.create_default_context() if parts.scheme == "https" else None,
            family == socket.AF_INET and ipaddress.ip_address(address[0]).is_loopback,
            msgpack,
            compress,
        )


class Plan(NamedTuple):
    """The number of readers, their behaviour, and the duration."""

    readers: int = 1_000
    rate: float = 1_000.0
    """New connections per second, until all readers have started to connect."""
    duration: float = 30.0
    """Seconds to run after that."""
    churn: float = 0.0
    """Readers per second that lose their connection."""
    storm: int = 0
    """Readers that lose their connection at the same time, halfway through."""
    slow: float = 0.0
    """Share of readers that read slowly."""
    publish: float = 0.0
    """Writes per second."""
    api_key: str = ""
    allow_refused: bool = False
    """Whether the server may reject readers at capacity."""
