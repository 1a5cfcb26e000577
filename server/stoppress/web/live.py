"""The WebSocket surface: who may listen, and the hand-over to the fan-out (contract, section 3)."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoppress.errors import BlogNotFound, MalformedCursor, StoreUnavailable
from stoppress.follower import Follower
from stoppress.live.hub import Hub
from stoppress.live.reader import Reader
from stoppress.model import Cursor
from stoppress.watch.counts import Counts
from stoppress.web.handshake import Handshake
from stoppress.web.problems import Refused
from stoppress.wire.frames import close_frame
from stoppress.wire.messages import Retry

BUSY = Retry(min=1_000, max=10_000)
"""For readers who come while the store cannot be asked."""


class Live:
    """Takes in readers who come by WebSocket.

    Args:
        follower: knows the blogs.
        counts: gets the refusals.
    """

    def __init__(self, follower: Follower, counts: Counts) -> None:
        self._follower = follower
        self._counts = counts
        self._waiting: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        return [Route("/blogs/{blog}/live", self.explain, methods=["GET"])]

    async def explain(self, _request: Request) -> Response:
        """For requests that are no proper handshake."""
        headers = {"upgrade": "websocket", "connection": "upgrade", "sec-websocket-version": "13"}
        self._counts.refused("no_websocket")
        raise Refused(
            426, "this address speaks WebSocket (RFC 6455, version 13): connect with a client for it", headers
        )

    def connect(self, transport: asyncio.Transport, handshake: Handshake) -> None:
        """Hand a reader over, or say by a close code why not (browsers show no status).

        Nearly always the blog is in memory, and the reader is at its hub when this returns.
        """
        try:
            cursor = None if handshake.since is None else Cursor.parse(handshake.since)
        except MalformedCursor as error:
            self._counts.refused("malformed_cursor")
            _refuse(transport, handshake, 4400, str(error))
            return
        hub = self._follower.at_hand(handshake.blog, cursor)
        if hub is not None:
            _hand_over(transport, handshake, Reader(hub, handshake.encoding, cursor))
            return
        transport.pause_reading()
        task = asyncio.create_task(self._wait(transport, handshake, cursor))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _wait(self, transport: asyncio.Transport, handshake: Handshake, cursor: Cursor | None) -> None:
        try:
            hub: Hub = await self._follower.hub(handshake.blog, cursor)
        except BlogNotFound as error:
            self._counts.refused("no_such_blog")
            _refuse(transport, handshake, 4404, str(error))
        except StoreUnavailable as error:
            self._counts.refused("store_unavailable")
            _refuse(transport, handshake, 1013, str(error), BUSY)
        else:
            if not transport.is_closing():
                _hand_over(transport, handshake, Reader(hub, handshake.encoding, cursor))
                transport.resume_reading()


def _hand_over(transport: asyncio.Transport, handshake: Handshake, reader: Reader) -> None:
    reader.open(transport, handshake.response)
    if handshake.early:
        reader.data_received(handshake.early)


def _refuse(
    transport: asyncio.Transport, handshake: Handshake, code: int, reason: str, retry: Retry | None = None
) -> None:
    last = handshake.encoding.encode(retry) if retry else b""
    transport.write(handshake.response + last + close_frame(code, reason))
    transport.close()
