"""How connections end."""

from __future__ import annotations

import asyncio

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed


async def closed(connection: ClientConnection) -> tuple[int, str]:
    """Wait at most ten seconds for the end of a connection. Return its close code, and the messages until then."""
    said = ""
    async with asyncio.timeout(60):
        try:
            while True:
                said += str(await connection.recv())
        except ConnectionClosed as error:
            return error.rcvd.code if error.rcvd else 0, said
