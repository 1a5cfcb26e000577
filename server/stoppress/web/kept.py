"""uvicorn's HTTP protocol, which lets a reader's handshake in that comes behind other requests on a connection.

Browsers make a connection of its own for a WebSocket, but reverse proxies take one that is kept open to the node.
"""

from __future__ import annotations

from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from stoppress.web import handshake
from stoppress.web.live import Live


class KeptConnection(HttpToolsProtocol):
    """A connection with one request after the other.

    Args:
        live: takes in readers.
    """

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], live: Live) -> None:
        super().__init__(config, server_state, app_state)
        self._live = live
        self._inside = False
        """Whether a request has begun that is not complete: what comes is its head or body, whatever it looks like."""

    def on_message_begin(self) -> None:
        self._inside = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        self._inside = False
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        if not self._inside and self.cycle is not None and self.cycle.response_complete:
            reader = handshake.read(data)
            if reader is not None:
                self._unset_keepalive_if_required()
                self.connections.discard(self)
                self._live.connect(self.transport, reader)
                return
        super().data_received(data)
