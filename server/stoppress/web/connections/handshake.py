"""The opening handshake of a reader's WebSocket (RFC 6455, section 4.2): what a client asks for, and the answer.

This code reads the request from the bytes as they came and answers without a web framework. After a restart all readers
of a node connect at once, and a framework takes many times as long for each.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

import httptools
from websockets.exceptions import InvalidHandshake
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.headers import build_extension, parse_extension

from stoppress.web.gate.credentials import TOKEN_PARAMETER
from stoppress.wire.encodings import SUBPROTOCOLS, Compression
from stoppress.wire.frames import WINDOW_BITS

_ADDRESS = re.compile(rb"GET /blogs/([^/?# ]+)/live(?:\?([^# ]*))? HTTP/1\.1\r\n")
"""The request line of a reader's WebSocket handshake."""

_SINCE = re.compile(rb"since=([0-9A-Za-z-]*)(?:&lang=([A-Za-z-]*))?")

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Handshake(NamedTuple):
    """A client's request to open a WebSocket, and the answer that accepts it."""

    blog: str
    since: str | None
    language: str | None
    """Of markup, if that is what the client wants."""
    token: str | None
    """In the query."""
    subprotocol: str
    compression: Compression
    response: bytes
    """The answer that accepts it, as bytes."""
    early: bytes
    """The bytes that the client has already sent after it."""
    headers: Mapping[bytes, bytes]
    """Of the request; names in lower case."""

    @classmethod
    def parse(cls, data: bytes) -> Handshake | None:
        """Return the handshake in a whole request head; None for another request, or one that breaks RFC 6455."""
        line = _ADDRESS.match(data)
        if line is None:
            return None
        headers, early = _headers(data)
        accept = _accept(headers)
        if accept is None:
            return None
        subprotocol, compression, agreed = _agree(
            headers.get(b"sec-websocket-protocol", b"").decode("latin-1"),
            headers.get(b"sec-websocket-extensions", b"").decode("latin-1"),
        )
        response = (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n" + agreed + b"\r\n"
        )
        blog = unquote(line[1].decode("latin-1"))
        since, language, token = _parameters(line[2] or b"")
        return cls(blog, since, language, token, subprotocol, compression, response, early, headers)


def _parameters(query: bytes) -> tuple[str | None, str | None, str | None]:
    """Return `since`, `lang` and `token`."""
    alone = _SINCE.fullmatch(query)
    if alone is not None:  # nearly always
        return alone[1].decode(), None if alone[2] is None else alone[2].decode(), None
    values = parse_qs(query.decode("latin-1"), keep_blank_values=True)
    return values.get("since", [None])[-1], values.get("lang", [None])[-1], values.get(TOKEN_PARAMETER, [None])[-1]


class _Headers(dict[bytes, bytes]):
    """Headers by name in lower case; those of one name are joined (RFC 9110, section 5.3). The parser fills it."""

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        self[name] = self[name] + b", " + value if name in self else value


def _headers(data: bytes) -> tuple[_Headers, bytes]:
    headers = _Headers()
    try:
        httptools.HttpRequestParser(headers).feed_data(data)
    except httptools.HttpParserUpgrade as upgrade:
        return headers, data[upgrade.args[0] :]
    except httptools.HttpParserError:
        pass
    return _Headers(), b""


def _accept(headers: _Headers) -> bytes | None:
    """Return the value of Sec-WebSocket-Accept; None if the client does not speak this version of WebSocket."""
    key = headers.get(b"sec-websocket-key", b"")
    try:
        is_key = len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        is_key = False
    tokens = [token.strip() for token in headers.get(b"connection", b"").lower().split(b",")]
    if (
        not is_key
        or b"upgrade" not in tokens
        or headers.get(b"upgrade", b"").lower() != b"websocket"
        or headers.get(b"sec-websocket-version") != b"13"
        or b"," in headers.get(b"host", b",")  # one, and not joined from several (RFC 9112, section 3.2)
    ):
        return None
    return base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())


@lru_cache(maxsize=64)  # browsers send few variants
def _agree(subprotocols: str, extensions: str) -> tuple[str, Compression, bytes]:
    """Accept the first known subprotocol and extension offer, and return the headers that say so.."""
    offered = [name.strip() for name in subprotocols.split(",")]
    name = next((name for name in offered if name in SUBPROTOCOLS), None)
    compression, extension = _compression(extensions)
    headers = b""
    if name is not None:
        headers += f"Sec-WebSocket-Protocol: {name}\r\n".encode()
    if extension is not None:
        headers += f"Sec-WebSocket-Extensions: {extension}\r\n".encode()
    return name or SUBPROTOCOLS[0], compression, headers


def _compression(extensions: str) -> tuple[Compression, str | None]:
    """Return what to compress, and the header's value (RFC 7692, section 5.1).

    Readers share frames, so a client that asks for a smaller window gets no compressed frames.
    """
    factory = ServerPerMessageDeflateFactory(client_no_context_takeover=True)
    try:
        offers = parse_extension(extensions) if extensions else []
    except InvalidHandshake:
        return Compression.NONE, None
    for name, parameters in offers:
        if name != factory.name:
            continue
        try:
            answer, extension = factory.process_request_params(parameters, [])
        except InvalidHandshake:
            continue
        if extension.local_max_window_bits == WINDOW_BITS:
            alone = extension.local_no_context_takeover
            return Compression.MESSAGE if alone else Compression.STREAM, build_extension([(name, answer)])
    return Compression.NONE, None
