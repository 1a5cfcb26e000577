"""Attacks of hostile clients. Each returns a description of the server's wrong reaction, or an empty text."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import httpx
from websockets.frames import Frame, Opcode

from stoppress.tools.swarm.plan import Target

TIMEOUT_SECONDS = 20.0
"""Seconds in which a server must end a useless connection."""


def _connect(where: Target) -> socket.socket:
    sock = where.new_socket(0, slow=False)
    sock.settimeout(TIMEOUT_SECONDS)
    sock.connect(where.address)
    return where.tls.wrap_socket(sock, server_hostname=where.hostname) if where.tls else sock


def _ends(sock: socket.socket, what: str) -> str:
    """Read until the server ends the connection. Returns an error text if it does not in `TIMEOUT_SECONDS`."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    try:
        while time.monotonic() < deadline:
            if not sock.recv(65_536):
                return ""
    except ConnectionError:
        return ""
    except TimeoutError:
        pass
    return f"the server still serves {what} after {TIMEOUT_SECONDS:g} s"


def _handshaken(where: Target) -> socket.socket:
    sock = _connect(where)
    sock.sendall(where.handshake(None))
    sock.recv(65_536)
    return sock


def endless_head(where: Target) -> str:
    with _connect(where) as sock:
        sock.sendall(f"GET /blogs/{where.path}/live HTTP/1.1\r\nHost: {where.authority}\r\n".encode())
        return _ends(sock, "a head that does not end")


def huge_head(where: Target) -> str:
    with _connect(where) as sock:
        try:
            sock.sendall(b"GET / HTTP/1.1\r\n" + b"X-Junk: " + b"a" * 200_000)
        except ConnectionError:
            return ""
        return _ends(sock, "a head of 200 KB")


def junk_frames(where: Target) -> str:
    with _handshaken(where) as sock:
        sock.sendall(b"\xff" * 64)
        return _ends(sock, "a client that sends junk")


def long_message(where: Target) -> str:
    with _handshaken(where) as sock:
        sock.sendall(bytes((0x81, 0xFF)) + (2**40).to_bytes(8, "big") + bytes(4))
        return _ends(sock, "a message of a terabyte")


def flood(where: Target) -> str:
    with _handshaken(where) as sock:
        try:
            for _ in range(2_000):
                sock.sendall(Frame(Opcode.TEXT, b"x" * 100).serialize(mask=True))
        except OSError:
            return ""
        return _ends(sock, "a flood of messages")


def wrong_key(where: Target) -> str:
    verify = where.tls or False
    with httpx.Client(base_url=where.url, timeout=TIMEOUT_SECONDS, trust_env=False, verify=verify) as http:
        headers = {"authorization": "Bearer guessed"}
        answer = http.post(f"/api/blogs/{where.path}/entries", json={"markdown": "Fake news."}, headers=headers)
    return "" if answer.status_code == 401 else f"the server answers a wrong key with {answer.status_code}, not 401"


ATTACKS: dict[str, Callable[[Target], str]] = {
    attack.__name__.replace("_", " "): attack
    for attack in (endless_head, huge_head, junk_frames, long_message, flood, wrong_key)
}
