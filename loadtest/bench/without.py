"""Stoppress without one step of its engine, to measure the saving of that step.

    python -m loadtest.bench.without STEP serve ...

Each function undoes one step. They patch private parts of the engine, which no other code may do.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from typing import Any, cast

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

from stoppress import cli
from stoppress.live import hub as hub_module
from stoppress.live.answers import Answer, Answers
from stoppress.live.fd_group import FdGroup, Unsent
from stoppress.model import Cursor
from stoppress.process.node import Node
from stoppress.process.server import Server
from stoppress.web.connections.reader_connection import ReaderConnection
from stoppress.web.connections.websocket import WebSocketEndpoint
from stoppress.wire.encodings import JSON, WEBSOCKET, Codec, Compression, Encoding


def direct_writes() -> None:
    """Send frames through the transports."""

    def send(self: FdGroup, frame: bytes) -> list[Unsent]:
        for reader in self:
            reader.send(frame)
        return []

    FdGroup.send = send  # type: ignore[method-assign]


def shared_frames() -> None:
    """Make a frame for each reader."""

    def send(self: FdGroup, frame: bytes) -> list[Unsent]:
        for reader in self:
            reader.send(Frame(Opcode.TEXT, frame).serialize(mask=False))
        return []

    def payload(self: Answer, encoding: Encoding) -> bytes:
        return self.payload

    def first(self: Any, reader: Any, opening: bytes = b"") -> None:
        answer = self._answers.to(reader.cursor, reader.encoding.codec)
        reader.cursor = answer.cursor
        reader.send(opening + Frame(Opcode.TEXT, answer.payload).serialize(mask=False))

    FdGroup.send = send  # type: ignore[method-assign]
    Answer.frame = payload  # type: ignore[method-assign]
    hub_module.Hub._answer = first  # type: ignore[method-assign]


def shared_answers() -> None:
    """Make an answer for each returning reader."""
    keep = Answers.to

    def to(self: Answers, since: Cursor | None, codec: Codec) -> Answer:
        self.forget()
        return keep(self, since, codec)

    Answers.to = to  # type: ignore[method-assign]


def cheap_handshake() -> None:
    """Do the handshake in uvicorn, ASGI and Starlette, and hand the connection over as always."""

    class HandingOver(WebSocketsSansIOProtocol):
        def handle_connect(self, event: Any) -> None:
            super().handle_connect(event)
            extensions: dict[str, Any] = cast(Any, self.scope)["extensions"]
            extensions["hand_over"] = self._hand_over

        def _hand_over(self, reader: ReaderConnection) -> None:
            transport, self.transport = self.transport, _GivenAway()  # type: ignore[assignment]
            self.connections.discard(self)
            reader.open(transport, b"")
            transport.resume_reading()

    async def connect(self: WebSocketEndpoint, websocket: WebSocket) -> None:
        since = websocket.query_params.get("since")
        cursor = None if since is None else Cursor.parse(since)
        hub = await self._gate._follower.hub(websocket.path_params["blog"], cursor)
        await websocket.accept()
        reader = ReaderConnection(hub, WEBSOCKET["stoppress.v1+json"][Compression.NONE], cursor)
        websocket.scope["extensions"]["hand_over"](reader)

    _through_starlette(connect, HandingOver)


def hand_over() -> None:
    """Run a task for each reader, which waits for the next delivery and sends it by ASGI's `send_text`."""

    async def connect(self: WebSocketEndpoint, websocket: WebSocket) -> None:
        since = websocket.query_params.get("since")
        cursor = None if since is None else Cursor.parse(since)
        hub = await self._gate._follower.hub(websocket.path_params["blog"], cursor)
        await websocket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                delivered = hub.delivered
                answer = hub._answers.to(cursor, JSON)
                cursor = answer.cursor
                await websocket.send_text(answer.payload.decode())
                await delivered.wait()

    _through_starlette(connect, WebSocketsSansIOProtocol)


class _GivenAway:
    def close(self) -> None: ...

    def is_closing(self) -> bool:
        return True


def _through_starlette(connect: Callable[..., Any], protocol: type[asyncio.Protocol]) -> None:
    routes, config = WebSocketEndpoint.routes, Server.config_for

    def with_websocket(self: WebSocketEndpoint) -> Any:
        async def handler(websocket: WebSocket) -> None:
            await connect(self, websocket)

        return [WebSocketRoute("/blogs/{blog}/live", handler), *routes(self)]

    def with_protocol(node: Node) -> Any:
        made = config(node)
        made.http, made.ws = HttpToolsProtocol, protocol
        made.ws_per_message_deflate, made.ws_ping_interval = False, None
        return made

    WebSocketEndpoint.routes = with_websocket  # type: ignore[method-assign]
    Server.config_for = staticmethod(with_protocol)  # type: ignore[method-assign]


def burst_window() -> None:
    """Deliver each change by itself."""
    hub_module.BURST_SECONDS = 0.0


STEPS: dict[str, Callable[[], None]] = {
    step.__name__: step
    for step in (direct_writes, shared_frames, hand_over, cheap_handshake, shared_answers, burst_window)
}


if __name__ == "__main__":
    STEPS[sys.argv.pop(1)]()
    cli.main()
