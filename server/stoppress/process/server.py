"""uvicorn's server, started and stopped step by step. It knows requests, but not the readers at hubs."""

from __future__ import annotations

import asyncio
import socket
from typing import cast

import uvicorn

from stoppress.process.node import Node
from stoppress.process.sockets import BACKLOG

KEEP_ALIVE_SECONDS = 65
"""Keep-alive time of an idle HTTP connection. It must be longer than that of load balancers."""

GRACE_SECONDS = 5
"""Deadline for requests in flight at shutdown."""


class Server(uvicorn.Server):
    """`uvicorn.Server.serve` in steps: `start`, `main_loop` and `shutdown`, and two more in between."""

    def __init__(self, node: Node, listening: socket.socket) -> None:
        super().__init__(self.config_for(node))
        self._listening = listening
        self.servers: list[asyncio.base_events.Server] = []  # until `start`

    @staticmethod
    def config_for(node: Node) -> uvicorn.Config:
        """Return uvicorn's configuration for a node."""
        return uvicorn.Config(
            node.app,
            http=cast(type[asyncio.Protocol], node.entrance),
            ws="none",  # readers' handshakes never reach uvicorn
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )

    async def start(self) -> None:
        """Accept connections."""
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        await self.startup(sockets=[self._listening])

    def close_after_answers(self) -> None:
        """Close each connection after its next answer."""
        close = (b"connection", b"close")
        self.config.encoded_headers.append(close)  # the main loop rebuilds the headers from these each second
        self.server_state.default_headers = [*self.server_state.default_headers, close]

    def stop_listening(self) -> None:
        """Accept no more connections."""
        for server in self.servers:
            server.close()
        self._listening.close()
