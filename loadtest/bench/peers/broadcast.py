"""A broadcast with `websockets.broadcast`, as in its documentation.

Takes a port and the first message; sends each line of standard input to all clients.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve


async def main(port: int, first: str) -> None:
    clients: set[ServerConnection] = set()

    async def handle(client: ServerConnection) -> None:
        await client.send(first)
        clients.add(client)
        try:
            await client.wait_closed()
        finally:
            clients.discard(client)

    async with serve(handle, "127.0.0.1", port, compression=None, ping_interval=None, backlog=4096):
        print("ready", flush=True)
        lines = asyncio.StreamReader(limit=1 << 20)
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        async for line in lines:
            broadcast(clients, line.decode().rstrip("\n"))


uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
