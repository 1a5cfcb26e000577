"""uvicorn's server, step by step: it knows only requests, not the readers that its protocol class has taken over."""

from __future__ import annotations

import asyncio
import socket
from typing import cast

import uvicorn

from stoppress.process.node import Node
from stoppress.process.sockets import BACKLOG

KEEP_ALIVE_SECONDS = 65
"""How long an idle HTTP connection is kept: longer than load balancers do, or they would use closed ones."""

GRACE_SECONDS = 5
"""How long requests in flight may take at shutdown."""


class Server(uvicorn.Server):
    """The steps of `uvicorn.Server.serve`, which are `start`, `main_loop` and `shutdown`, and two between them.

    Args:
        node: what serves.
        listening: the socket to serve on.
    """

    def __init__(self, node: Node, listening: socket.socket) -> None:
        super().__init__(config(node))
        self._listening = listening
        self.servers: list[asyncio.base_events.Server] = []  # until `start`

    async def start(self) -> None:
        """Accept connections."""
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        await self.startup(sockets=[self._listening])

    def close_after_answers(self) -> None:
        """Close each connection after its next answer."""
        close = (b"connection", b"close")
        self.config.encoded_headers.append(close)  # of these the main loop makes the headers anew each second
        self.server_state.default_headers = [*self.server_state.default_headers, close]

    def stop_listening(self) -> None:
        """Accept no more connections."""
        for server in self.servers:
            server.close()
        self._listening.close()


def config(node: Node) -> uvicorn.Config:
    """Return uvicorn's configuration for a node."""
    return uvicorn.Config(
        node.app,
        http=cast(type[asyncio.Protocol], node.entrance),
        ws="none",  # readers do not get as far as that
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
