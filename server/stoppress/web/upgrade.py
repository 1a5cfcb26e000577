"""Handing a WebSocket over: from uvicorn's protocol, which speaks ASGI, to a small one of our own.

uvicorn takes a protocol class for WebSockets. Ours does the handshake as usual and offers the application a
function in the scope; once it is called, the connection belongs to the protocol that it was given, and all
that served the handshake (scope, request, task, parser) is freed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

EXTENSION = "stoppress.hand_over"

HandOver = Callable[[asyncio.Protocol], None]


def hand_over(websocket: WebSocket, protocol: asyncio.Protocol) -> None:
    """Give an accepted connection to a protocol; the ASGI application must return without using it again."""
    take = cast(HandOver, websocket.scope["extensions"][EXTENSION])
    take(protocol)


class HandingOver(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol with a way out."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):  # it is not where the handshake was refused
            extensions = cast(dict[str, object], self.scope["extensions"])
            extensions[EXTENSION] = self._hand_over

    def _hand_over(self, protocol: asyncio.Protocol) -> None:
        transport = self.transport
        self.stop_keepalive()
        self.connections.discard(self)
        self.transport = cast(asyncio.Transport, _GivenAway())
        if transport.is_closing():
            return
        transport.set_protocol(protocol)
        transport.resume_reading()
        protocol.connection_made(transport)


class _GivenAway:
    """What uvicorn closes when the application returns, in place of the connection it no longer has."""

    def close(self) -> None:
        pass

    def is_closing(self) -> bool:
        return True
